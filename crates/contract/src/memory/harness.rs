//! [`MemoryTokenStore`] under the suite.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::Storage;
use async_trait::async_trait;

use super::MemoryTokenStore;
use crate::clock::TestClock;
use crate::fixtures::at;
use crate::token_store::TokenStoreHarness;

/// A store in memory, for [`token_store_contract!`](crate::token_store_contract).
#[derive(Debug)]
pub struct MemoryHarness(MemoryTokenStore);

#[async_trait]
impl TokenStoreHarness for MemoryHarness {
    async fn fresh() -> Self {
        Self(MemoryTokenStore::with_clock(TestClock::still(at(365 * 24 * 3600))))
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::new(self.0.clone())
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        Arc::new(self.0.clone())
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.test_clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.test_clock().set_back(by);
    }
}
