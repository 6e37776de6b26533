//! Tokens at rest.

use std::fs;

use amo_connect_domain::authorization::code::{ClaimRefusal, ExchangeStatus};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ids::Revision;
use amo_connect_domain::ports::{Claim, Maintenance as _, StoreError, StoreHealth as _, TokenStore as _};
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

#[derive(diesel::QueryableByName)]
struct Sealed {
    #[diesel(sql_type = diesel::sql_types::Binary)]
    tokens: Vec<u8>,
}

/// A part of each sealed pair that `table` has, long enough to be found again.
fn sealed(scratch: &Scratch, table: &str) -> Vec<[u8; 40]> {
    let query = diesel::sql_query(format!("SELECT tokens FROM {table} WHERE tokens IS NOT NULL"));
    let sealed: Vec<Sealed> = query.load(&mut scratch.raw()).unwrap();
    sealed.iter().map(|sealed| *sealed.tokens.last_chunk().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_leaves_not_even_the_sealed_tokens() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    let mut connection = CrmConnection::new(user("olena"));
    connection.connect(grant(1, &"as long as a real one ".repeat(200)), at(0));
    store.save(&connection, None).await.unwrap();
    scratch.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    // A page's worth and more lies in pages of its own, which SQLite would keep as they are.
    let parts = sealed(&scratch, "connections");
    assert!(is_on_disk(&scratch, &parts[0]));
    // And a younger copy lies in the write-ahead log.
    let connection = connection.stored_as(Revision(1));
    store.save(&connection, Some(Revision(1))).await.unwrap();
    let younger = sealed(&scratch, "connections");
    assert!(younger != parts && is_on_disk(&scratch, &younger[0]));

    store.disconnect(&user("olena"), Actor::User).await.unwrap();
    assert!(!is_on_disk(&scratch, &parts[0]) && !is_on_disk(&scratch, &younger[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_wipes_and_a_sweep_leave_not_even_the_sealed_tokens() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    let waiting = sealed(&scratch, "exchanges");
    assert!(waiting.len() == 2 && waiting.iter().all(|part| is_on_disk(&scratch, part)));

    // She is connected to another account: one of the two grants is wiped.
    let refused = store.claim(code("waiting"), &user("olena"), connected("olena").epoch, at(1)).await.unwrap();
    assert_eq!(refused, Claim::Refused(ClaimRefusal::OtherAccount));
    assert_eq!(waiting.iter().filter(|part| is_on_disk(&scratch, *part)).count(), 1);
    assert_eq!(store.sweep(at(3600), store.clock().await.unwrap()).await.unwrap(), 1);
    assert!(!waiting.iter().any(|part| is_on_disk(&scratch, part)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_in_the_way_delays_a_disconnect_a_little_and_the_next_one_catches_up() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    let tokens = sealed(&scratch, "connections");
    let mut reader = scratch.raw();
    reader.batch_execute("BEGIN; SELECT count(*) FROM connections").unwrap();
    store.disconnect(&user("olena"), Actor::User).await.unwrap();
    assert_eq!(store.connection(&user("olena")).await.unwrap().unwrap().grant(), None);
    assert!(is_on_disk(&scratch, &tokens[0]), "nobody stood in the way");

    reader.batch_execute("COMMIT").unwrap();
    store.sweep(at(1), store.clock().await.unwrap()).await.unwrap();
    assert!(!is_on_disk(&scratch, &tokens[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_do_not_open_without_their_key_nor_in_another_row() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    store.save(&connected("ivan"), None).await.unwrap();

    let with_other_key = scratch.store_with(OTHER_KEY).await;
    assert!(matches!(with_other_key.connection(&user("olena")).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(with_other_key.exchange(code("waiting")).await, Err(StoreError::Corrupt(_))));
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

    assert_eq!(store.sweep(at(3600), store.clock().await.unwrap()).await.unwrap(), 2);
    assert_eq!(store.exchange(code("waiting")).await.unwrap().unwrap().status, ExchangeStatus::Unclaimed);
    let (olena, spent) = (user("olena"), connected("olena").generation);
    let rotated = store.save_rotated(&olena, spent, &grant(1, "new").tokens, &served(), at(1)).await.unwrap();
    assert_eq!(rotated.grant(), Some(&grant(1, "new")));
    assert_eq!(store.connection(&olena).await.unwrap(), Some(rotated));

    scratch.raw().batch_execute("UPDATE connections SET tokens = x'00'").unwrap();
    store.save_grant(code("in flight"), &grant(1, "again"), &served(), at(2)).await.unwrap();
    assert_eq!(store.connection(&olena).await.unwrap().unwrap().grant(), Some(&grant(1, "again")));
    scratch.raw().batch_execute("UPDATE connections SET tokens = x'00'").unwrap();
    store.disconnect(&olena, Actor::User).await.unwrap();
    assert_eq!(store.connection(&olena).await.unwrap().unwrap().grant(), None);
}
