//! What the stores ask of rows, within a transaction.

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host_look_up::LookUpSubject;
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use jiff::Timestamp;

use super::attempt::AttemptRow;
use super::audit::AuditRow;
use super::client::ClientRow;
use super::connection::{ConnectionRow, LeaseColumns};
use super::exchange::ExchangeRow;
use super::failure::Failure;
use super::host_look_up::HostLookUpRow;
use super::look::LookRow;
use super::turns::TurnRows;

/// What a transaction of each database does in its own way.
#[async_trait]
pub(crate) trait Dialect: Send {
    /// The database's clock, now, and not when the transaction began.
    async fn clock(&mut self) -> Result<Timestamp, Failure>;

    /// Until the transaction ends, nobody else changes the record of this code, and what is
    /// read of it is current. Taken before any user's lock.
    async fn lock_code(&mut self, code: CodeHash) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes this user's connection, attempts and
    /// exchanges, and what is read of them is current.
    async fn lock_user(&mut self, user: &UserId) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes the looks at this account. Taken without
    /// any other lock, in the order of the accounts.
    async fn lock_account(&mut self, account: AccountId) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes this line of the book of turns, and what
    /// is read of it is current. An account's is taken before the integration's.
    async fn lock_line(&mut self, name: &str) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes the record of this client. Taken after any
    /// other lock.
    async fn lock_client(&mut self, client: ClientFingerprint) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes the record of these look-ups. Taken without any
    /// lock of another kind, in the order of the subjects.
    async fn lock_look_up(&mut self, subject: &LookUpSubject) -> Result<(), Failure>;
}

/// The store's clock, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct StoreNow {
    pub(crate) now: i64,
    /// No refresh is put off by a refusal that was longer ago.
    pub(crate) put_off_since: i64,
}

/// Which accusations are over.
pub(crate) struct Acquitted<'q> {
    /// For this client.
    pub(crate) client: &'q [u8],
    /// Those that are older than this.
    pub(crate) served: i64,
    /// And those of all other clients.
    pub(crate) others: bool,
}

/// A row's primary key and its sealed tokens.
pub(crate) type SealedRow = (Vec<u8>, Vec<u8>);

/// The rows, within a transaction. [`rows_in_diesel!`] writes it for each database.
#[async_trait]
pub(crate) trait Rows: Dialect + TurnRows {
    async fn migrations(&mut self) -> Result<Vec<String>, Failure>;
    async fn beat(&mut self, micros: i64) -> Result<(), Failure>;

    async fn attempt(&mut self, id: &[u8]) -> Result<Option<AttemptRow>, Failure>;
    async fn attempt_by_state(&mut self, state_hash: &[u8]) -> Result<Option<AttemptRow>, Failure>;
    /// The newest first.
    async fn open_attempts(&mut self, user_id: &[u8]) -> Result<Vec<AttemptRow>, Failure>;
    async fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure>;
    async fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure>;

    async fn exchange(&mut self, code_hash: &[u8]) -> Result<Option<ExchangeRow>, Failure>;
    /// In the order of their keys, as everybody who changes several has them.
    async fn unsettled_exchanges(&mut self, user_id: &[u8]) -> Result<Vec<ExchangeRow>, Failure>;
    /// Locked, where the database locks rows; those that somebody else is changing are left out.
    async fn late_grants(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure>;
    /// Grants that wait for longer than one may. Locked as [`Self::late_grants`].
    async fn overlong_waits(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure>;
    async fn has_waiting_grant(&mut self, user_id: &[u8], micros: i64) -> Result<bool, Failure>;
    async fn put_exchange(&mut self, row: &ExchangeRow) -> Result<(), Failure>;

    async fn connection(&mut self, user_id: &[u8]) -> Result<Option<(ConnectionRow, LeaseColumns)>, Failure>;
    /// Leaves the lease as it is.
    async fn put_connection(&mut self, row: &ConnectionRow) -> Result<(), Failure>;
    async fn put_lease(&mut self, user_id: &[u8], lease: &LeaseColumns) -> Result<(), Failure>;

    /// How many connections and how many exchanges have sealed tokens.
    async fn count_sealed(&mut self) -> Result<(i64, i64), Failure>;
    /// Keys and sealed tokens, in the order of the keys.
    async fn sealed_connections(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure>;
    async fn sealed_exchanges(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure>;
    /// Changes nothing, and returns 0, if the tokens are not `old` any more.
    async fn replace_sealed_connection(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure>;
    async fn replace_sealed_exchange(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure>;

    /// Deletes attempts, exchanges, audit entries that are older, and looks that are over: at most
    /// `limit` of each. Those that somebody else is changing are left out. Returns how many.
    async fn forget_attempts(&mut self, micros: i64, limit: i64) -> Result<usize, Failure>;
    /// Leaves those whose lease ended later.
    async fn forget_exchanges(&mut self, micros: i64, limit: i64) -> Result<usize, Failure>;
    async fn forget_audit(&mut self, micros: i64, limit: i64) -> Result<usize, Failure>;
    async fn forget_looks(&mut self, store_now: i64, limit: i64) -> Result<usize, Failure>;

    /// Users whose refresh lapsed, or rests in doubt until then: the longest ago first.
    async fn orphaned_refreshes(&mut self, store_now: i64, limit: i64) -> Result<Vec<(Vec<u8>, i64)>, Failure>;
    /// Users whose tokens were issued before the one moment or after the other, and are not being
    /// refreshed: the oldest first.
    async fn stale_connections(
        &mut self,
        issued: (i64, i64),
        store_now: StoreNow,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, i64)>, Failure>;
    /// Users whose refresh rests for an accusation that is over: the first to expire first.
    async fn acquitted_refreshes(
        &mut self,
        acquitted: Acquitted<'_>,
        expired_by: i64,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, i64)>, Failure>;
    /// Leases and rests that end so late that a clock ahead must have written them. Locked as
    /// [`Self::late_grants`].
    async fn overlong_leases(
        &mut self,
        owned_until: i64,
        until: i64,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, LeaseColumns)>, Failure>;
    async fn overlong_looks(&mut self, not_before: i64, limit: i64) -> Result<Vec<LookRow>, Failure>;
    async fn users_of(&mut self, account_id: i64) -> Result<Vec<Vec<u8>>, Failure>;
    async fn users(&mut self, after: &[u8], limit: i64) -> Result<Vec<Vec<u8>>, Failure>;

    async fn client(&mut self, client: &[u8]) -> Result<Option<ClientRow>, Failure>;
    async fn put_client(&mut self, row: &ClientRow) -> Result<(), Failure>;

    async fn host_look_up(&mut self, subject: &str) -> Result<Option<HostLookUpRow>, Failure>;
    async fn put_host_look_up(&mut self, row: &HostLookUpRow) -> Result<(), Failure>;
    /// Deletes those that nothing waits for any more, and moves that are older than that.
    async fn forget_host_look_ups(&mut self, store_now: i64, moved: i64, limit: i64) -> Result<usize, Failure>;

    async fn look(&mut self, account_id: i64) -> Result<Option<LookRow>, Failure>;
    async fn due_looks(&mut self, store_now: i64, limit: i64) -> Result<Vec<i64>, Failure>;
    async fn put_look(&mut self, row: &LookRow) -> Result<(), Failure>;

    async fn insert_audit(&mut self, row: &AuditRow) -> Result<(), Failure>;
    /// The newest first.
    async fn audit(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<AuditRow>, Failure>;
}
