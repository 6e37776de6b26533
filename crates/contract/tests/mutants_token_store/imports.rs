//! Mutants of the store of imported tokens.

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::import::{Import, ImportRecord, NotImported};
use amo_connect_domain::connection::{ConnectionState, CrmConnection};
use amo_connect_domain::ports::{ImportStore, StoreError, TokenStore as _};
use amo_connect_domain::refresh::lease::LeaseRequest;
use amo_connect_domain::token::{RefreshToken, RefreshTokenHash};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::kinds::Mutant;
use crate::store::MutantStore;

#[async_trait]
impl ImportStore for MutantStore {
    async fn import_record(&self, token: RefreshTokenHash) -> Result<Option<ImportRecord>, StoreError> {
        let record = self.inner.import_record(token).await?;
        Ok(record.filter(|_| !self.is(Mutant::ForgetsImports)))
    }

    async fn import(&self, import: &Import, now: Timestamp) -> Result<Result<CrmConnection, NotImported>, StoreError> {
        match self.mutant {
            // The record is of another token, so that it does not stand in the way.
            Mutant::ImportsTwice => {
                let count = self.note(|notes| {
                    notes.imports += 1;
                    notes.imports
                });
                let token = RefreshToken::new(format!("{} {count}", import.token.expose()));
                let imported = self.inner.import(&Import { token, ..import.clone() }, now).await?;
                let Ok(connection) = imported else { return Ok(imported) };
                let mut parts = connection.clone().into_parts();
                if let ConnectionState::Connected(grant) = &mut parts.state {
                    grant.tokens.refresh = import.token.clone();
                }
                let connection = CrmConnection::restore(parts).unwrap();
                self.overwrite(&connection).await?;
                Ok(Ok(self.row(&import.user).await))
            }
            Mutant::ImportsOverAnything => self.inner.import(&Import { replaces: true, ..import.clone() }, now).await,
            Mutant::ImportsUnderOldLeases => {
                let lease = self.note(|notes| notes.lease);
                let imported = self.inner.import(import, now).await?;
                if let (Ok(connection), Some((owner, _))) = (&imported, lease) {
                    let generation = connection.generation;
                    let request =
                        LeaseRequest { generation, owner, client: ClientFingerprint::default(), by_hand: false };
                    self.inner.lease_refresh(&import.user, &request).await?;
                }
                Ok(imported)
            }
            _ => self.inner.import(import, now).await,
        }
    }
}
