//! What changes while the sandbox runs; all of it behind one lock, and all of it gone on a reset.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use crate::{
    AccountId, Dress, Failure, Faults, RateLimitCovers, RateLimitScope, Stats, Switches,
    clock::{Clock, Moment},
    faults::Part,
    grants::{Book, Digest, Terms},
    hosts::Hosts,
    limits::{Counted, Limiter},
};

/// The state of a running sandbox.
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) hosts: Hosts,
    pub(crate) book: Book,
    pub(crate) faults: Faults,
    pub(crate) account_faults: BTreeMap<AccountId, Faults>,
    pub(crate) switches: Switches,
    pub(crate) stats: Stats,
    pub(crate) refreshing: HashMap<Digest, u64>,
    limiter: Limiter,
    over_limit: BTreeMap<AccountId, u32>,
}

impl State {
    pub(crate) fn new(hosts: Hosts, book: Book, faults: Faults, switches: Switches) -> Self {
        Self {
            clock: Clock::start(),
            hosts,
            book,
            faults,
            account_faults: BTreeMap::new(),
            switches,
            stats: Stats::default(),
            refreshing: HashMap::new(),
            limiter: Limiter::default(),
            over_limit: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// What a pair issued now is like.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            access: self.switches.expires_in,
            refresh: self.switches.refresh_ttl,
            kill_old_access: self.switches.kill_old_access,
            base_domain: self.hosts.base_domain().to_owned(),
            api_domain: self.switches.api_domain.then(|| self.hosts.api().bare().to_owned()),
        }
    }

    /// How long a request of `part` waits before it is dealt with.
    pub(crate) fn latency(&self, account: Option<AccountId>, part: Part) -> Duration {
        let own = account.and_then(|account| self.account_faults.get(&account));
        let own = own.map_or(0, |faults| faults.latency_ms(part));
        Duration::from_millis(own.saturating_add(self.faults.latency_ms(part)))
    }

    /// What bad luck the request that just came has; the account's own comes before everyone's.
    pub(crate) fn next_failure(&mut self, account: Option<AccountId>, part: Part) -> Option<Failure> {
        let own = account.and_then(|account| self.account_faults.get_mut(&account));
        let own_outage = own.as_ref().and_then(|faults| faults.outage(part));
        let failure = own
            .and_then(|faults| faults.take(part))
            .or_else(|| self.faults.take(part))
            .or(own_outage)
            .or_else(|| self.faults.outage(part))
            .filter(|&failure| failure != Failure::Pass)?;
        self.stats.faults_played += 1;
        Some(failure)
    }

    /// How the pair that was just issued is dressed; the account's own comes before everyone's.
    pub(crate) fn next_dress(&mut self, account: Option<AccountId>) -> Option<Dress> {
        let own = account.and_then(|account| self.account_faults.get_mut(&account));
        let dress = own.and_then(Faults::take_dress).or_else(|| self.faults.take_dress());
        let dress = dress.filter(|&dress| dress != Dress::Plain)?;
        self.stats.faults_played += 1;
        Some(dress)
    }

    /// Whether the subscription of `account` is over.
    pub(crate) fn is_unpaid(&self, account: AccountId) -> bool {
        self.faults.unpaid || self.account_faults.get(&account).is_some_and(|faults| faults.unpaid)
    }

    /// Counts a request against the limits; `false` if it is over one.
    pub(crate) fn within_limits(&mut self, account: AccountId, client_id: Option<&str>, part: Part) -> bool {
        if part == Part::Token && self.switches.rate_limit_covers == RateLimitCovers::Api {
            return true;
        }
        let mut limits = vec![(Counted::Account(account), self.switches.account_rate_limit)];
        if let Some(client_id) = client_id {
            let place = match self.switches.rate_limit_scope {
                RateLimitScope::Account => Some(account),
                RateLimitScope::Integration => None,
            };
            let integration = Counted::Integration(client_id.to_owned(), place);
            limits.push((integration, self.switches.rate_limit));
        }
        let admitted = self.limiter.admit(self.clock.now(), &limits);
        if !admitted {
            self.note_over_limit(account, client_id);
        }
        admitted
    }

    fn note_over_limit(&mut self, account: AccountId, client_id: Option<&str>) {
        self.stats.over_limit += 1;
        if let Some(client_id) = client_id {
            *self.stats.over_limit_by_integration.entry(client_id.to_owned()).or_default() += 1;
        }
        let times = self.over_limit.entry(account).or_default();
        *times += 1;
        if self.switches.ban_after > 0 && *times >= self.switches.ban_after {
            *times = 0;
            let faults = self.account_faults.entry(account).or_default();
            faults.api_outage = Some(Failure::Html403);
            faults.token_outage = Some(Failure::Html403);
        }
    }

    /// Notes that a refresh of `token` is on its way.
    pub(crate) fn refresh_began(&mut self, token: Digest) {
        let same = self.refreshing.entry(token).or_default();
        *same += 1;
        self.stats.most_refreshes_of_one_token = self.stats.most_refreshes_of_one_token.max(*same);
        let all = self.refreshing.values().sum();
        self.stats.most_refreshes_at_once = self.stats.most_refreshes_at_once.max(all);
    }

    /// Notes that it was answered.
    pub(crate) fn refresh_ended(&mut self, token: &Digest) {
        if let Some(same) = self.refreshing.get_mut(token) {
            *same -= 1;
            if *same == 0 {
                self.refreshing.remove(token);
            }
        }
    }
}
