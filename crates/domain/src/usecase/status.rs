//! What a user's connection is, and ending it.

use jiff::Timestamp;

use crate::connection::audit::Actor;
use crate::connection::{ConnectionSummary, Standing};
use crate::ids::{AccountId, Epoch, UserId};
use crate::ports::StoreError;
use crate::rate_limit::CircuitCount;
use crate::usecase::UseCases;

/// How a user stands with amoCRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionStatus {
    /// Their connection, or the record of one that has ended.
    pub connection: Option<ConnectionSummary>,
    /// Whether a grant waits for their claim. Looked for only if there is no connection.
    pub awaits_claim: bool,
}

impl UseCases {
    /// How many connections there are of each standing.
    pub async fn standings(&self) -> Result<Vec<(Standing, u64)>, StoreError> {
        self.stores.maintenance.standings().await
    }

    /// How many circuit breakers are not closed, over all instances.
    pub async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.amo.circuits().await
    }

    /// How `user` stands.
    pub async fn status(&self, user: &UserId) -> Result<ConnectionStatus, StoreError> {
        let connection = self.stores.tokens.summary(user).await?;
        let none = connection.as_ref().is_none_or(|connection| connection.standing == Standing::Disconnected);
        let awaits_claim = none && self.stores.tokens.awaits_claim(user, self.runtime.now()).await?;
        Ok(ConnectionStatus { connection, awaits_claim })
    }

    /// The epoch of the user's connection.
    pub(super) async fn epoch(&self, user: &UserId) -> Result<Epoch, StoreError> {
        let connection = self.stores.tokens.summary(user).await?;
        Ok(connection.map(|connection| connection.epoch).unwrap_or_default())
    }

    /// Disconnects `user`. Their tokens are gone from the database when it returns.
    pub async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        let begun = self.runtime.instant();
        let ended = self.end_connection(user, by).await;
        let took = self.runtime.instant().since(begun);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match &ended {
            Ok(had) => {
                let outcome = if had.is_some() { "disconnected" } else { "not_connected" };
                let account = had.flatten().map(|account| account.0);
                tracing::info!(%user, account, outcome, duration_ms, "disconnect succeeded");
            }
            Err(error) => {
                let error = error.whole();
                tracing::warn!(%user, outcome = "storage_failed", duration_ms, %error, "disconnect failed");
            }
        }
        ended.map(drop)
    }

    /// Ends the connection. Returns its account, if there was a connection, and if its account is known.
    async fn end_connection(&self, user: &UserId, by: Actor) -> Result<Option<Option<AccountId>>, StoreError> {
        self.saved_pairs.forget(user);
        let had = match self.stores.tokens.summary(user).await {
            Ok(row) => row.and_then(|row| row.account.map(|(_, account)| account)),
            // It is ended all the same: this read is for the log alone.
            Err(_) => Some(None),
        };
        self.stores.tokens.disconnect(user, by).await?;
        // A refresh may have saved a pair since.
        self.saved_pairs.forget(user);
        self.reads.forget(user);
        Ok(had)
    }

    /// Whether the store can be read, and when a process last wrote its heartbeat.
    pub async fn ready(&self) -> Result<Option<Timestamp>, StoreError> {
        self.stores.health.ready().await
    }

    /// Whether the store can be written: writes the heartbeat.
    pub async fn beat(&self) -> Result<(), StoreError> {
        self.stores.health.beat().await
    }
}
