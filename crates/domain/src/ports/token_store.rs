//! The port to attempts, exchanges of codes, and connections: what must change together.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::authorization::attempt::{Attempt, AttemptState};
use crate::authorization::code::{Admission, Admitted, ClaimRefusal, Exchange};
use crate::client::ClientFingerprint;
use crate::connection::audit::Actor;
use crate::connection::{ConnectionSummary, CrmConnection, Grant};
use crate::ids::{AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use crate::refresh::backoff::Backoff;
use crate::refresh::lease::{LeaseRequest, RefreshLease};
use crate::token::{CodeHash, StateHash, TokenPair};

/// Keeps what must outlive the process.
///
/// Each method is one atomic promise: it happens whole and durably before it returns `Ok`, or
/// not at all, also when its future is dropped. It is safe against any number of other handles
/// on the same data, in this process and in others. The decisions are the pure functions of
/// this crate; a store loads, calls them, and writes.
///
/// Times are passed in as `now`, except for leases: they MUST be set and judged by the store's
/// own clock ([`StoreHealth::clock`](super::StoreHealth::clock)), or instances whose clocks differ would send a token twice. An
/// owner holds a lease for as long as it is on record under its name: a lease that has lapsed, but
/// that nobody took since, can still be renewed or ended. A lease or a backoff that ends later than
/// one can (`seen_at`) MUST be stored with its longest end when it is asked for, and never be
/// granted to another owner before that.
/// Tokens MUST be stored encrypted, codes and states only as hashes. Tokens that a handle cannot open,
/// because a bit has flipped or a key is gone, MUST be in the way of nothing except their own use:
/// whatever replaces or wipes them succeeds, and everything else leaves them as they are.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TokenStore: Debug + Send + Sync + 'static {
    /// Records a new attempt. Of the user's open attempts only the newest
    /// [`OPEN_ATTEMPTS`](crate::authorization::attempt::OPEN_ATTEMPTS) MUST stay open, this one among them.
    /// Of their attempts past open only the newest
    /// [`ATTEMPTS_OF_A_USER`](crate::authorization::budget::ATTEMPTS_OF_A_USER) MUST stay on record.
    /// Its deep link MUST stay as it is, however the attempt ends.
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError>;

    /// The attempt with this id.
    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError>;

    /// The attempt that gave this state to the browser.
    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError>;

    /// Ends an open attempt that came back without a usable code, as `end` says (declined or
    /// failed). MUST NOT touch an attempt that is past open.
    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError>;

    /// The record of this code.
    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError>;

    /// Decides by [`Exchange::admit`] whether the caller may send a code, and records it. MUST
    /// grant a code to one caller at a time, however many ask. A granted attempt is spent in
    /// the same step. A stranger's code MUST be granted together with a place, by
    /// [`Place::request`](crate::authorization::places::Place::request), and with one alone: of all strangers' codes
    /// of all handles few are under way at a time. A place MUST be free as soon as its owner does not hold the lease
    /// on the code any more. A code of a user's MUST count in their budget, by
    /// [`admits_another_code`](crate::authorization::budget::admits_another_code). MUST record nothing where it
    /// grants nothing.
    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError>;

    /// Renews the lease on a code in flight. Returns `false`, and changes nothing, if `owner`
    /// does not hold it any more.
    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError>;

    /// Stores, by [`Exchange::receive`], what amoCRM issued for a code, with the connection it
    /// makes, in one step. MUST accept the grant of an owner whose lease has passed. MUST record
    /// that `served` was served, as [`Self::save_rotated`] does. A lease on tokens that it replaces MUST
    /// end, and so it MUST in [`Self::claim`]. Returns the record as it is then.
    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError>;

    /// Stores `record`, by [`Exchange::restored`], if there is no record of its code: it was forgotten
    /// while the code was under way. MUST change nothing if there is a record.
    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError>;

    /// Ends the sending of a code that gave no grant: amoCRM certainly refused it, or it was
    /// interrupted and may be sent again. MUST change nothing if `owner` does not hold the
    /// lease any more. Returns the record as it is then.
    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError>;

    /// Gives a waiting grant to `user` by [`Exchange::claim`], in one step with the connection
    /// it replaces. MUST give it to one user, once. `as_of` is the user's epoch when they asked: a
    /// disconnect since then MUST win.
    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError>;

    /// Whether a grant waits for `user`'s claim at `now`.
    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError>;

    /// What can be told of the user's connection, by [`CrmConnection::summary`], whether or not its tokens can be
    /// opened.
    async fn summary(&self, user: &UserId) -> Result<Option<ConnectionSummary>, StoreError>;

    /// The user's connection. Here and in [`Self::summary`], whatever had returned before the call began, at any
    /// handle, MUST be seen.
    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError>;

    /// Stores `connection` if the stored revision still is `expected` (`None`: must not exist
    /// yet), and returns the new revision. A lease MUST stay as it is, unless no tokens are left.
    ///
    /// # Errors
    /// MUST return [`StoreError::Conflict`] and change nothing if the revision moved.
    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError>;

    /// Disconnects `user`, and ends with it their open attempts, exchanges in flight and
    /// unclaimed grants. MUST have wiped every token of theirs when it returns. What began
    /// before it MUST NOT bring a token back. `by` is for the audit trail.
    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError>;

    /// Asks, by [`RefreshLease::request`], for the right to send a refresh token. MUST grant it to
    /// one owner at a time, until the lease lapses. A refresh whose tokens cannot be opened MUST be
    /// set aside, by [`RefreshLease::set_aside`], so that it does not delay others.
    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError>;

    /// Renews a refresh lease. Returns `false`, and changes nothing, if `owner` does not hold
    /// it any more.
    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError>;

    /// Ends a refresh lease, by [`RefreshLease::backed_off`], after a sending that gave no pair. MUST
    /// grant it to nobody during the backoff, and MUST remember a doubt until a pair is stored. MUST
    /// record in the same step, by [`ClientRecord::accused`](crate::client::ClientRecord::accused),
    /// which client amoCRM accused. MUST change nothing if `owner` does not hold the lease any more.
    /// Returns the record as it is then, to its owner alone.
    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError>;

    /// Stores, by [`CrmConnection::rotate`], the pair that amoCRM issued for the tokens of generation
    /// `spent`, and ends the lease on them. It MUST succeed after the lease has passed, and after any
    /// other change of the row. MUST record in the same step, by
    /// [`ClientRecord::served`](crate::client::ClientRecord::served), that `served` was served.
    ///
    /// # Errors
    /// MUST return [`StoreError::Conflict`] and change nothing if the stored generation is not
    /// `spent`: newer, disconnected or re-connected.
    async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError>;
}

/// A token request that amoCRM served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// As which client it was sent.
    pub client: ClientFingerprint,
    /// When, or a little earlier, by the store's clock.
    pub sent_at: Timestamp,
}

/// How a claim ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The grant is the user's connection now.
    Connected,
    /// It is not.
    Refused(ClaimRefusal),
}

/// How a request for a refresh lease ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshRequest {
    /// The caller may send this connection's refresh token.
    Granted(Box<CrmConnection>, RefreshLease),
    /// Somebody else is sending it.
    Held,
    /// The last sending failed, and the token must not be sent before this moment of the store's
    /// clock.
    BackingOff(Timestamp),
    /// The stored generation is another one, or the connection is not usable.
    Outdated,
    /// The tokens cannot be opened, as under a missing key.
    Unreadable,
}
