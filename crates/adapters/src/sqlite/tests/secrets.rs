//! Tokens at rest.

use std::fs;

use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::exchange::ExchangeStatus;
use amo_connect_domain::ports::{StoreError, TokenStore as _};
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;

use super::fixtures::*;

/// Whether any of the database's files holds `text`.
fn is_on_disk(scratch: &Scratch, text: &[u8]) -> bool {
    let directory = scratch.file().parent().unwrap().to_owned();
    let files = fs::read_dir(directory).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_on_disk_in_plain() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    assert!(is_on_disk(&scratch, b"a1.amocrm.ru"), "the files are not the ones that are written");
    for secret in ["access-", "refresh-"] {
        assert!(!is_on_disk(&scratch, secret.as_bytes()), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_leaves_not_even_the_sealed_tokens() {
    #[derive(diesel::QueryableByName)]
    struct Sealed {
        #[diesel(sql_type = diesel::sql_types::Binary)]
        tokens: Vec<u8>,
    }
    let scratch = Scratch::new();
    let store = scratch.store().await;
    let mut connection = CrmConnection::new(user("olena"));
    connection.connect(grant(1, &"as long as a real one ".repeat(200)), at(0));
    store.save(&connection, None).await.unwrap();
    let query = diesel::sql_query("SELECT tokens FROM connections");
    let sealed: Sealed = query.get_result(&mut scratch.raw()).unwrap();
    scratch.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    // A page's worth and more lies in pages of its own, which SQLite would keep as they are.
    let part = sealed.tokens.last_chunk::<100>().unwrap();
    assert!(is_on_disk(&scratch, part));

    store.disconnect(&user("olena")).await.unwrap();
    scratch.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    assert!(!is_on_disk(&scratch, part));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_do_not_open_without_their_key_nor_in_another_row() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    store.save(&connected("ivan"), None).await.unwrap();

    let stranger = scratch.store_with(OTHER_KEY).await;
    assert!(matches!(stranger.connection(&user("olena")).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(stranger.exchange(code("waiting")).await, Err(StoreError::Corrupt(_))));
    let both = scratch.store_with(&format!("{OTHER_KEY},{KEY}")).await;
    assert_eq!(both.connection(&user("olena")).await.unwrap().unwrap().grant(), Some(&grant(1, "olena")));

    scratch.execute(
        "UPDATE connections SET tokens = (SELECT tokens FROM connections WHERE user_id = x'6976616e')
         WHERE user_id = x'6f6c656e61'",
    );
    assert!(matches!(store.connection(&user("olena")).await, Err(StoreError::Corrupt(_))));
    assert!(store.connection(&user("ivan")).await.is_ok());
    scratch.execute("UPDATE connections SET tokens = (SELECT tokens FROM exchanges WHERE tokens IS NOT NULL LIMIT 1)");
    assert!(matches!(store.connection(&user("ivan")).await, Err(StoreError::Corrupt(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_stops_nobody_from_wiping_or_replacing_tokens() {
    let scratch = Scratch::new();
    fill(&scratch.store().await).await;
    let store = scratch.store_with(OTHER_KEY).await;

    assert_eq!(store.sweep(at(3600)).await.unwrap(), 2);
    assert_eq!(store.exchange(code("waiting")).await.unwrap().unwrap().status, ExchangeStatus::Unclaimed);
    let (olena, spent) = (user("olena"), connected("olena").generation);
    let rotated = store.save_rotated(&olena, spent, &grant(1, "new").tokens, at(1)).await.unwrap();
    assert_eq!(rotated.grant(), Some(&grant(1, "new")));
    assert_eq!(store.connection(&olena).await.unwrap(), Some(rotated));

    scratch.raw().batch_execute("UPDATE connections SET tokens = x'00'").unwrap();
    store.save_grant(code("in flight"), &grant(1, "again"), at(2)).await.unwrap();
    assert_eq!(store.connection(&olena).await.unwrap().unwrap().grant(), Some(&grant(1, "again")));
    scratch.raw().batch_execute("UPDATE connections SET tokens = x'00'").unwrap();
    store.disconnect(&olena).await.unwrap();
    assert_eq!(store.connection(&olena).await.unwrap().unwrap().grant(), None);
}
