//! The port for imported tokens.

use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::import::{Import, ImportRecord, NotImported};
use amo_connect_domain::ports::{ImportStore, StoreError};
use amo_connect_domain::token::RefreshTokenHash;
use async_trait::async_trait;
use jiff::Timestamp;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::{Durable, Erased};

#[async_trait]
impl<D: Database> ImportStore for Store<D> {
    async fn import_record(&self, token: RefreshTokenHash) -> Result<Option<ImportRecord>, StoreError> {
        self.database.read(move |session| Box::pin(session.import_record(token))).await
    }

    async fn import(&self, import: &Import, now: Timestamp) -> Result<Result<CrmConnection, NotImported>, StoreError> {
        let import = import.clone();
        let durability = if import.replaces { Erased } else { Durable };
        self.database.transact(durability, move |session| Box::pin(session.import(import, now))).await
    }
}
