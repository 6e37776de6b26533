//! What [`KeyRegistry`] promises, promise by promise.

#![expect(clippy::unwrap_used, reason = "a case panics where a promise is broken")]

mod rings;
mod sealed;

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::KeyRegistry;
use async_trait::async_trait;

use crate::suite;

/// What the suite needs of an adapter's test set-up.
#[async_trait]
pub trait KeyRegistryHarness: Send + Sync + 'static {
    /// A store of its own, with nothing in it. What it needs (a file, a database) goes with the
    /// harness when that is dropped.
    async fn fresh() -> Self
    where
        Self: Sized;

    /// A handle on it, as a process has it that was started with `keys`.
    async fn handle(&self, keys: Keys) -> Arc<dyn KeyRegistry>;

    /// Stores a record with tokens, the connection of the user `name` or an exchange, as a process does
    /// that was started with `keys`.
    async fn seal(&self, name: &str, record: Record, keys: Keys);

    /// Makes what stands in the place of that connection's tokens something that was never sealed.
    async fn spoil(&self, name: &str);

    /// Moves the clock of the store, for every handle.
    async fn advance_store_clock(&self, by: Duration);

    /// Sets that clock back, for every handle.
    async fn set_store_clock_back(&self, by: Duration);
}

/// Which keys a process was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// The key `old`.
    Old,
    /// The key `new`, and behind it `old`.
    NewAndOld,
    /// The key `new`.
    New,
    /// A key that is called `old` too, and is another one.
    OtherOld,
}

/// A record with tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A connection.
    Connection,
    /// An exchange whose grant waits for its owner.
    Exchange,
}

/// A case of this suite.
pub type Case = suite::Case<dyn KeyRegistryHarness>;

/// Runs the case of this name on a fresh harness of `H`.
pub fn judge<H: KeyRegistryHarness>(name: &str) {
    suite::judge(CASES, name, async { Box::new(H::fresh().await) as _ });
}

suite::cases! {
    ($) key_registry_contract for key_registry;

    "MUST replace what it published before." => [
        rings::what_an_instance_publishes_replaces_what_it_published,
    ]
    "MUST leave what others have published." => [
        rings::what_an_instance_withdraws_is_gone_and_nothing_else,
    ]
    "MUST return every ring that is current by the store's clock, and no other." => [
        rings::rings_of_all_instances_come_in_order,
        rings::a_ring_counts_for_its_term_and_is_published_again,
        rings::a_ring_that_a_clock_ahead_has_dated_does_not_count,
    ]
    "MUST count every record, whoever sealed it, by what stands in the place of its tokens." => [
        sealed::an_empty_store_has_no_keys_in_use,
        sealed::records_are_counted_by_the_key_that_sealed_them,
        sealed::what_names_no_key_is_counted_too,
    ]
    "MUST say that a key is not opened which this handle does not have, or has under the name of another key." => [
        sealed::a_key_that_the_handle_lacks_is_not_opened,
        sealed::a_key_of_the_same_name_is_not_the_same_key,
    ]
}
