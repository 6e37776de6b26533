//! What an adapter's test set-up gives to the suite.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::idempotency::WriteRequest;
use amo_connect_domain::ids::LeaseOwner;
use amo_connect_domain::ports::Storage;
use async_trait::async_trait;
use futures_util::future::join_all;

use super::steps::begin_write;

/// What the suite needs of an adapter's test set-up.
#[async_trait]
pub trait TokenStoreHarness: Send + Sync + 'static {
    /// A store of its own, empty and migrated. What it needs (a file, a database) goes with the
    /// harness when that is dropped.
    async fn fresh() -> Self
    where
        Self: Sized;

    /// The store.
    fn store(&self) -> Arc<dyn Storage>;

    /// Another handle on the same data, as another process has it: opened anew, with its own
    /// connections and nothing shared in memory.
    async fn second_handle(&self) -> Arc<dyn Storage>;

    /// Moves the clock by which the store judges leases, for every handle. A clock that otherwise
    /// stands still shows most: the suite looks at the very moments at which terms end.
    async fn advance_store_clock(&self, by: Duration);

    /// Sets the clock by which the store judges leases back, for every handle.
    async fn set_store_clock_back(&self, by: Duration);

    /// Puts these writes on record, none of which is there. They are thousands: a store to which each costs much may
    /// do it in one step.
    async fn begin_writes(&self, requests: Vec<WriteRequest>, owner: LeaseOwner) {
        let store = self.store();
        for some in requests.chunks(100) {
            join_all(some.iter().map(|request| begin_write(&store, request, owner))).await;
        }
    }

    /// Everything the store keeps outside the process, byte for byte: its files, or a dump.
    /// `None` if it keeps nothing there.
    async fn at_rest(&self) -> Option<Vec<u8>> {
        None
    }

    /// How many records at rest have sealed tokens, whatever else they say. `None` if tokens are not
    /// kept there.
    async fn sealed_at_rest(&self) -> Option<usize> {
        None
    }

    /// Flips a bit in every token at rest. `false` if there is none.
    async fn damage_tokens(&self) -> bool {
        false
    }

    /// Another handle on the same data with other keys. `None` if tokens are not kept under keys.
    async fn handle_with_keys(&self, _keys: Keys) -> Option<Arc<dyn Storage>> {
        None
    }
}

/// Which keys to tokens a handle has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// A new one, and behind it the one that the harness's other handles have.
    NewAndOld,
    /// The new one alone.
    NewAlone,
}
