//! Which keys instances have, and which ones stored tokens are sealed under.

use std::collections::BTreeMap;

use amo_connect_domain::clock::before;
use amo_connect_domain::key_ring::{InstanceId, KEY_RING_TERM, KeyId, KeyRing, SealedRecords, is_current};

use super::Session;
use crate::cipher::key_id;
use crate::rows::failure::Failure;
use crate::rows::key_ring::{KeyRingRow, SealedTable};
use crate::rows::{connection, exchange};

/// How many rows of a key are tried before it is believed that it is another key of that name: single
/// ones may be damaged.
const TRIED: i64 = 16;

/// How much longer than it counts a row is kept, for whoever looks into the table.
const KEPT: u32 = 100;

impl Session<'_> {
    pub(in crate::rows) async fn publish_keys(self, instance: InstanceId, ring: KeyRing) -> Result<(), Failure> {
        let now = self.rows.clock().await?;
        self.rows.forget_key_rings(before(now, KEY_RING_TERM * KEPT).as_microsecond()).await?;
        self.rows.put_key_ring(&KeyRingRow::new(instance, &ring, now)).await
    }

    pub(in crate::rows) async fn withdraw_keys(self, instance: InstanceId) -> Result<(), Failure> {
        self.rows.delete_key_ring(&instance.0).await
    }

    pub(in crate::rows) async fn published_keys(self) -> Result<Vec<(InstanceId, KeyRing)>, Failure> {
        let now = self.rows.clock().await?;
        let mut current = Vec::new();
        for row in self.rows.key_rings().await? {
            let (instance, ring, published_at) = row.read()?;
            if is_current(published_at, now) {
                current.push((instance, ring));
            }
        }
        Ok(current)
    }

    pub(in crate::rows) async fn sealed_records(self) -> Result<Vec<SealedRecords>, Failure> {
        let mut by_key: BTreeMap<Option<KeyId>, (u64, bool)> = BTreeMap::new();
        for table in [SealedTable::Connections, SealedTable::Exchanges] {
            for used in self.rows.keys_in_use(table).await? {
                let key = key_id(&used.header).map(|id| KeyId(id.to_owned()));
                let (records, opens) = by_key.entry(key.clone()).or_default();
                *records += used.records.cast_unsigned();
                if !*opens && key.is_some_and(|key| self.keys.has(&key.0)) {
                    let tried = self.rows.sealed_under(table, &used.header, TRIED).await?;
                    *opens = tried.iter().any(|(row, sealed)| {
                        let identity = match table {
                            SealedTable::Connections => connection::identity(row),
                            SealedTable::Exchanges => exchange::identity(row),
                        };
                        self.keys.open(sealed, &identity).is_ok()
                    });
                }
            }
        }
        Ok(by_key.into_iter().map(|(key, (records, opens))| SealedRecords { key, records, opens }).collect())
    }
}
