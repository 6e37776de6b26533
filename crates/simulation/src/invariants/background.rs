//! The background work of the service, as far as the checker sees it.

use std::time::Duration;

use amo_connect_domain::connection::ConnectionState;
use amo_connect_domain::host_look_up::LOOK_UP_TERM;
use amo_connect_domain::ids::AccountId;

use super::{Checker, Invariant, Lease, Secret};
use crate::executor::micros;

/// How soon after the end of a lease, or of a backoff, a token in doubt is sent again.
const PROMPT: Duration = Duration::from_secs(5);

/// How long store calls may be under way that met a fault.
const AFTERMATH: Duration = Duration::from_secs(10);

/// How long after a jump of the store's clock the last lease or backoff has ended that it made
/// longer: the longest one, and a sweep before it.
const SHORTENED: Duration = Duration::from_mins(20);

impl Checker {
    /// A look-up of `account` was granted.
    pub(crate) fn look_up_granted(&mut self, account: AccountId, now: u64) {
        let Some(last) = self.look_ups.insert(account, now) else { return };
        let jumped = self.last_jump.is_some_and(|jumped| jumped >= last);
        if now < last + micros(LOOK_UP_TERM) && !jumped {
            self.accuse(Invariant::LookedUpTooOften, || format!("account {account} was looked up again"));
        }
    }

    pub(crate) fn check_requested(&mut self, account: AccountId) {
        self.checks_requested.insert(account);
    }

    pub(crate) fn checks_taken(&mut self, accounts: &[AccountId]) {
        for account in accounts {
            self.checks_requested.remove(account);
            self.checks_under_way.insert(*account);
        }
    }

    pub(crate) fn check_finished(&mut self, account: AccountId) {
        self.checks_under_way.remove(&account);
    }

    /// Whether a revocation check is due, or has not been finished.
    pub(crate) fn has_revocation_checks(&self) -> bool {
        !self.checks_requested.is_empty() || !self.checks_under_way.is_empty()
    }

    /// The last lease on each stored token, if there is one and it is neither over nor in a
    /// backoff without a doubt.
    fn open_leases(&self) -> impl Iterator<Item = &Lease> {
        let tokens = self.rows.iter().filter(|row| matches!(row.state, ConnectionState::Connected(_)));
        let last = |token| self.leases.iter().rfind(move |lease| lease.secret == Secret::Token(token));
        tokens.filter_map(move |row| last(row.pair?)).filter(|lease| !lease.over && !lease.certain)
    }

    /// The faults are over.
    pub(crate) fn calm(&mut self, now: u64) {
        self.calm_since = Some(now);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm_since.is_some()
    }

    /// Checks whether the doubt about `secret`, if there is one, was left unresolved for too long.
    pub(super) fn check_prompt(&mut self, secret: Secret, now: u64) {
        let Some(calm) = self.calm_since else { return };
        let steady = self.last_jump.map_or(0, |jumped| jumped + micros(SHORTENED));
        let well_since = (calm + micros(AFTERMATH)).max(self.last_born).max(steady);
        let late = self.leases.iter().rfind(|lease| lease.secret == secret).is_some_and(|last| {
            let in_doubt = matches!(secret, Secret::Token(_)) && !last.over && !last.certain;
            // An owner that lost its lease may still wait for an answer: then the doubt is not late.
            let sendings = self.sendings.iter().filter(|sending| sending.secret == secret);
            let asked = sendings.map(|sending| sending.ended_at.unwrap_or(now)).max().unwrap_or_default();
            let unresolved_since = last.until.max(asked);
            in_doubt && unresolved_since > well_since && now > unresolved_since + micros(PROMPT)
        });
        if late {
            self.accuse(Invariant::Tardy, || {
                format!("the doubt about {secret} was not resolved for more than {PROMPT:?}")
            });
        }
    }

    /// When the next outcome of a refresh has to be found out, if its owner does not do it.
    pub(crate) fn next_orphan(&self) -> Option<u64> {
        self.open_leases().map(|lease| lease.until).min()
    }
}
