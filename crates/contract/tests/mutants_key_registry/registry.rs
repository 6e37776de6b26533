//! A registry over the inner one in memory that breaks one promise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use amo_connect_contract::fixtures::at;
use amo_connect_contract::key_registry::Keys;
use amo_connect_contract::{MemoryKeyRegistry, TestClock};
use amo_connect_domain::key_ring::{InstanceId, KeyRing, SealedRecords};
use amo_connect_domain::ports::{KeyRegistry, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::kinds::Mutant;

/// A [`KeyRegistry`] that keeps every promise except one.
#[derive(Clone, Debug)]
pub(crate) struct MutantRegistry {
    pub(crate) inner: MemoryKeyRegistry,
    pub(crate) clock: TestClock,
    pub(crate) mutant: Mutant,
    keys: Keys,
    published: Arc<Mutex<BTreeMap<InstanceId, (KeyRing, Timestamp)>>>,
}

impl MutantRegistry {
    pub(crate) fn new(mutant: Mutant) -> Self {
        let inner = MemoryKeyRegistry::new();
        Self { inner, clock: TestClock::still(at(0)), mutant, keys: Keys::Old, published: Arc::default() }
    }

    pub(crate) fn with_keys(&self, keys: Keys) -> Self {
        Self { inner: self.inner.with_keys(keys), keys, ..self.clone() }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }
}

#[async_trait]
impl KeyRegistry for MutantRegistry {
    async fn publish_keys(&self, instance: InstanceId, ring: &KeyRing) -> Result<(), StoreError> {
        let known = self.published.lock().unwrap().insert(instance, (ring.clone(), self.clock.now()));
        if self.is(Mutant::PublishesOnce) && known.is_some() {
            return Ok(());
        }
        self.inner.publish_keys(instance, ring).await
    }

    async fn withdraw_keys(&self, instance: InstanceId) -> Result<(), StoreError> {
        match self.mutant {
            Mutant::WithdrawsNothing => Ok(()),
            Mutant::WithdrawsEverything => {
                for (other, _) in self.inner.published_keys().await? {
                    self.inner.withdraw_keys(other).await?;
                }
                Ok(())
            }
            _ => self.inner.withdraw_keys(instance).await,
        }
    }

    async fn published_keys(&self) -> Result<Vec<(InstanceId, KeyRing)>, StoreError> {
        let mut current = self.inner.published_keys().await?;
        let all = self.published.lock().unwrap().clone();
        let is_ahead = |at: &Timestamp| *at > self.clock.now();
        let believed = |(instance, (ring, at)): (InstanceId, (KeyRing, Timestamp))| {
            let believes = self.is(Mutant::KeepsRingsForEver) || self.is(Mutant::BelievesRingsAhead) && is_ahead(&at);
            believes.then_some((instance, ring))
        };
        if self.is(Mutant::KeepsRingsForEver) || self.is(Mutant::BelievesRingsAhead) && current.is_empty() {
            current = all.into_iter().filter_map(believed).collect();
        }
        if self.is(Mutant::ListsBackwards) {
            current.reverse();
        }
        Ok(current)
    }

    async fn sealed_records(&self) -> Result<Vec<SealedRecords>, StoreError> {
        let mut sealed = self.inner.sealed_records().await?;
        match self.mutant {
            Mutant::CountsOwnKeysAlone => sealed.retain(|of_key| of_key.opens),
            Mutant::CountsWhatIsNotThere if sealed.is_empty() => {
                sealed.push(SealedRecords { key: None, records: 0, opens: false });
            }
            Mutant::GoesByNames if self.keys == Keys::OtherOld => {
                sealed = self.inner.with_keys(Keys::Old).sealed_records().await?;
            }
            Mutant::OpensEverything => sealed.iter_mut().for_each(|of_key| of_key.opens = true),
            _ => {}
        }
        Ok(sealed)
    }
}
