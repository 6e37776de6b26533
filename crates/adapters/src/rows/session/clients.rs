//! What amoCRM has said of clients: accused, served.

use amo_connect_domain::client::{ClientFingerprint, ClientRecord};
use amo_connect_domain::ports::Served;
use jiff::Timestamp;

use super::Session;
use crate::rows::client::ClientRow;
use crate::rows::failure::Failure;

impl Session<'_> {
    pub(super) async fn client_record(&mut self, client: ClientFingerprint) -> Result<ClientRecord, Failure> {
        match self.rows.client(&client.0).await? {
            Some(row) => row.try_into(),
            None => Ok(ClientRecord::default()),
        }
    }

    /// Records an accusation. Returns the record as it was before.
    pub(super) async fn accuse(
        &mut self,
        client: ClientFingerprint,
        store_now: Timestamp,
    ) -> Result<ClientRecord, Failure> {
        self.rows.lock_client(client).await?;
        let before = self.client_record(client).await?;
        self.rows.put_client(&ClientRow::new(client, &before.accused(store_now))).await?;
        Ok(before)
    }

    /// Records that a client was served, if that is news. Nearly always it is none, and then this
    /// waits for nobody.
    pub(super) async fn acquit(&mut self, served: &Served) -> Result<(), Failure> {
        if self.client_record(served.client).await?.served(served.sent_at).is_none() {
            return Ok(());
        }
        self.rows.lock_client(served.client).await?;
        match self.client_record(served.client).await?.served(served.sent_at) {
            Some(record) => self.rows.put_client(&ClientRow::new(served.client, &record)).await,
            None => Ok(()),
        }
    }
}
