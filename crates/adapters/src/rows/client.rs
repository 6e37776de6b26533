//! What amoCRM has said of a client as a row, and its accusations beside a lease.

use amo_connect_domain::client::{Accusation, ClientFingerprint, ClientRecord};
use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::{array, needed, optional_time, time};
use super::failure::Failure;
use super::schema::clients;

/// A row of `clients`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = clients,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct ClientRow {
    client: Vec<u8>,
    accused_at: Option<i64>,
    served_at: Option<i64>,
}

/// The rows of `clients`.
#[async_trait]
pub(crate) trait ClientRows: Send {
    async fn client(&mut self, client: &[u8]) -> Result<Option<ClientRow>, Failure>;
    async fn put_client(&mut self, row: &ClientRow) -> Result<(), Failure>;
}

impl ClientRow {
    pub(super) fn new(client: ClientFingerprint, record: &ClientRecord) -> Self {
        Self {
            client: client.0.to_vec(),
            accused_at: record.accused_at.map(Timestamp::as_microsecond),
            served_at: record.served_at.map(Timestamp::as_microsecond),
        }
    }
}

impl TryFrom<ClientRow> for ClientRecord {
    type Error = Failure;

    fn try_from(row: ClientRow) -> Result<Self, Failure> {
        Ok(Self { accused_at: optional_time(row.accused_at)?, served_at: optional_time(row.served_at)? })
    }
}

/// An accusation as columns.
#[derive(Default)]
pub(super) struct AccusationColumns {
    pub(super) client: Option<Vec<u8>>,
    pub(super) since: Option<i64>,
    pub(super) last: Option<i64>,
    pub(super) is_accounts: Option<bool>,
}

impl From<Option<Accusation>> for AccusationColumns {
    fn from(accusation: Option<Accusation>) -> Self {
        accusation.map_or_else(Self::default, |accusation| Self {
            client: Some(accusation.client.0.to_vec()),
            since: Some(accusation.since.as_microsecond()),
            last: Some(accusation.last.as_microsecond()),
            is_accounts: Some(accusation.is_accounts),
        })
    }
}

impl TryFrom<AccusationColumns> for Option<Accusation> {
    type Error = Failure;

    fn try_from(columns: AccusationColumns) -> Result<Self, Failure> {
        let Some(client) = columns.client else { return Ok(None) };
        Ok(Some(Accusation {
            client: ClientFingerprint(array(&client)?),
            since: time(needed(columns.since)?)?,
            last: time(needed(columns.last)?)?,
            is_accounts: needed(columns.is_accounts)?,
        }))
    }
}
