//! The port to the keys of stored tokens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::cipher::key_id;
use amo_connect_contract::fixtures::{at, code, grant, owner, served, unsolicited, user};
use amo_connect_contract::key_registry::{KeyRegistryHarness, Keys, Record};
use amo_connect_contract::token_store::TokenStoreHarness;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::key_ring::{InstanceId, KeyId, KeyRing, SealedRecords, is_current};
use amo_connect_domain::ports::{KeyRegistry, StoreError, TokenStore as _};
use async_trait::async_trait;

use crate::harness::{FileHarness, NEW_KEY, OLD_KEY};
use crate::store::FileStore;

#[async_trait]
impl KeyRegistry for FileStore {
    async fn publish_keys(&self, instance: InstanceId, ring: &KeyRing) -> Result<(), StoreError> {
        let ring = ring.clone();
        self.change(move |change| {
            let (rings, now) = (&mut change.records.key_rings, change.store_now);
            rings.retain(|(other, _, published_at)| *other != instance && is_current(*published_at, now));
            rings.push((instance, ring, now));
            rings.sort_unstable_by_key(|(instance, ..)| *instance);
            Ok(())
        })
        .await
    }

    async fn withdraw_keys(&self, instance: InstanceId) -> Result<(), StoreError> {
        self.change(move |change| {
            change.records.key_rings.retain(|(other, ..)| *other != instance);
            Ok(())
        })
        .await
    }

    async fn published_keys(&self) -> Result<Vec<(InstanceId, KeyRing)>, StoreError> {
        let now = self.now();
        self.read(move |records| {
            let current = records.key_rings.iter().filter(|(.., published_at)| is_current(*published_at, now));
            Ok(current.map(|(instance, ring, _)| (*instance, ring.clone())).collect())
        })
        .await
    }

    /// The file is read whole anyway, so every record is tried.
    async fn sealed_records(&self) -> Result<Vec<SealedRecords>, StoreError> {
        let keys = Arc::clone(&self.keys);
        self.read(move |records| {
            let connections = records.connections.values().map(|row| &row.connection);
            let connections = connections.map(|sealed| (&sealed.blob, sealed.open(&keys).is_ok()));
            let exchanges = records.exchanges.iter().map(|sealed| (&sealed.blob, sealed.open(&keys).is_ok()));
            let mut by_key: BTreeMap<Option<KeyId>, (u64, bool)> = BTreeMap::new();
            for (blob, is_open) in connections.chain(exchanges) {
                let Some(blob) = blob else { continue };
                let (records, opens) = by_key.entry(key_id(blob).map(|id| KeyId(id.to_owned()))).or_default();
                *records += 1;
                *opens |= is_open;
            }
            Ok(by_key.into_iter().map(|(key, (records, opens))| SealedRecords { key, records, opens }).collect())
        })
        .await
    }
}

fn named(keys: Keys) -> String {
    match keys {
        Keys::Old => OLD_KEY.to_owned(),
        Keys::NewAndOld => format!("{NEW_KEY},{OLD_KEY}"),
        Keys::New => NEW_KEY.to_owned(),
        Keys::OtherOld => NEW_KEY.replace("new:", "old:"),
    }
}

#[async_trait]
impl KeyRegistryHarness for FileHarness {
    async fn fresh() -> Self {
        <Self as TokenStoreHarness>::fresh().await
    }

    async fn handle(&self, keys: Keys) -> Arc<dyn KeyRegistry> {
        Arc::new(self.open(&named(keys)))
    }

    async fn seal(&self, name: &str, record: Record, keys: Keys) {
        let store = self.open(&named(keys));
        match record {
            Record::Connection => {
                let mut connection = CrmConnection::new(user(name));
                connection.connect(grant(1, name), at(0));
                store.save(&connection, None).await.unwrap();
            }
            Record::Exchange => {
                store.admit_code(&unsolicited(code(name)), owner(1), at(0)).await.unwrap();
                store.save_grant(code(name), &grant(1, name), &served(), at(1)).await.unwrap();
            }
        }
    }

    async fn spoil(&self, name: &str) {
        let name = user(name);
        let spoilt = self.open(OLD_KEY).records.change(|records| {
            records.connections.get_mut(&name).unwrap().connection.blob = Some(vec![7]);
            Ok(())
        });
        spoilt.unwrap();
    }

    async fn advance_store_clock(&self, by: Duration) {
        TokenStoreHarness::advance_store_clock(self, by).await;
    }

    async fn set_store_clock_back(&self, by: Duration) {
        TokenStoreHarness::set_store_clock_back(self, by).await;
    }
}
