//! Which keys instances have, as rows; and the keys of sealed tokens, by their first bytes.

use amo_connect_domain::key_ring::{InstanceId, KeyId, KeyRing, NamedKey};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use jiff::Timestamp;

use super::columns::{array, time};
use super::failure::Failure;
use super::reseal::SealedRow;
use super::schema::key_rings;

/// A row of `key_rings`.
#[derive(Clone, Debug, Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = key_rings)]
pub(crate) struct KeyRingRow {
    instance: Vec<u8>,
    /// `kid:check` of each key, the first one first; the check in hexadecimal.
    keys: String,
    published_at: i64,
}

impl KeyRingRow {
    pub(crate) fn new(instance: InstanceId, ring: &KeyRing, now: Timestamp) -> Self {
        let keys = ring.keys().map(|key| format!("{}:{:016x}", key.id, u64::from_be_bytes(key.check)));
        let keys = keys.collect::<Vec<_>>().join(",");
        Self { instance: instance.0.to_vec(), keys, published_at: now.as_microsecond() }
    }

    /// Who published it, what, and when.
    pub(crate) fn read(&self) -> Result<(InstanceId, KeyRing, Timestamp), Failure> {
        let corrupt = || Failure::Corrupt("the keys of an instance cannot be read");
        let key = |entry: &str| {
            let (id, check) = entry.split_once(':')?;
            let check = u64::from_str_radix(check, 16).ok()?.to_be_bytes();
            Some(NamedKey { id: KeyId(id.to_owned()), check })
        };
        let mut keys = self.keys.split(',').map(|entry| key(entry).ok_or_else(corrupt));
        let first = keys.next().ok_or_else(corrupt)??;
        let ring = KeyRing { first, others: keys.collect::<Result<_, _>>()? };
        Ok((InstanceId(array(&self.instance)?), ring, time(self.published_at)?))
    }
}

/// A table with sealed tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealedTable {
    Connections,
    Exchanges,
}

/// What sealed tokens begin with, up to their key's name; and how many rows of a table do.
#[derive(Debug, QueryableByName)]
pub(crate) struct KeyUse {
    #[diesel(sql_type = Binary)]
    pub(crate) header: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    pub(crate) records: i64,
}

/// The keys of instances, and those of sealed tokens.
#[async_trait]
pub(crate) trait KeyRingRows: Send {
    async fn put_key_ring(&mut self, row: &KeyRingRow) -> Result<(), Failure>;
    async fn delete_key_ring(&mut self, instance: &[u8]) -> Result<(), Failure>;
    /// Forgets rows that were published before `micros`.
    async fn forget_key_rings(&mut self, micros: i64) -> Result<(), Failure>;
    /// In the order of the instances.
    async fn key_rings(&mut self) -> Result<Vec<KeyRingRow>, Failure>;
    /// The cost is that of the keys in use, and of counting.
    async fn keys_in_use(&mut self, table: SealedTable) -> Result<Vec<KeyUse>, Failure>;
    /// Some rows whose tokens begin with `header`.
    async fn sealed_under(&mut self, table: SealedTable, header: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure>;
}
