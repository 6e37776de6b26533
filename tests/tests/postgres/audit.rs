//! The audit trail is in the same transaction as what it tells of, and in no pair's way.

use amo_connect_adapters::postgres::PgTokenStore;
use amo_connect_contract::fixtures::{at, pair, served, user};
use amo_connect_domain::connection::{CrmConnection, ProblemCode};
use amo_connect_domain::ports::{AuditLog as _, StoreError, TokenStore as _};

use crate::steps::{connected, opened};

/// Saves a connection with a problem on record, which ends when a pair is saved. Returns what is there.
async fn save_troubled(store: &PgTokenStore) -> CrmConnection {
    store.save(&connected("olena"), None).await.unwrap();
    let mut troubled = store.connection(&user("olena")).await.unwrap().unwrap();
    troubled.note(troubled.generation, Some(ProblemCode::ProviderDown), at(1)).unwrap();
    store.save(&troubled, Some(troubled.revision)).await.unwrap();
    troubled
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_saved_beside_an_entry_that_only_a_newer_build_can_read() {
    for unknown in ["event = 'praised'", "actor = 'robot'", "reason = 'stars'"] {
        let (database, store) = opened().await;
        let generation = save_troubled(&store).await.generation;
        database.execute(&format!("UPDATE audit SET {unknown} WHERE event <> 'connected'")).await;
        let unread = store.audit(&user("olena"), 10).await;
        assert!(matches!(unread, Err(StoreError::Corrupt(_))), "{unknown}: {unread:?}");
        let saved = store.save_rotated(&user("olena"), generation, &pair("next"), &served(), at(2)).await.unwrap();
        assert_eq!((saved.generation, saved.problem), (generation.next(), None), "{unknown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_not_superseded_by_the_number_of_an_audit_entry() {
    let (database, store) = opened().await;
    let generation = save_troubled(&store).await.generation;
    database.execute("ALTER TABLE audit ALTER COLUMN id RESTART").await;
    let save = async || store.save_rotated(&user("olena"), generation, &pair("next"), &served(), at(2)).await;
    let mut tries = 0;
    let saved = loop {
        match save().await {
            Ok(saved) => break saved,
            Err(StoreError::Unavailable(_)) => tries += 1,
            Err(error) => panic!("{error:?}"),
        }
        assert!(tries < 10, "the numbers go on");
    };
    assert!(tries > 0, "the first numbers are taken");
    assert_eq!(saved.generation, generation.next());
    assert_eq!(
        store.audit(&user("olena"), 10).await.unwrap().len(),
        3,
        "connected, and a problem that began and ended"
    );
}
