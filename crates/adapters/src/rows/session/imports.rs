//! Imported tokens: each becomes a connection once.

use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::import::{Import, ImportRecord, NotImported};
use amo_connect_domain::token::{CodeHash, RefreshTokenHash};
use jiff::Timestamp;

use super::Session;
use crate::rows::failure::Failure;
use crate::rows::import::ImportRow;

impl Session<'_> {
    pub(in crate::rows) async fn import_record(self, token: RefreshTokenHash) -> Result<Option<ImportRecord>, Failure> {
        self.rows.import_record(&token.0).await?.map(ImportRecord::try_from).transpose()
    }

    pub(in crate::rows) async fn import(
        mut self,
        import: Import,
        now: Timestamp,
    ) -> Result<Result<CrmConnection, NotImported>, Failure> {
        // The lock of a code of this hash: no code has it, and two imports of one token take turns.
        self.rows.lock_code(CodeHash(import.hash().0)).await?;
        self.rows.lock_user(&import.user).await?;
        let on_record = self.rows.import_record(&import.hash().0).await?.map(ImportRecord::try_from).transpose()?;
        let before = self.before(&import.user).await?;
        let (connection, record) = match import.decide(on_record, before.connection.clone(), now) {
            Ok(imported) => imported,
            Err(not) => return Ok(Err(not)),
        };
        let connection = self.put_new_state_by(connection, &before, Actor::Operator).await?;
        self.rows.insert_import(&ImportRow::new(&record, before.now)).await?;
        Ok(Ok(connection))
    }
}
