//! The suite can fail: registries of keys that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a mutant that cannot be committed is the test's mistake")]

mod kinds;
mod registry;

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::key_registry::{CASES, KeyRegistryHarness, Keys, Record};
use amo_connect_contract::proof::Proof;
use amo_connect_domain::ports::KeyRegistry;
use async_trait::async_trait;
use kinds::{Mutant, NOTICED};
use registry::MutantRegistry;

#[derive(Debug)]
struct MutantHarness(MutantRegistry);

#[async_trait]
impl KeyRegistryHarness for MutantHarness {
    async fn fresh() -> Self {
        Self(MutantRegistry::new(Mutant::None))
    }

    async fn handle(&self, keys: Keys) -> Arc<dyn KeyRegistry> {
        Arc::new(self.0.with_keys(keys))
    }

    async fn seal(&self, name: &str, record: Record, keys: Keys) {
        if self.0.mutant != Mutant::CountsConnectionsAlone || record == Record::Connection {
            self.0.inner.seal(name, record, keys).await;
        }
    }

    async fn spoil(&self, name: &str) {
        self.0.inner.spoil(name).await;
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.clock.advance(by);
        self.0.inner.advance_store_clock(by).await;
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.clock.set_back(by);
        self.0.inner.set_store_clock_back(by).await;
    }
}

amo_connect_contract::prove!(Proof {
    cases: CASES,
    noticed: NOTICED,
    not_yet_possible: &[],
    correct: Mutant::None,
    harness: |mutant| Box::new(MutantHarness(MutantRegistry::new(mutant))),
});
