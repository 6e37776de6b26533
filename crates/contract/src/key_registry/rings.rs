//! What instances publish of their keys.

use std::time::Duration;

use amo_connect_domain::key_ring::{InstanceId, KEY_RING_TERM, KeyId, KeyRing, NamedKey};

use super::{KeyRegistryHarness, Keys};

const MICROSECOND: Duration = Duration::from_micros(1);

fn instance(number: u8) -> InstanceId {
    InstanceId([number; 16])
}

/// Keys of these names, the first one first.
fn ring(names: &[&str]) -> KeyRing {
    let key = |name: &str| NamedKey { id: KeyId(name.to_owned()), check: [0xe0; 8] };
    KeyRing { first: key(names[0]), others: names[1..].iter().map(|name| key(name)).collect() }
}

pub(super) async fn what_an_instance_publishes_replaces_what_it_published(harness: &dyn KeyRegistryHarness) {
    let (registry, other) = (harness.handle(Keys::Old).await, harness.handle(Keys::New).await);
    for names in [&["old"][..], &["old", "new"], &["new-1", "old_2", "k"]] {
        registry.publish_keys(instance(1), &ring(names)).await.unwrap();
        assert_eq!(other.published_keys().await.unwrap(), [(instance(1), ring(names))]);
    }
}

pub(super) async fn what_an_instance_withdraws_is_gone_and_nothing_else(harness: &dyn KeyRegistryHarness) {
    let (registry, other) = (harness.handle(Keys::Old).await, harness.handle(Keys::New).await);
    registry.publish_keys(instance(1), &ring(&["old"])).await.unwrap();
    registry.publish_keys(instance(2), &ring(&["new"])).await.unwrap();
    for _ in 0..2 {
        registry.withdraw_keys(instance(1)).await.unwrap();
        assert_eq!(other.published_keys().await.unwrap(), [(instance(2), ring(&["new"]))]);
    }
}

pub(super) async fn rings_of_all_instances_come_in_order(harness: &dyn KeyRegistryHarness) {
    let (registry, other) = (harness.handle(Keys::Old).await, harness.handle(Keys::New).await);
    for number in [3, 1, 2] {
        registry.publish_keys(instance(number), &ring(&["old"])).await.unwrap();
    }
    let expected = [1, 2, 3].map(|number| (instance(number), ring(&["old"])));
    assert_eq!(other.published_keys().await.unwrap(), expected);
}

pub(super) async fn a_ring_counts_for_its_term_and_is_published_again(harness: &dyn KeyRegistryHarness) {
    let registry = harness.handle(Keys::Old).await;
    registry.publish_keys(instance(1), &ring(&["old"])).await.unwrap();
    // A clock that does not stand still has gone on meanwhile.
    harness.advance_store_clock(KEY_RING_TERM / 2).await;
    assert_eq!(registry.published_keys().await.unwrap().len(), 1);
    harness.advance_store_clock(KEY_RING_TERM / 2).await;
    assert_eq!(registry.published_keys().await.unwrap(), []);
    registry.publish_keys(instance(1), &ring(&["old"])).await.unwrap();
    assert_eq!(registry.published_keys().await.unwrap().len(), 1);
}

pub(super) async fn a_ring_that_a_clock_ahead_has_dated_does_not_count(harness: &dyn KeyRegistryHarness) {
    let registry = harness.handle(Keys::Old).await;
    registry.publish_keys(instance(1), &ring(&["old"])).await.unwrap();
    harness.set_store_clock_back(KEY_RING_TERM * 100 + MICROSECOND).await;
    assert_eq!(registry.published_keys().await.unwrap(), []);
}
