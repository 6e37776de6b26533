//! The port for look-ups of accounts that may have moved.

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, LookUpDecision};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{HostLookUpStore, StoreError};
use async_trait::async_trait;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Durable;

#[async_trait]
impl<D: Database> HostLookUpStore for Store<D> {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        let host = host.clone();
        self.database.transact(Durable, move |session| Box::pin(session.request_look_up(host, account))).await
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        let (host, moved_to) = (host.clone(), moved_to.clone());
        self.database.transact(Durable, move |session| Box::pin(session.save_move(host, moved_to))).await
    }
}
