//! The record of an authorization code: who may use its tokens, and the outcome of its exchange.
//!
//! A code is sent to amoCRM under a lease, as a refresh token is. What comes back belongs to
//! the user whose attempt or claim asked for it, or waits, as a grant without an owner, for
//! the app that brings the code with a JWT.

mod admission;

use std::time::Duration;

use jiff::Timestamp;

pub use admission::{Admission, Origin};

use crate::authorization::attempt::{Attempt, MEMORY};
use crate::authorization::budget::CodeOnRecord;
use crate::authorization::places::Later;
use crate::clock::{CLOCK_SKEW, after, at_most, before};
use crate::connection::{CrmConnection, Grant};
use crate::host::AccountHost;
use crate::ids::{AccountId, AttemptId, Epoch, LeaseOwner, UserId};
use crate::lease::Lease;
use crate::token::{AccessToken, CodeHash, RefreshToken, StateHash};

/// How long a grant waits for its owner.
pub const CLAIM_TERM: Duration = Duration::from_mins(20);

/// How far the exchange of a code is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ExchangeStatus {
    /// The lease's owner is sending the code, or died while it did.
    InFlight(Lease),
    /// The outcome is unknown; the code may be sent once more.
    Interrupted,
    /// The grant waits for its owner.
    Waiting {
        /// What amoCRM gave.
        grant: Box<Grant>,
        /// Until when it waits.
        claim_by: Timestamp,
    },
    /// It became its user's connection, in this epoch of theirs.
    Connected(Epoch),
    /// amoCRM refused the code.
    CodeRefused,
    /// The claiming user is connected to another account; the grant was wiped.
    OtherAccount,
    /// Nobody claimed the grant in time; it was wiped.
    Unclaimed,
    /// Its user disconnected, or connected anew, before it was done; the grant was wiped.
    Void,
}

/// The record of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exchange {
    /// The code.
    pub code: CodeHash,
    /// The state it came with; `None` if the app did not say.
    pub came_with: Option<StateHash>,
    /// The attempt it answers.
    pub attempt: Option<AttemptId>,
    /// Whose it is; `None` while it waits for an owner.
    pub user: Option<UserId>,
    /// Whether the user has to claim it though it is known whose it is.
    pub claim_needed: bool,
    /// Where the code is, or was, sent.
    pub host: AccountHost,
    /// The user's epoch when the exchange began.
    pub epoch: Epoch,
    /// How far its exchange is.
    pub status: ExchangeStatus,
    /// When the code was first seen, by the store's clock: a code that is forgotten may be sent again.
    pub admitted_at: Timestamp,
}

impl Exchange {
    /// The record without the tokens of a grant that waits, for people to look at.
    #[must_use]
    pub fn without_tokens(mut self) -> Self {
        if let ExchangeStatus::Waiting { grant, .. } = &mut self.status {
            grant.tokens.access = AccessToken::new("");
            grant.tokens.refresh = RefreshToken::new("");
        }
        self
    }
}

/// The answer to an [`Admission`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// Only the caller sends the code.
    Granted(Exchange),
    /// The code is on record, and the caller must not send it. If this record differs from
    /// the stored one, the store saves it.
    OnRecord(Exchange),
    /// The attempt is not open any more; nothing was recorded.
    StateSpent,
    /// There is no place for a stranger's code, or the user has too many codes; nothing was recorded.
    Later(Later),
}

/// How a claim was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// It belongs to somebody else.
    AnotherUser,
    /// It does not wait for a claim, or no longer does.
    NotWaiting,
    /// The user is connected to another account. The grant was wiped.
    OtherAccount,
}

impl Exchange {
    /// Decides whether `request` may send its code. `on_record` is what is known of the code,
    /// `attempt` the attempt of the request, `connection` its user's row.
    pub fn admit(
        on_record: Option<Self>,
        request: &Admission,
        attempt: Option<&Attempt>,
        connection: Option<&CrmConnection>,
        owner: LeaseOwner,
        now: Timestamp,
        store_now: Timestamp,
    ) -> Admitted {
        let lease = Lease::granted(owner, store_now);
        let epoch = match request.origin {
            Origin::App { as_of, .. } => as_of,
            _ => connection.map_or(Epoch::default(), |connection| connection.epoch),
        };
        if let Some(mut known) = on_record {
            if let ExchangeStatus::InFlight(held) = &mut known.status {
                *held = held.seen_at(store_now);
            }
            let foreign = known.user.as_ref().zip(request.origin.user()).is_some_and(|(theirs, ours)| theirs != ours);
            if foreign || !known.may_be_sent(store_now) {
                return Admitted::OnRecord(known);
            }
            if known.user.is_none() {
                known.user = request.origin.user().cloned();
                known.epoch = epoch;
            }
            if matches!(request.origin, Origin::App { .. }) {
                known.claim_needed = false;
            }
            known.status = ExchangeStatus::InFlight(lease);
            return Admitted::Granted(known);
        }
        if request.origin.attempt().is_some() && !attempt.is_some_and(|attempt| attempt.is_open(now)) {
            return Admitted::StateSpent;
        }
        Admitted::Granted(Self {
            code: request.code,
            came_with: request.came_with,
            attempt: request.origin.attempt(),
            user: request.origin.user().cloned(),
            claim_needed: matches!(request.origin, Origin::Attempt { claim_needed: true, .. }),
            host: request.host.clone(),
            epoch,
            status: ExchangeStatus::InFlight(lease),
            admitted_at: store_now,
        })
    }

    /// Whose codes are one more by this record, which was just admitted over `on_record`.
    pub fn newly_of(&self, on_record: Option<&Self>) -> Option<&UserId> {
        self.user.as_ref().filter(|_| on_record.is_none_or(|known| known.user.is_none()))
    }

    /// What counts of it in the budget of its user.
    pub fn in_budget(&self) -> CodeOnRecord {
        let is_unsettled = matches!(
            self.status,
            ExchangeStatus::InFlight(_) | ExchangeStatus::Interrupted | ExchangeStatus::Waiting { .. }
        );
        CodeOnRecord { admitted_at: self.admitted_at, is_unsettled }
    }

    /// The lease on a code in flight.
    pub fn lease(&self) -> Option<Lease> {
        if let ExchangeStatus::InFlight(lease) = self.status { Some(lease) } else { None }
    }

    /// Whether nobody is sending the code and its outcome is unknown.
    pub fn may_be_sent(&self, store_now: Timestamp) -> bool {
        match &self.status {
            ExchangeStatus::Interrupted => true,
            ExchangeStatus::InFlight(lease) => !lease.is_live(store_now),
            _ => false,
        }
    }

    /// Renews the lease on a code in flight, if it is `owner`'s. Returns whether it is.
    pub fn renew(&mut self, owner: LeaseOwner, store_now: Timestamp) -> bool {
        let is_held = self.is_held_by(owner);
        if is_held {
            self.status = ExchangeStatus::InFlight(Lease::granted(owner, store_now));
        }
        is_held
    }

    /// Ends a sending that gave no grant, if it is `owner`'s. Returns whether it is.
    pub fn end(&mut self, owner: LeaseOwner, refused: bool) -> bool {
        let is_held = self.is_held_by(owner);
        if is_held {
            self.status = if refused { ExchangeStatus::CodeRefused } else { ExchangeStatus::Interrupted };
        }
        is_held
    }

    fn is_held_by(&self, owner: LeaseOwner) -> bool {
        matches!(&self.status, ExchangeStatus::InFlight(lease) if lease.owner == owner)
    }

    /// Whether its grant waits for the claim of `user`, and of nobody else.
    pub fn awaits(&self, user: &UserId, now: Timestamp) -> bool {
        self.user.as_ref() == Some(user)
            && matches!(&self.status, ExchangeStatus::Waiting { claim_by, .. } if now < *claim_by)
    }

    /// Whether a sweep forgets the record: `now` and `as_of`, what the store's clock showed when it
    /// was last seen to be right, both say that it is older than [`MEMORY`], and nobody can be sending
    /// its code. The store's clock may have been set ahead or back since, so the earlier one counts.
    pub fn is_over(&self, now: Timestamp, as_of: Timestamp, store_now: Timestamp) -> bool {
        self.admitted_at < before(now.min(as_of), MEMORY) && !self.may_be_underway(store_now.min(as_of))
    }

    /// Whether somebody may be sending the code. The sender renews the lease, so a lease that
    /// lapsed [`MEMORY`] ago has no sender any more.
    pub fn may_be_underway(&self, store_now: Timestamp) -> bool {
        matches!(&self.status, ExchangeStatus::InFlight(lease) if store_now <= after(lease.until, MEMORY))
    }

    /// The record to store again when the stored one was forgotten while the code was under way,
    /// for example by a sweep under a clock far ahead. Only the user's epoch shows whether they
    /// have disconnected since, so the record is judged as one without an attempt.
    #[must_use]
    pub fn restored(self) -> Self {
        Self { attempt: None, ..self }
    }

    /// Whether the code came with this state, as far as is known.
    pub fn came_with(&self, state: StateHash) -> bool {
        self.came_with.is_none_or(|known| known == state)
    }

    /// Takes what amoCRM gave for the code. Returns the user's connection if it is to be
    /// stored with this record.
    ///
    /// A code is single use, so there is one grant at most. An owner may store it after its lease
    /// has passed, and after the code was recorded as refused. A disconnect cannot void a refused
    /// code, so a grant that comes after a disconnect is void by the epoch.
    pub fn receive(
        &mut self,
        grant: Grant,
        connection: Option<CrmConnection>,
        now: Timestamp,
    ) -> Option<CrmConnection> {
        let open = matches!(
            self.status,
            ExchangeStatus::InFlight(_) | ExchangeStatus::Interrupted | ExchangeStatus::CodeRefused
        );
        if !open {
            return None;
        }
        let moved_on = connection.as_ref().is_some_and(|connection| connection.epoch != self.epoch);
        if self.status == ExchangeStatus::CodeRefused && moved_on {
            self.status = ExchangeStatus::Void;
            return None;
        }
        if self.user.is_none() || self.claim_needed {
            self.status = ExchangeStatus::Waiting { grant: Box::new(grant), claim_by: after(now, CLAIM_TERM) };
            return None;
        }
        self.settle(grant, connection?, now)
    }

    /// Gives the waiting grant to `connection`'s user. Returns the connection as it is to be
    /// stored with this record; the record itself is to be stored in any case.
    ///
    /// `as_of` is the user's epoch when they asked: a disconnect since then wins.
    pub fn claim(
        &mut self,
        connection: CrmConnection,
        as_of: Epoch,
        now: Timestamp,
    ) -> Result<CrmConnection, ClaimRefusal> {
        if self.user.as_ref().is_some_and(|user| *user != connection.user) {
            return Err(ClaimRefusal::AnotherUser);
        }
        let ExchangeStatus::Waiting { grant, claim_by } = &self.status else {
            return Err(ClaimRefusal::NotWaiting);
        };
        if now >= *claim_by {
            self.status = ExchangeStatus::Unclaimed;
            return Err(ClaimRefusal::NotWaiting);
        }
        let grant = (**grant).clone();
        if self.user.is_none() {
            self.epoch = as_of;
        }
        self.user = Some(connection.user.clone());
        self.settle(grant, connection, now).ok_or(match self.status {
            ExchangeStatus::OtherAccount => ClaimRefusal::OtherAccount,
            _ => ClaimRefusal::NotWaiting,
        })
    }

    fn settle(&mut self, grant: Grant, mut connection: CrmConnection, now: Timestamp) -> Option<CrmConnection> {
        // Disconnected since. A disconnect ends an attempt by itself, so after a new connect the
        // later grant of an attempt replaces the earlier one. Without an attempt it is unknown
        // whether there was a disconnect before that connect.
        let moved_on = connection.epoch != self.epoch;
        if moved_on && (self.attempt.is_none() || connection.grant().is_none()) {
            self.status = ExchangeStatus::Void;
            return None;
        }
        let same_account = |(host, account): (&AccountHost, Option<AccountId>)| match (account, grant.account) {
            (Some(current), Some(new)) => current == new,
            _ => *host == grant.host,
        };
        // Also where the connection has ended by itself: a stranger's link must not decide where its user goes on.
        if self.attempt.is_none() && !connection.account().is_none_or(same_account) {
            self.status = ExchangeStatus::OtherAccount;
            return None;
        }
        connection.connect(grant, now);
        self.status = ExchangeStatus::Connected(connection.epoch);
        Some(connection)
    }

    /// Ends the exchange at its user's disconnect, if it has not become a connection yet.
    pub fn void(&mut self) {
        if self.in_budget().is_unsettled {
            self.status = ExchangeStatus::Void;
        }
    }

    /// Shortens a wait that a clock ahead has made too long to one term from now. Returns whether
    /// it did.
    pub fn shorten_wait(&mut self, now: Timestamp) -> bool {
        let ExchangeStatus::Waiting { claim_by, .. } = &mut self.status else { return false };
        let latest = after(now, CLAIM_TERM + CLOCK_SKEW);
        let too_long = *claim_by > latest;
        if too_long {
            *claim_by = at_most(*claim_by, CLAIM_TERM, now);
        }
        too_long
    }

    /// Wipes a grant that nobody claimed in time. Returns whether there was one.
    pub fn wipe_unclaimed(&mut self, now: Timestamp) -> bool {
        let late = matches!(&self.status, ExchangeStatus::Waiting { claim_by, .. } if now >= *claim_by);
        if late {
            self.status = ExchangeStatus::Unclaimed;
        }
        late
    }
}

#[cfg(test)]
mod tests;
