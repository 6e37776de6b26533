//! The store, over a wire that fails before or after the operation, or is slow.

mod idempotency;
mod ports;
mod rate_limits;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::MemoryRateLimitStore;
use amo_connect_domain::ports::StoreError;
use futures_util::future::pending;

use crate::bugs::BuggyStore;
use crate::executor::Home;
use crate::faults::StoreFault;
use crate::trace::rows::Traced;
use crate::world::World;

/// What came instead of the store's answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Fault(&'static str);

fn fault(what: &'static str) -> StoreError {
    StoreError::Unavailable(Box::new(Fault(what)))
}

/// The store, as one life of an instance reaches it.
pub(crate) struct ModelStore {
    world: Arc<World>,
    home: Home,
    rows: BuggyStore,
    /// For a bug: shares that no other instance knows.
    own_shares: MemoryRateLimitStore,
}

impl ModelStore {
    pub(crate) fn new(world: Arc<World>, home: Home, rows: BuggyStore) -> Self {
        let clock = world.truth.test_clock().clone();
        let own_shares = MemoryRateLimitStore::at(move || clock.now());
        Self { world, home, rows, own_shares }
    }

    fn is_cut_off(&self) -> bool {
        match self.home {
            Home::Instance { number, .. } => self.world.faults().is_cut_off(number, self.world.now()),
            Home::Outside => false,
        }
    }

    async fn pause(&self, lasts: Duration) {
        if !lasts.is_zero() {
            self.world.sim.sleep(lasts).await;
        }
    }

    async fn die(&self) {
        self.world.crash_home(self.home);
        pending::<()>().await;
    }

    /// Does `operation`, unless a fault comes before it, and then calls `seen` with its outcome.
    async fn call<T: Traced>(
        &self,
        what: &'static str,
        operation: impl Future<Output = Result<T, StoreError>> + Send,
        seen: impl FnOnce(&World, &Result<T, StoreError>) + Send,
    ) -> Result<T, StoreError> {
        let began = self.world.now();
        let outcome = self.with_faults(what, operation, seen).await;
        let task = self.world.sim.current();
        self.world.checker().waited_for_store(task, self.world.now() - began);
        outcome
    }

    async fn with_faults<T: Traced>(
        &self,
        what: &'static str,
        operation: impl Future<Output = Result<T, StoreError>> + Send,
        seen: impl FnOnce(&World, &Result<T, StoreError>) + Send,
    ) -> Result<T, StoreError> {
        let fate = self.world.faults().store_call(&self.world.sim);
        self.pause(fate.before).await;
        if fate.fault == Some(StoreFault::DiesBefore) {
            self.die().await;
        }
        if fate.fault == Some(StoreFault::Fails) || self.is_cut_off() {
            self.world.note(self.home, || format!("store: {what} fails"));
            return Err(fault("it did not happen"));
        }
        let outcome = operation.await;
        self.world.checker().store_called(self.world.sim.current(), self.world.now());
        self.world.note(self.home, || match &outcome {
            Ok(answer) => format!("store: {what} → {}", answer.short()),
            Err(error) => format!("store: {what}: {error}"),
        });
        seen(&self.world, &outcome);
        self.world.judge();
        if fate.fault == Some(StoreFault::DiesAfter) {
            self.die().await;
        }
        self.pause(fate.after).await;
        if fate.fault == Some(StoreFault::Forgets) || self.is_cut_off() {
            self.world.note(self.home, || format!("store: the reply to {what} is lost"));
            return Err(fault("it is unknown whether it happened"));
        }
        outcome
    }

    /// A call whose outcome the checker need not see.
    async fn plain_call<T: Traced>(
        &self,
        what: &'static str,
        operation: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.call(what, operation, |_, _| ()).await
    }
}

impl fmt::Debug for ModelStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelStore").field("home", &self.home).finish_non_exhaustive()
    }
}
