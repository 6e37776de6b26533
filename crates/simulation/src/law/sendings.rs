//! Who may send a code or a token, and when.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::LeaseOwner;
use amo_connect_domain::lease::LEASE_TERM;
use jiff::SignedDuration;

use super::{Answer, Law, Lease, Secret, Sending, Witness};
use crate::crm::{Crm, Delivery, PairId};
use crate::executor::{Home, micros};

impl Sending {
    /// Whether whoever sent it knows that the host did not take it.
    fn is_refused(&self) -> bool {
        matches!(self.answer, Some(Answer::Certain | Answer::Moved))
    }
}

impl Witness {
    /// `home` was told that it may send `secret`.
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
            rested: false,
            certain: false,
            jumped: false,
        });
    }

    pub(crate) fn lease_renewed(&mut self, owner: LeaseOwner, now: u64) {
        if let Some(lease) = self.leases.iter_mut().rfind(|lease| lease.owner == owner) {
            lease.until = now + micros(LEASE_TERM);
            lease.believed_until = lease.until;
        }
    }

    /// The owner of a code's lease ended it.
    pub(crate) fn code_ended(&mut self, owner: LeaseOwner) {
        if let Some(lease) = self.leases.iter_mut().rfind(|lease| lease.owner == owner) {
            lease.over = true;
        }
    }

    /// The owner put its lease to rest. That ends it, unless its token may have been rotated
    /// and the owner did not say so: then it has to lapse.
    pub(crate) fn lease_rested(&mut self, owner: LeaseOwner, in_doubt: bool, pause: Duration, now: u64) {
        let Some(index) = self.leases.iter().rposition(|lease| lease.owner == owner) else { return };
        let secret = self.leases[index].secret;
        if self.leases[index].rested || self.leases[index + 1..].iter().any(|later| later.secret == secret) {
            return;
        }
        let under = |sending: &&Sending| sending.lease == index;
        let doubtful = self.sendings.iter().filter(under).any(|sending| !sending.is_refused());
        let moved = self.sendings.iter().filter(under).any(|sending| sending.answer == Some(Answer::Moved));
        let lease = &mut self.leases[index];
        if !doubtful || in_doubt {
            lease.rested = true;
            lease.until = now + micros(pause);
            lease.certain = !doubtful && !moved;
        }
    }

    /// Somebody asked by hand for `secret`, and did not wait for the end of its rest.
    pub(crate) fn rest_ended_by_hand(&mut self, secret: Secret, now: u64) {
        if let Some(last) = self.leases.iter_mut().rfind(|lease| lease.secret == secret && lease.certain) {
            last.until = last.until.min(now);
        }
    }

    /// The store's clock jumped. Forward, it has leases lapse before their time: a second sending
    /// because of that is excused. Back, it makes none shorter.
    pub(crate) fn store_jumped(&mut self, by: SignedDuration, now: u64) {
        self.last_jump = Some(now);
        if let Ok(forward) = Duration::try_from(by) {
            for lease in &mut self.leases {
                lease.jumped |= !lease.over;
                lease.until = lease.until.saturating_sub(micros(forward)).max(lease.granted_at);
            }
        }
    }

    /// What `secret` bought was stored: all leases on it are over.
    pub(crate) fn bought(&mut self, secret: Secret) {
        self.leases.iter_mut().filter(|lease| lease.secret == secret).for_each(|lease| lease.over = true);
    }

    pub(crate) fn pair_bought(&mut self, crm: &Crm, pair: PairId) {
        let secret = match crm.pairs[pair].before {
            Some(before) => Secret::Token(before),
            None => Secret::Code(crm.grants[crm.pairs[pair].grant].code),
        };
        self.bought(secret);
    }

    /// `home` sends `secret`. Returns the number of the sending.
    pub(crate) fn sending(&mut self, crm: &Crm, secret: Secret, to: &AccountHost, home: Home, now: u64) -> usize {
        let mine = self.leases.iter().rposition(|lease| lease.secret == secret && lease.home == home);
        let Some(mine) = mine else {
            self.accuse(Law::SentAgain, || format!("{secret} was sent without a lease"));
            return self.note(secret, to, usize::MAX, home);
        };
        let live = |index: usize| self.leases.get(index).is_some_and(|lease| !lease.over && now < lease.until);
        let last = self.sendings.iter().rfind(|sending| sending.secret == secret);
        // What was refused for certain where the account was is sent on to where it is.
        let sent_on = |last: &Sending| last.lease == mine && last.is_refused() && last.to_host != *to;
        let last_jumped = last.and_then(|last| self.leases.get(last.lease)).is_some_and(|lease| lease.jumped);
        // Two tasks of one instance may hold leases on it: which of them sends is not known here.
        let believes = self
            .leases
            .iter()
            .any(|lease| lease.secret == secret && lease.home == home && lease.jumped && now < lease.believed_until);
        if believes || last_jumped {
            // An owner does not know yet that its lease is another's, or forgotten.
        } else if last.is_some_and(|last| live(last.lease) && !sent_on(last)) {
            self.accuse(Law::SentAgain, || format!("{secret} was sent while the lease of its last sending lived"));
        } else if let Secret::Token(pair) = secret {
            let grant = crm.pairs[pair].grant;
            let other = self.sendings.iter().find(|other| match other.secret {
                Secret::Token(id) => {
                    id != pair && crm.pairs[id].grant == grant && other.answer.is_none() && live(other.lease)
                }
                Secret::Code(_) => false,
            });
            if let Some(other) = other.map(|other| other.secret) {
                self.accuse(Law::TwoAtATime, || format!("{secret} was sent while {other} was under way"));
            }
            self.check_successor(crm, pair, home, self.leases[mine].granted_at);
        }
        self.note(secret, to, mine, home)
    }

    fn check_successor(&mut self, crm: &Crm, pair: PairId, home: Home, granted_at: u64) {
        let Some(next) = crm.pairs[pair].next else { return };
        if crm.pairs[next].delivery == Delivery::Read(home) {
            self.accuse(Law::SentAfterItsSuccessor, || {
                format!("refresh-{pair} was sent by the instance that had read refresh-{next}")
            });
        }
        if self.stored_at(next).is_some_and(|stored| stored < granted_at) {
            self.accuse(Law::SentAfterItsSuccessor, || {
                format!("refresh-{pair} was sent under a lease granted after refresh-{next} was stored")
            });
        }
    }

    fn note(&mut self, secret: Secret, to: &AccountHost, lease: usize, home: Home) -> usize {
        self.sendings.push(Sending { secret, to_host: to.clone(), lease, home, answer: None, ended_at: None });
        self.sendings.len() - 1
    }

    /// The answer to a sending came.
    pub(crate) fn answered(&mut self, sending: usize, told: Answer, now: u64) {
        self.sendings[sending].answer = Some(told);
        self.sendings[sending].ended_at = Some(now);
    }

    /// A life ended: what it had under way is answered by nobody.
    pub(super) fn sender_died(&mut self, home: Home, now: u64) {
        let under_way = |sending: &&mut Sending| sending.home == home && sending.answer.is_none();
        for sending in self.sendings.iter_mut().filter(under_way) {
            sending.answer = Some(Answer::Nothing);
            sending.ended_at = Some(now);
        }
    }

    /// Whether `token` was leased before and not given back, or a host has said that the account is
    /// elsewhere: then whoever sends it is in doubt.
    pub(super) fn was_in_doubt(&self, token: PairId) -> bool {
        let moved = |sending: &Sending| sending.answer == Some(Answer::Moved);
        if self.sendings.iter().any(|sending| sending.secret == Secret::Token(token) && moved(sending)) {
            return true;
        }
        let mut leases = self.leases.iter().filter(|lease| lease.secret == Secret::Token(token));
        leases.next_back();
        leases.any(|lease| !lease.over && !lease.certain)
    }

    /// A process of ours uses the access token of `pair`.
    pub(crate) fn used(&mut self, pair: PairId) {
        if self.stored_at(pair).is_none() {
            self.accuse(Law::UsedUnsaved, || format!("access-{pair} was used before it was saved"));
        }
    }
}
