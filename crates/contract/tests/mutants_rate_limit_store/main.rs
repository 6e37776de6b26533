//! The suite can fail: stores of rate limits that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a mutant that cannot be committed is the test's mistake")]

mod kinds;
mod store;

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::proof::Proof;
use amo_connect_contract::rate_limit_store::{CASES, RateLimitStoreHarness};
use amo_connect_domain::ports::RateLimitStore;
use async_trait::async_trait;
use kinds::{Mutant, NOTICED};
use store::MutantStore;

#[derive(Debug)]
struct MutantHarness(MutantStore);

#[async_trait]
impl RateLimitStoreHarness for MutantHarness {
    async fn fresh() -> Self {
        Self(MutantStore::new(Mutant::None))
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(self.0.clone())
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        match self.0.mutant {
            Mutant::ForgetsOnReopen => Arc::new(MutantStore::new(Mutant::None)),
            _ => self.store(),
        }
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.clock.set_back(by);
    }
}

amo_connect_contract::prove!(Proof {
    cases: CASES,
    noticed: NOTICED,
    not_yet_possible: &[],
    correct: Mutant::None,
    harness: |mutant| Box::new(MutantHarness(MutantStore::new(mutant))),
});
