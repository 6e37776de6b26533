//! The port for listings and sweeps.

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::Standing;
use amo_connect_domain::ids::{AccountId, Generation, UserId};
use amo_connect_domain::ports::{Maintenance, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::{Durable, Erased};

#[async_trait]
impl<D: Database> Maintenance for Store<D> {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.database.read(move |session| Box::pin(session.orphaned_refreshes(limit))).await
    }

    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let stale =
            self.database.read(move |session| Box::pin(session.stale_connections(issued_before, issued_after, limit)));
        stale.await
    }

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.database.read(move |session| Box::pin(session.acquitted_refreshes(client, expired_by, limit))).await
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        self.database.read(move |session| Box::pin(session.users_of(account))).await
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        self.database.read(move |session| Box::pin(session.users(after, limit))).await
    }

    async fn standings(&self) -> Result<Vec<(Standing, u64)>, StoreError> {
        self.database.read(|session| Box::pin(session.standings())).await
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        while self.database.transact(Durable.bulk(), move |session| Box::pin(session.shorten(now))).await?.more {}
        let mut wiped = 0;
        loop {
            let batch =
                self.database.transact(Erased.bulk(), move |session| Box::pin(session.wipe_late_grants(now))).await?;
            wiped += batch.rows;
            if !batch.more {
                break;
            }
        }
        while self.database.transact(Durable.bulk(), move |session| Box::pin(session.forget(now, as_of))).await?.more {}
        Ok(wiped)
    }
}
