//! The port for the audit trail.

use amo_connect_domain::authorization::attempt::Attempt;
use amo_connect_domain::authorization::code::Exchange;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::{AuditLog, StoreError};
use async_trait::async_trait;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Durable;

#[async_trait]
impl<D: Database> AuditLog for Store<D> {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let user = user.clone();
        self.database.read(move |session| Box::pin(session.audit(user, limit))).await
    }

    async fn attempts_of(&self, user: &UserId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        let user = user.clone();
        self.database.read(move |session| Box::pin(session.attempts_of(user, limit))).await
    }

    async fn exchanges_of(&self, user: &UserId, limit: u32) -> Result<Vec<Exchange>, StoreError> {
        let user = user.clone();
        self.database.read(move |session| Box::pin(session.exchanges_of(user, limit))).await
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        let connection = connection.clone();
        self.database.transact(Durable, move |session| Box::pin(session.record(connection, event, by))).await
    }
}
