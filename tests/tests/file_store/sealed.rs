//! Tokens at rest: sealed beside their record, in which they are empty.

use amo_connect_adapters::cipher::{RowIdentity, TokenKeys};
use amo_connect_domain::authorization::code::{Exchange, ExchangeStatus};
use amo_connect_domain::connection::{ConnectionState, CrmConnection, Grant};
use amo_connect_domain::ports::StoreError;
use serde::{Deserialize, Serialize};

/// A record, and its tokens under the operator's keys. The domain leaves tokens out of what it
/// serializes, so a record that was read has empty ones until it is opened.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sealed<T> {
    /// The record. Whoever changes it, but not its tokens, need not be able to open them.
    pub(crate) record: T,
    pub(crate) blob: Option<Vec<u8>>,
}

/// A record that may have tokens.
pub(crate) trait HasTokens: Clone {
    /// What its tokens are sealed for: a blob that is moved to another record does not open.
    fn identity(&self) -> RowIdentity;

    fn grant(&self) -> Option<&Grant>;

    /// The same record with this grant in the place of the one that it has.
    fn with(self, grant: Grant) -> Result<Self, StoreError>;
}

impl<T: HasTokens> Sealed<T> {
    pub(crate) fn new(record: T, keys: &TokenKeys) -> Result<Self, StoreError> {
        let seal = |grant: &Grant| keys.seal(&grant.tokens.access, &grant.tokens.refresh, &record.identity());
        let blob = record.grant().map(seal).transpose()?;
        Ok(Self { record, blob })
    }

    /// The record with its tokens.
    pub(crate) fn open(&self, keys: &TokenKeys) -> Result<T, StoreError> {
        let record = self.record.clone();
        let Some(mut grant) = record.grant().cloned() else { return Ok(record) };
        let blob = self.blob.as_deref().ok_or(StoreError::Corrupt("a record lacks its tokens"))?;
        (grant.tokens.access, grant.tokens.refresh) = keys.open(blob, &record.identity())?;
        record.with(grant)
    }

    /// Changes the record in a way that replaces no tokens. Where it has none any more, they are wiped.
    pub(crate) fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let changed = change(&mut self.record);
        self.blob = self.blob.take().filter(|_| self.record.grant().is_some());
        changed
    }
}

impl HasTokens for CrmConnection {
    fn identity(&self) -> RowIdentity {
        RowIdentity::new("connections", self.user.as_str().as_bytes())
    }

    fn grant(&self) -> Option<&Grant> {
        CrmConnection::grant(self)
    }

    fn with(self, grant: Grant) -> Result<Self, StoreError> {
        let mut parts = self.into_parts();
        parts.state = ConnectionState::Connected(grant);
        Self::restore(parts).or(Err(StoreError::Corrupt("no connection has these parts")))
    }
}

impl HasTokens for Exchange {
    fn identity(&self) -> RowIdentity {
        RowIdentity::new("exchanges", &self.code.0)
    }

    fn grant(&self) -> Option<&Grant> {
        match &self.status {
            ExchangeStatus::Waiting { grant, .. } => Some(grant),
            _ => None,
        }
    }

    fn with(mut self, opened: Grant) -> Result<Self, StoreError> {
        if let ExchangeStatus::Waiting { grant, .. } = &mut self.status {
            **grant = opened;
        }
        Ok(self)
    }
}
