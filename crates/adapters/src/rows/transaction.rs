//! What the stores ask of a transaction.

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host_look_up::LookUpSubject;
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use jiff::Timestamp;

use super::attempt::AttemptRows;
use super::audit::AuditRows;
use super::client::ClientRows;
use super::connection::{ConnectionRow, ConnectionRows, LeasedRow};
use super::exchange::ExchangeRows;
use super::failure::Failure;
use super::grouped::Found;
use super::health::HealthRows;
use super::host_look_up::HostLookUpRows;
use super::import::ImportRows;
use super::key_ring::KeyRingRows;
use super::lease::LeaseRows;
use super::place::PlaceRows;
use super::rate_limit::RateLimitRows;
use super::reseal::SealedRows;
use super::revocation_check::RevocationCheckRows;
use super::summary::SummaryRow;
use super::write::WriteRows;

/// What a transaction of each database does in its own way.
#[async_trait]
pub(crate) trait Dialect: Send {
    /// The database's clock, now, and not when the transaction began.
    async fn clock(&mut self) -> Result<Timestamp, Failure>;

    /// The row of `connections` of this user, with its lease, and the database's clock.
    async fn connection_now(&mut self, user_id: &[u8]) -> Result<(Option<LeasedRow>, Timestamp), Failure>;

    /// The rows of `connections` of these users, in their order.
    async fn connections(&mut self, user_ids: Vec<Vec<u8>>) -> Result<Found<Option<ConnectionRow>>, Failure>;

    /// The same without their tokens.
    async fn summaries(&mut self, user_ids: Vec<Vec<u8>>) -> Result<Found<Option<SummaryRow>>, Failure>;

    /// Until the transaction ends, nobody else changes the record of this code, and what is
    /// read of it is current. Taken before any user's lock.
    async fn lock_code(&mut self, code: CodeHash) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes this user's connection, attempts,
    /// exchanges and writes, and what is read of them is current.
    async fn lock_user(&mut self, user: &UserId) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes the looks at this account, or claims an object in it. Taken
    /// after any user's lock; several in the order of the accounts.
    async fn lock_account(&mut self, account: AccountId) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes this line of the book of turns, and what
    /// is read of it is current. An account's is taken before the integration's.
    async fn lock_line(&mut self, name: &str) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else is given a place, and what is read of the places is current. Taken after
    /// a code's lock, and without a user's.
    async fn lock_places(&mut self) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes the record of this client. Taken after any
    /// other lock.
    async fn lock_client(&mut self, client: ClientFingerprint) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes the record of these look-ups. Taken without any
    /// lock of another kind, in the order of the subjects.
    async fn lock_look_up(&mut self, subject: &LookUpSubject) -> Result<(), Failure>;
}

/// The rows, within a transaction. Each trait stands beside its row; `statements/` implements them
/// for each database.
pub(crate) trait Rows:
    Dialect
    + AttemptRows
    + AuditRows
    + ClientRows
    + ConnectionRows
    + ExchangeRows
    + HealthRows
    + HostLookUpRows
    + ImportRows
    + KeyRingRows
    + LeaseRows
    + PlaceRows
    + RateLimitRows
    + RevocationCheckRows
    + SealedRows
    + WriteRows
{
}

impl<T> Rows for T where
    T: Dialect
        + AttemptRows
        + AuditRows
        + ClientRows
        + ConnectionRows
        + ExchangeRows
        + HealthRows
        + HostLookUpRows
        + ImportRows
        + KeyRingRows
        + LeaseRows
        + PlaceRows
        + RateLimitRows
        + RevocationCheckRows
        + SealedRows
        + WriteRows
{
}
