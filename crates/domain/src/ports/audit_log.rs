//! The port to the audit log.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::authorization::attempt::Attempt;
use crate::authorization::code::Exchange;
use crate::connection::CrmConnection;
use crate::connection::audit::Actor;
use crate::connection::audit::AuditEntry;
use crate::connection::audit::AuditEvent;
use crate::ids::UserId;

/// Keeps what happened to connections, and tells what became of attempts to connect.
///
/// What [`TokenStore`](super::TokenStore) says of atomicity and of the store's clock holds here too.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditLog: Debug + Send + Sync + 'static {
    /// What happened to the user's connection, the oldest first: the newest `limit` entries. Every
    /// change of a connection's state MUST have left an entry with it, in the same step, by
    /// [`AuditEntry::of_change`] and [`AuditEntry::of_lease`]. Of those about problems it MUST record what
    /// [`AuditEntry::to_record`] leaves, by the user's newest
    /// [`ENTRIES_LOOKED_AT`](crate::connection::audit::ENTRIES_LOOKED_AT) entries.
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// What is on record of the user's attempts, the newest first: at most `limit`. MUST leave out everybody
    /// else's.
    async fn attempts_of(&self, user: &UserId, limit: u32) -> Result<Vec<Attempt>, StoreError>;

    /// What is on record of the codes that are the user's, the newest first: at most `limit`. MUST leave
    /// out everybody else's, and the tokens of a grant that waits
    /// ([`Exchange::without_tokens`]).
    async fn exchanges_of(&self, user: &UserId, limit: u32) -> Result<Vec<Exchange>, StoreError>;

    /// Adds an entry about something that changed nothing, dated by the store's clock.
    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError>;
}
