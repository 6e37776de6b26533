//! Sealing stored tokens anew, while others serve.

use amo_connect_domain::ports::TokenStore as _;

use super::fixtures::*;
use crate::backend::Reseal as _;
use crate::sqlite::SqliteTokenStore;
use crate::{Cursor, Resealed};

/// Walks through all rows, `limit` at a time.
async fn walk(store: &SqliteTokenStore, limit: u32) -> Resealed {
    let mut all = Resealed { next: Some(Cursor::default()), ..Resealed::default() };
    while let Some(cursor) = all.next.take() {
        let batch = store.reseal(cursor, limit).await.unwrap();
        all.seen += batch.seen;
        all.resealed += batch.resealed;
        all.unreadable += batch.unreadable;
        all.next = batch.next;
    }
    all
}

fn both(first: &str, second: &str) -> String {
    format!("{first},{second}")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tokens_open_with_the_new_key_alone_and_nothing_else_changed() {
    let scratch = Scratch::new();
    fill(&scratch.store().await).await;
    let store = scratch.store_with(&both(OTHER_KEY, KEY)).await;
    let before = store.connection(&user("olena")).await.unwrap().unwrap();
    let sealed = store.sealed().await.unwrap();
    assert!(sealed >= 2, "a connection and a waiting grant: {sealed}");

    let all = walk(&store, 1).await;
    assert_eq!((all.seen as u64, all.resealed as u64, all.unreadable), (sealed, sealed, 0));
    let again = walk(&store, 100).await;
    assert_eq!((again.seen as u64, again.resealed), (sealed, 0), "what is done is passed over");

    let new_alone = scratch.store_with(OTHER_KEY).await;
    assert_eq!(new_alone.connection(&user("olena")).await.unwrap().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_key_opens_is_counted_and_left_as_it_is() {
    let scratch = Scratch::new();
    let old = scratch.store().await;
    fill(&old).await;
    let all = walk(&scratch.store_with(OTHER_KEY).await, 100).await;
    assert_eq!((all.resealed, all.unreadable), (0, all.seen));
    assert!(old.connection(&user("olena")).await.unwrap().unwrap().grant().is_some());
}
