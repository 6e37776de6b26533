//! Which keys stored tokens are sealed under.

use amo_connect_domain::key_ring::{KeyId, SealedRecords};

use super::{KeyRegistryHarness, Keys, Record};

fn of(key: &str, records: u64, opens: bool) -> SealedRecords {
    SealedRecords { key: Some(KeyId(key.to_owned())), records, opens }
}

/// What a handle with `keys` says.
async fn counted(harness: &dyn KeyRegistryHarness, keys: Keys) -> Vec<SealedRecords> {
    harness.handle(keys).await.sealed_records().await.unwrap()
}

pub(super) async fn an_empty_store_has_no_keys_in_use(harness: &dyn KeyRegistryHarness) {
    assert_eq!(counted(harness, Keys::Old).await, []);
}

pub(super) async fn records_are_counted_by_the_key_that_sealed_them(harness: &dyn KeyRegistryHarness) {
    harness.seal("adam", Record::Connection, Keys::Old).await;
    harness.seal("maria", Record::Connection, Keys::Old).await;
    harness.seal("code", Record::Exchange, Keys::Old).await;
    assert_eq!(counted(harness, Keys::NewAndOld).await, [of("old", 3, true)]);
    harness.seal("zoya", Record::Connection, Keys::NewAndOld).await;
    assert_eq!(counted(harness, Keys::NewAndOld).await, [of("new", 1, true), of("old", 3, true)]);
    harness.seal("another code", Record::Exchange, Keys::New).await;
    assert_eq!(counted(harness, Keys::NewAndOld).await, [of("new", 2, true), of("old", 3, true)]);
}

pub(super) async fn what_names_no_key_is_counted_too(harness: &dyn KeyRegistryHarness) {
    harness.seal("adam", Record::Connection, Keys::Old).await;
    harness.seal("maria", Record::Connection, Keys::Old).await;
    harness.spoil("maria").await;
    let unnamed = SealedRecords { key: None, records: 1, opens: false };
    assert_eq!(counted(harness, Keys::Old).await, [unnamed, of("old", 1, true)]);
}

pub(super) async fn a_key_that_the_handle_lacks_is_not_opened(harness: &dyn KeyRegistryHarness) {
    harness.seal("adam", Record::Connection, Keys::Old).await;
    harness.seal("zoya", Record::Connection, Keys::New).await;
    assert_eq!(counted(harness, Keys::Old).await, [of("new", 1, false), of("old", 1, true)]);
    assert_eq!(counted(harness, Keys::New).await, [of("new", 1, true), of("old", 1, false)]);
}

pub(super) async fn a_key_of_the_same_name_is_not_the_same_key(harness: &dyn KeyRegistryHarness) {
    harness.seal("adam", Record::Connection, Keys::Old).await;
    harness.seal("code", Record::Exchange, Keys::Old).await;
    assert_eq!(counted(harness, Keys::OtherOld).await, [of("old", 2, false)]);
}
