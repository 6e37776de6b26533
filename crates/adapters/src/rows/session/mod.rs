//! A transaction in the domain's terms: each method of the port as load, decide, write.
//!
//! The decisions are the domain's. Whoever changes a row takes its lock first and reads it
//! after that: a code's before a user's.

mod attempts;
mod clients;
mod connections;
mod exchanges;
mod host_look_ups;
mod imports;
mod key_rings;
mod maintenance;
mod rate_limits;
mod reseal;
mod revocation_checks;
mod sweep;
mod writes;

use jiff::Timestamp;

use super::failure::Failure;
use super::transaction::Rows;
use crate::cipher::TokenKeys;
use crate::migrate::{KnownSchema, MigrationError, Schema};

/// The rows of one transaction, and the keys to their tokens.
pub(crate) struct Session<'t> {
    rows: &'t mut dyn Rows,
    keys: &'t TokenKeys,
}

impl<'t> Session<'t> {
    pub(crate) fn new(rows: &'t mut dyn Rows, keys: &'t TokenKeys) -> Self {
        Self { rows, keys }
    }

    pub(super) async fn ready(self, known: &KnownSchema) -> Result<Option<Timestamp>, Failure> {
        let applied = self.rows.migrations().await?;
        let oldest = if known.is_older_than(&applied) { self.rows.oldest_migration().await? } else { None };
        let schema = known.compare(&applied, oldest.as_deref()).map_err(Failure::unavailable)?;
        if let Schema::Lacks(lacks) = schema {
            return Err(Failure::unavailable(MigrationError::Pending(lacks)));
        }
        let heartbeat = self.rows.heartbeat().await?;
        Ok(heartbeat.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
    }

    pub(super) async fn beat(self) -> Result<(), Failure> {
        let now = self.rows.clock().await?;
        self.rows.beat(now.as_microsecond()).await
    }

    pub(super) async fn clock(self) -> Result<Timestamp, Failure> {
        self.rows.clock().await
    }
}
