//! Who may send a code or a token, and when.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::LeaseOwner;
use amo_connect_domain::lease::LEASE_TERM;
use jiff::SignedDuration;

use super::{Answer, Checker, Invariant, Lease, Secret, Sending};
use crate::crm::{Crm, Delivery, PairId};
use crate::executor::{Home, micros};

impl Sending {
    /// Whether its sender knows that the host did not take it.
    fn is_refused(&self) -> bool {
        matches!(self.answer, Some(Answer::Certain | Answer::Moved))
    }
}

impl Checker {
    /// `home` got the lease to send `secret`.
    pub(crate) fn lease_granted(&mut self, secret: Secret, owner: LeaseOwner, home: Home, now: u64) {
        self.check_prompt(secret, now);
        let until = now + micros(LEASE_TERM);
        self.leases.push(Lease {
            owner,
            secret,
            home,
            granted_at: now,
            until,
            believed_until: until,
            over: false,
            backed_off: false,
            certain: false,
            jumped: false,
        });
    }

    pub(crate) fn lease_renewed(&mut self, owner: LeaseOwner, now: u64) {
        self.strangers_lease_renewed(owner, now);
        if let Some(lease) = self.leases.iter_mut().rfind(|lease| lease.owner == owner) {
            lease.until = now + micros(LEASE_TERM);
            lease.believed_until = lease.until;
        }
    }

    /// The owner of a code's lease ended it.
    pub(crate) fn code_ended(&mut self, owner: LeaseOwner) {
        self.strangers_lease_ended(owner);
        if let Some(lease) = self.leases.iter_mut().rfind(|lease| lease.owner == owner) {
            lease.over = true;
        }
    }

    /// The owner ended its lease with a backoff. That counts, unless its token may have been rotated
    /// and the owner did not say so: then the lease has to lapse.
    pub(crate) fn lease_backed_off(&mut self, owner: LeaseOwner, in_doubt: bool, pause: Duration, now: u64) {
        let Some(index) = self.leases.iter().rposition(|lease| lease.owner == owner) else { return };
        let secret = self.leases[index].secret;
        if self.leases[index].backed_off || self.leases[index + 1..].iter().any(|later| later.secret == secret) {
            return;
        }
        let under = |sending: &&Sending| sending.lease == index;
        let doubtful = self.sendings.iter().filter(under).any(|sending| !sending.is_refused());
        let moved = self.sendings.iter().filter(under).any(|sending| sending.answer == Some(Answer::Moved));
        let lease = &mut self.leases[index];
        if !doubtful || in_doubt {
            lease.backed_off = true;
            lease.until = now + micros(pause);
            // A redirect leaves a doubt, unless its owner has found the account elsewhere since.
            lease.certain = !(doubtful || moved && in_doubt);
        }
    }

    /// A request by hand for `secret` ended its backoff.
    pub(crate) fn backoff_ended_by_hand(&mut self, secret: Secret, now: u64) {
        if let Some(last) = self.leases.iter_mut().rfind(|lease| lease.secret == secret && lease.certain) {
            last.until = last.until.min(now);
        }
    }

    /// The store's clock jumped. Forward, leases lapse before their time: a second sending because of
    /// that is excused. Back, no lease becomes shorter.
    pub(crate) fn store_jumped(&mut self, by: SignedDuration, now: u64) {
        self.last_jump = Some(now);
        // Nobody knows then how long a place was held.
        self.strangers.clear();
        if let Ok(forward) = Duration::try_from(by) {
            self.writes_excused();
            for lease in &mut self.leases {
                lease.jumped |= !lease.over;
                lease.until = lease.until.saturating_sub(micros(forward)).max(lease.granted_at);
            }
        }
    }

    /// The pair for `secret` was stored: all leases on it are over.
    pub(crate) fn spent(&mut self, secret: Secret) {
        self.leases.iter_mut().filter(|lease| lease.secret == secret).for_each(|lease| lease.over = true);
    }

    pub(crate) fn pair_stored(&mut self, crm: &Crm, pair: PairId) {
        let secret = match crm.pairs[pair].before {
            Some(before) => Secret::Token(before),
            None => Secret::Code(crm.grants[crm.pairs[pair].grant].code),
        };
        self.spent(secret);
    }

    /// `home` sends `secret`. Returns the number of the sending.
    pub(crate) fn sending(&mut self, crm: &Crm, secret: Secret, to: &AccountHost, home: Home, now: u64) -> usize {
        let mine = self.leases.iter().rposition(|lease| lease.secret == secret && lease.home == home);
        let Some(mine) = mine else {
            self.accuse(Invariant::SentAgain, || format!("{secret} was sent without a lease"));
            return self.note(secret, to, usize::MAX, home);
        };
        let live = |index: usize| self.leases.get(index).is_some_and(|lease| !lease.over && now < lease.until);
        let last = self.sendings.iter().rfind(|sending| sending.secret == secret);
        // After a certain refusal at the old host the secret is sent to the new one.
        let sent_on = |last: &Sending| last.lease == mine && last.is_refused() && last.to_host != *to;
        let last_jumped = last.and_then(|last| self.leases.get(last.lease)).is_some_and(|lease| lease.jumped);
        // Two tasks of one instance may hold leases on it; it is not known here which of them sends.
        let believes = self
            .leases
            .iter()
            .any(|lease| lease.secret == secret && lease.home == home && lease.jumped && now < lease.believed_until);
        if believes || last_jumped {
            // An owner does not know yet that another has its lease, or that it was forgotten.
        } else if last.is_some_and(|last| live(last.lease) && !sent_on(last)) {
            self.accuse(Invariant::SentAgain, || {
                format!("{secret} was sent while the lease of its last sending lived")
            });
        } else if let Secret::Token(pair) = secret {
            let grant = crm.pairs[pair].grant;
            let other = self.sendings.iter().find(|other| match other.secret {
                Secret::Token(id) => {
                    id != pair && crm.pairs[id].grant == grant && other.answer.is_none() && live(other.lease)
                }
                Secret::Code(_) => false,
            });
            if let Some(other) = other.map(|other| other.secret) {
                self.accuse(Invariant::TwoAtATime, || format!("{secret} was sent while {other} was under way"));
            }
            self.check_successor(crm, pair, home, self.leases[mine].granted_at);
        }
        self.note(secret, to, mine, home)
    }

    fn check_successor(&mut self, crm: &Crm, pair: PairId, home: Home, granted_at: u64) {
        let Some(next) = crm.pairs[pair].next else { return };
        if crm.pairs[next].delivery == Delivery::Read(home) {
            self.accuse(Invariant::SentAfterItsSuccessor, || {
                format!("refresh-{pair} was sent by the instance that had read refresh-{next}")
            });
        }
        if self.stored_at(next).is_some_and(|stored| stored < granted_at) {
            self.accuse(Invariant::SentAfterItsSuccessor, || {
                format!("refresh-{pair} was sent under a lease granted after refresh-{next} was stored")
            });
        }
    }

    fn note(&mut self, secret: Secret, to: &AccountHost, lease: usize, home: Home) -> usize {
        self.sendings.push(Sending { secret, to_host: to.clone(), lease, home, answer: None, ended_at: None });
        self.sendings.len() - 1
    }

    /// The answer to a sending came.
    pub(crate) fn answered(&mut self, sending: usize, answer: Answer, now: u64) {
        self.sendings[sending].answer = Some(answer);
        self.sendings[sending].ended_at = Some(now);
    }

    /// A life ended: its sendings under way get no answer.
    pub(super) fn sender_died(&mut self, home: Home, now: u64) {
        let under_way = |sending: &&mut Sending| sending.home == home && sending.answer.is_none();
        for sending in self.sendings.iter_mut().filter(under_way) {
            sending.answer = Some(Answer::Nothing);
            sending.ended_at = Some(now);
        }
    }

    /// Whether `token` was leased before without a certain end, or a host has said that the account
    /// is elsewhere: then its sending is in doubt.
    pub(super) fn was_in_doubt(&self, token: PairId) -> bool {
        let moved = |sending: &Sending| sending.answer == Some(Answer::Moved);
        if self.sendings.iter().any(|sending| sending.secret == Secret::Token(token) && moved(sending)) {
            return true;
        }
        let mut leases = self.leases.iter().filter(|lease| lease.secret == Secret::Token(token));
        leases.next_back();
        leases.any(|lease| !lease.over && !lease.certain)
    }

    /// A process of the service uses the access token of `pair`.
    pub(crate) fn used(&mut self, pair: PairId) {
        if self.stored_at(pair).is_none() {
            self.accuse(Invariant::UsedUnsaved, || format!("access-{pair} was used before it was saved"));
        }
    }
}
