//! What has to be true when the faults are over and everything had time to settle.

use amo_connect_domain::connection::ConnectionState;

use super::{Checker, Invariant};
use crate::crm::{CodeId, Crm, Delivery, GrantId, PairId};
use crate::executor::Home;

/// What a connection was lost to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lost {
    /// An administrator switched the integration off.
    Revoked,
    /// amoCRM's answer was lost on its way.
    Answer,
    /// The process that waited for the answer died before it came.
    ReaderGone,
    /// The process that read the answer died before it was saved.
    SaverGone,
    /// The account has moved, and its token is dead, so the new host cannot be looked up.
    Moved,
}

impl Checker {
    /// What `grant`, which was given up, was lost to; `None` if it lives and was readable.
    pub(super) fn how_lost(&self, crm: &Crm, grant: GrantId) -> Option<Lost> {
        if crm.grants[grant].revoked {
            return Some(Lost::Revoked);
        }
        match crm.pairs[crm.grants[grant].newest].delivery {
            Delivery::Lost => Some(Lost::Answer),
            Delivery::ReaderGone(_) => Some(Lost::ReaderGone),
            Delivery::Read(home) if !self.alive.contains(&home) => Some(Lost::SaverGone),
            Delivery::Read(_) | Delivery::OnItsWay => None,
        }
    }

    /// How `user`'s connection ended, if it has.
    pub(crate) fn check_end(&mut self, crm: &Crm, user: usize) {
        let row = &self.rows[user];
        let Some((_, grant)) = row.grant else { return };
        if matches!(row.state, ConnectionState::NeedsReauth { .. }) {
            match self.how_lost(crm, grant) {
                Some(lost) => self.lost.push(lost),
                None => self.accuse(Invariant::GivenUpAlive, || {
                    format!("user {user} needs to connect again, and grant {grant} lives and was read")
                }),
            }
        }
        if matches!(self.rows[user].state, ConnectionState::Revoked(_)) && !crm.grants[grant].revoked {
            self.accuse(Invariant::Untrue, || format!("user {user} is `revoked`, and grant {grant} lives"));
        }
    }

    /// The grant of `code` reached the store, and is not needed any more.
    pub(crate) fn disposed(&mut self, code: CodeId) {
        self.code(code).disposed = true;
    }

    /// Whether every pair that was read by a process that lived has been saved, or was not
    /// wanted any more.
    pub(crate) fn check_saved(&mut self, crm: &Crm) {
        for (id, pair) in crm.pairs.iter().enumerate() {
            let Delivery::Read(home) = pair.delivery else { continue };
            if self.stored_at(id).is_some() || !self.alive.contains(&home) {
                continue;
            }
            let grant = &crm.grants[pair.grant];
            let wanted = match pair.before {
                Some(before) => self.still_holds(grant.user, pair.grant, before),
                None => self.codes.get(grant.code).is_none_or(|code| !code.disposed),
            };
            if wanted {
                self.accuse(Invariant::NeverSaved, || format!("refresh-{id} was read by {home:?} and is nowhere"));
            }
        }
    }

    /// Whether `user`'s row is of `grant`, and its newest pair is `pair`.
    fn still_holds(&self, user: usize, grant: GrantId, pair: PairId) -> bool {
        let row = &self.rows[user];
        let alive = matches!(row.state, ConnectionState::Connected(_) | ConnectionState::NeedsReauth { .. });
        alive && row.pair == Some(pair) && row.grant.is_some_and(|(_, current)| current == grant)
    }

    /// Which lives of which instances go on.
    pub(crate) fn born(&mut self, home: Home, now: u64) {
        self.alive.push(home);
        self.last_born = now;
    }

    /// A life ended by a crash.
    pub(crate) fn died(&mut self, home: Home, now: u64) {
        self.alive.retain(|alive| *alive != home);
        self.calls_died(home);
        self.sender_died(home, now);
    }

    pub(crate) fn is_alive(&self, home: Home) -> bool {
        self.alive.contains(&home)
    }
}
