//! The suite can fail: stores that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a mutant that cannot be committed is the test's mistake")]

mod codes;
mod imports;
mod kinds;
mod look_ups;
mod maintenance;
mod rows;
mod store;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::MemoryTokenStore;
use amo_connect_contract::proof::Proof;
use amo_connect_contract::token_store::{CASES, Keys, TokenStoreHarness};
use amo_connect_domain::ports::Storage;
use async_trait::async_trait;
use kinds::{Mutant, NOTICED};
use store::MutantStore;

#[derive(Debug)]
struct MutantHarness(MutantStore);

#[async_trait]
impl TokenStoreHarness for MutantHarness {
    async fn fresh() -> Self {
        Self(MutantStore::new(Mutant::None))
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::new(self.0.clone())
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        match self.0.mutant {
            Mutant::ForgetsOnReopen => Arc::new(MemoryTokenStore::new()),
            _ => self.store(),
        }
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.inner.test_clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.note(|notes| notes.was_set_back = true);
        self.0.inner.test_clock().set_back(by);
    }

    async fn at_rest(&self) -> Option<Vec<u8>> {
        (self.0.mutant == Mutant::KeepsTokensPlain).then(|| b"account1.amocrm.ru access-x".to_vec())
    }

    async fn sealed_at_rest(&self) -> Option<usize> {
        match self.0.mutant {
            Mutant::None => Some(self.0.with_tokens().await),
            // Whatever had tokens at any time.
            Mutant::KeepsWipedTokens => {
                let now = self.0.with_tokens().await;
                Some(self.0.note(|notes| {
                    notes.most_sealed = notes.most_sealed.max(now);
                    notes.most_sealed
                }))
            }
            _ => None,
        }
    }

    async fn damage_tokens(&self) -> bool {
        self.0.mutant == Mutant::IgnoresDamage || self.0.loses_all_tokens().await
    }

    async fn handle_with_keys(&self, _keys: Keys) -> Option<Arc<dyn Storage>> {
        (self.0.mutant == Mutant::IgnoresKeys || self.0.loses_all_tokens().await).then(|| self.store())
    }
}

amo_connect_contract::prove!(Proof {
    cases: CASES,
    noticed: NOTICED,
    not_yet_possible: &[],
    correct: Mutant::None,
    harness: |mutant| Box::new(MutantHarness(MutantStore::new(mutant))),
});
