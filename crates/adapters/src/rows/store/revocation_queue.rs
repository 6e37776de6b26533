//! The port for looks at accounts.

use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{RevocationQueue, StoreError};
use async_trait::async_trait;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Durable;

#[async_trait]
impl<D: Database> RevocationQueue for Store<D> {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.database.transact(Durable, move |session| Box::pin(session.request_check(account))).await
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.database.transact(Durable, move |session| Box::pin(session.take_checks(limit))).await
    }

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.database.transact(Durable, move |session| Box::pin(session.extend_check(account))).await
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.database.transact(Durable, move |session| Box::pin(session.finish_check(account))).await
    }
}
