//! Each database keeps the promises of the `RateLimitStore` port: one line each, one test per case.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::rate_limit_store::RateLimitStoreHarness;
use amo_connect_domain::ports::RateLimitStore;
use amo_connect_tests::{PgOfServer, SqliteFile, TestDatabase};
use async_trait::async_trait;

mod sqlite {
    amo_connect_contract::rate_limit_store_contract!(super::Harness<super::SqliteFile>);
}

mod postgres {
    amo_connect_contract::rate_limit_store_contract!(super::Harness<super::PgOfServer>);
}

/// No token is touched here.
const ANY_KEY: &str = "any:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

struct Harness<D: TestDatabase> {
    store: Arc<D::Store>,
    database: D,
}

#[async_trait]
impl<D: TestDatabase> RateLimitStoreHarness for Harness<D> {
    async fn fresh() -> Self {
        let database = D::fresh().await;
        Self { store: Arc::new(database.open(ANY_KEY).await), database }
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::clone(&self.store) as _
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(self.database.open(ANY_KEY).await)
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.database.clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.database.clock().set_back(by);
    }
}
