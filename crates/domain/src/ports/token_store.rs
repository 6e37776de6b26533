//! The port to the database: attempts, exchanges of codes, and connections.

use std::error::Error;
use std::fmt::{self, Debug};

use async_trait::async_trait;
use jiff::Timestamp;

use super::AmoError;
use crate::attempt::{Attempt, AttemptState};
use crate::audit::{Actor, AuditEntry, AuditEvent};
use crate::client::ClientFingerprint;
use crate::connection::{CrmConnection, Grant};
use crate::exchange::{Admission, Admitted, ClaimRefusal, Exchange};
use crate::host::AccountHost;
use crate::host_look_up::{FoundHost, LookUpDecision};
use crate::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use crate::lease::{LeaseRequest, RefreshLease, Rest};
use crate::token::{CodeHash, StateHash, TokenPair};

/// Keeps what must outlive the process.
///
/// Each method is one atomic promise: it happens whole and durably before it returns `Ok`, or
/// not at all, also when its future is dropped. It is safe against any number of other handles
/// on the same data, in this process and in others. The decisions are the pure functions of
/// this crate; a store loads, calls them, and writes.
///
/// Times are passed in as `now`, except for leases: they MUST be set and judged by the store's
/// own clock ([`Self::clock`]), or instances whose clocks differ would send a token twice. An
/// owner holds a lease for as long as it is on record under its name: one that has lapsed, but
/// that nobody took since, can still be renewed or ended. A lease or a rest that ends later than
/// one can (`seen_at`) MUST be stored with its longest end by whoever is asked for it, and never
/// be granted to another before that.
/// Tokens MUST be stored encrypted, codes and states only as hashes.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TokenStore: Debug + Send + Sync + 'static {
    /// Whether the store can be read and written, and its schema is the one this build knows.
    async fn ready(&self) -> Result<(), StoreError>;

    /// The store's clock, by which leases are judged.
    async fn clock(&self) -> Result<Timestamp, StoreError>;

    /// Records a new attempt. Of the user's open attempts only the newest
    /// [`OPEN_ATTEMPTS`](crate::attempt::OPEN_ATTEMPTS) MUST stay open, this one among them.
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError>;

    /// The attempt with this id.
    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError>;

    /// The attempt that gave this state to the browser.
    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError>;

    /// Ends an open attempt that came back without a usable code, as `end` says (declined or
    /// failed). MUST NOT touch an attempt that is past open.
    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError>;

    /// What is on record of this code.
    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError>;

    /// Decides by [`Exchange::admit`] whether the caller may send a code, and records it. MUST
    /// grant a code to one caller at a time, however many ask. A granted attempt is spent in
    /// the same step.
    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError>;

    /// Renews the lease on a code in flight. Returns `false`, and changes nothing, if `owner`
    /// does not hold it any more.
    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError>;

    /// Brings in, by [`Exchange::receive`], what amoCRM gave for a code, with the connection it
    /// makes, in one step. MUST accept the grant of an owner whose lease has passed. MUST record
    /// that `served` was served, as [`Self::save_rotated`] does. Returns the record as it is then.
    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError>;

    /// Stores `record`, by [`Exchange::restored`], if nothing is on record of its code: it was forgotten
    /// while the code was under way. MUST change nothing if there is a record.
    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError>;

    /// Ends the sending of a code that bought nothing: refused by amoCRM for certain, or
    /// interrupted and free to be sent again. MUST change nothing if `owner` does not hold the
    /// lease any more. Returns the record as it is then.
    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError>;

    /// Gives a waiting grant to `user` by [`Exchange::claim`], in one step with the connection
    /// it replaces. MUST give it to one user, once. `as_of` is the user's epoch when they asked: a
    /// disconnect since then MUST win.
    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError>;

    /// Whether a grant waits for `user`'s claim at `now`.
    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError>;

    /// The epoch of the user's connection, whether or not its tokens can be opened.
    async fn epoch(&self, user: &UserId) -> Result<Epoch, StoreError>;

    /// The user's connection.
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
    /// set aside, by [`RefreshLease::set_aside`], so that it stands in nobody's way.
    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError>;

    /// Renews a refresh lease. Returns `false`, and changes nothing, if `owner` does not hold
    /// it any more.
    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError>;

    /// Ends a refresh lease, by [`RefreshLease::rested`], after a sending that bought nothing.
    /// MUST grant it to nobody for the pause, and MUST remember a doubt until a pair is stored. MUST
    /// record in the same step, by [`ClientRecord::accused`](crate::client::ClientRecord::accused),
    /// which client amoCRM accused. MUST change nothing if `owner` does not hold the lease any more.
    /// Returns the record as it is then, to its owner alone.
    async fn rest_refresh_lease(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        rest: &Rest,
    ) -> Result<Option<RefreshLease>, StoreError>;

    /// Stores, by [`CrmConnection::rotate`], the pair that the tokens of generation `spent`
    /// bought, and ends the lease on them. Neither a passed lease nor any other change of the
    /// row MUST stand in its way. MUST record in the same step, by
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

    /// Connections whose refresh [is orphaned](RefreshLease::is_orphaned), with the generation of
    /// their tokens: the oldest first, at most `limit`.
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError>;

    /// Connections whose tokens were issued before `issued_before`, or after `issued_after`, which
    /// is so far in the future that their age is unknown, and that nobody is refreshing, with the
    /// generation of their tokens: the oldest first, at most `limit`. MUST leave out those whose
    /// refresh rests or is put off.
    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError>;

    /// Connections whose last sending ended with an accusation that
    /// [is over](crate::client::Accusation::is_over_for) for `client`, and that nobody is refreshing,
    /// with the generation of their tokens: the first to expire first, at most `limit`. Only those
    /// whose access token is dead at `expired_by`, if that is given.
    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError>;

    /// Decides, by [`HostLookUp::request`](crate::host_look_up::HostLookUp::request), whether the
    /// account that was at `host` may be looked up. MUST grant it to one caller a minute and account,
    /// however many ask, and under however many hosts. Accounts whose number is not known are told
    /// apart by their hosts, and from those whose number is known.
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError>;

    /// Records that the account that was at `host` has moved, as a look-up has just found: whoever
    /// asks under `host` for the account of this number MUST be told from now on, and nothing that was
    /// known under the new host counts any more. Whoever asks for another account, or for one whose
    /// number is not known, MUST NOT be told.
    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError>;

    /// Users with a connection to `account` that can be used, or that amoCRM has refused without
    /// anybody's knowing why: all of them and nobody else.
    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError>;

    /// Users with a row, in the order of their ids: at most `limit` of those after `after`.
    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError>;

    /// Notes that the connections to `account` are to be looked at.
    async fn want_look(&self, account: AccountId) -> Result<(), StoreError>;

    /// Takes at most `limit` accounts that are to be looked at. MUST give an account to one caller,
    /// and not again within [`LOOK_TERM`](crate::look::LOOK_TERM); until [`Self::end_look`] it MUST be
    /// given again after that.
    async fn take_looks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError>;

    /// Puts the next look at `account` off by the whole term, for whoever is still at this one.
    async fn keep_look(&self, account: AccountId) -> Result<(), StoreError>;

    /// Notes that every connection to `account` has been looked at. A look that is wanted later
    /// MUST still wait for the rest of the term.
    async fn end_look(&self, account: AccountId) -> Result<(), StoreError>;

    /// What became of the user's connection, the oldest first: the newest `limit` entries. Every
    /// change of a connection's state MUST have left an entry with it, in the same step, by
    /// [`AuditEntry::of_change`] and [`AuditEntry::of_lease`].
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Adds an entry about something that changed nothing, dated by the store's clock.
    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError>;

    /// Wipes grants that nobody claimed in time, and forgets attempts and codes older than
    /// [`MEMORY`](crate::attempt::MEMORY), and audit entries and moves older than
    /// [`AUDIT_MEMORY`](crate::audit::AUDIT_MEMORY). MUST NOT forget a code that
    /// [may be under way](Exchange::may_be_underway), whatever its date. Attempts, whose a code is,
    /// audit entries and moves MUST be forgotten only when both `now` and `as_of`, what the store's
    /// clock showed when it was last seen to be right, say that they are so old. MUST store leases, rests, looks and waits for
    /// a claim that end later than one can with their longest end. Returns how many grants were
    /// wiped.
    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError>;
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
    /// It was sent in vain, and is not to be sent again before this moment of the store's clock.
    Resting(Timestamp),
    /// The stored generation is another one, or the connection is not usable.
    Outdated,
    /// The tokens cannot be opened, as under a missing key.
    Unreadable,
}

/// How a store failed. The source, where there is one, is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another change came first.
    #[error("the row was changed meanwhile")]
    Conflict,
    /// The database cannot be reached, or cannot write.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be read: a missing key, a flipped bit, an unknown value.
    #[error("stored data cannot be read: {0}")]
    Corrupt(&'static str),
}

impl StoreError {
    /// The rate limiter's store failed; the log has the cause, from where it happened.
    pub fn of_the_rate_limiter() -> Self {
        Self::Unavailable(Box::new(AmoError::PermitUnavailable))
    }

    /// The error with all its causes, for the log.
    pub fn whole(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(move |f| {
            write!(f, "{self}")?;
            let mut next = self.source();
            while let Some(cause) = next {
                write!(f, ": {cause}")?;
                next = cause.source();
            }
            Ok(())
        })
    }
}
