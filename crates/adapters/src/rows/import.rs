//! An imported token as a row.

use amo_connect_domain::connection::import::ImportRecord;
use amo_connect_domain::ids::Generation;
use amo_connect_domain::token::RefreshTokenHash;
use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::{array, count, user};
use super::failure::Failure;
use super::schema::imports;

/// A row of `imports`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = imports, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct ImportRow {
    token_hash: Vec<u8>,
    user_id: Vec<u8>,
    generation: i64,
    imported_at: i64,
}

/// The rows of `imports`.
#[async_trait]
pub(crate) trait ImportRows: Send {
    async fn import_record(&mut self, token_hash: &[u8]) -> Result<Option<ImportRow>, Failure>;
    async fn insert_import(&mut self, row: &ImportRow) -> Result<(), Failure>;
}

impl ImportRow {
    pub(super) fn new(record: &ImportRecord, store_now: Timestamp) -> Self {
        Self {
            token_hash: record.token.0.to_vec(),
            user_id: record.user.as_str().as_bytes().to_vec(),
            generation: record.generation.0,
            imported_at: store_now.as_microsecond(),
        }
    }
}

impl TryFrom<ImportRow> for ImportRecord {
    type Error = Failure;

    fn try_from(row: ImportRow) -> Result<Self, Failure> {
        Ok(Self {
            token: RefreshTokenHash(array(&row.token_hash)?),
            user: user(row.user_id)?,
            generation: Generation(count(row.generation)?),
        })
    }
}
