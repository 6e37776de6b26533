//! Sealing stored tokens anew on PostgreSQL, stopped halfway and begun again.

use amo_connect_adapters::backend::Reseal as _;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{PgOptions, PgTokenStore};
use amo_connect_adapters::{Cursor, Resealed};
use amo_connect_contract::fixtures::{at, pair, served, user};
use amo_connect_domain::ports::TokenStore;
use amo_connect_tests::{PgDatabase, test_server};

use crate::steps::{KEYS, connected, open};

const NEW: &str = "two:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

async fn open_under(url: &str, keys: &str) -> PgTokenStore {
    PgTokenStore::open(&url.parse().unwrap(), TokenKeys::parse(keys).unwrap(), PgOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_was_stopped_is_begun_again_and_a_rotation_between_has_the_last_word() {
    let database = PgDatabase::migrated(&test_server()).await;
    let old = open(&database.url()).await.unwrap();
    for name in ["adam", "maria", "zoya"] {
        old.save(&connected(name), None).await.unwrap();
    }
    let store = open_under(&database.url(), &format!("{NEW},{KEYS}")).await;
    let Resealed { resealed, next, .. } = store.reseal(Cursor::default(), 1).await.unwrap();
    assert_eq!((resealed, next), (1, Some(Cursor::Connections(b"adam".to_vec()))));

    // Stopped here. A service that still seals under the old key renews one of them.
    let spent = old.connection(&user("zoya")).await.unwrap().unwrap().generation;
    old.save_rotated(&user("zoya"), spent, &pair("next"), &served(), at(9)).await.unwrap();

    let mut cursor = Some(Cursor::default());
    let mut resealed = 0;
    while let Some(here) = cursor {
        let batch = store.reseal(here, 2).await.unwrap();
        resealed += batch.resealed;
        cursor = batch.next;
    }
    assert_eq!(resealed, 2, "what was done is passed over");
    let new_alone = open_under(&database.url(), NEW).await;
    let zoya = new_alone.connection(&user("zoya")).await.unwrap().unwrap();
    assert_eq!(zoya.grant().unwrap().tokens, pair("next"));
    assert!(new_alone.connection(&user("adam")).await.unwrap().unwrap().grant().is_some());
}
