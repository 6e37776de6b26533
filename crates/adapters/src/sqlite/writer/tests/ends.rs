//! How groups end, and what their members are told.

use std::fs;
use std::sync::Arc;

use amo_connect_domain::authorization::attempt::AttemptState;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ports::{StoreError, StoreHealth as _, TokenStore as _};
use amo_connect_domain::token::{State, StateHash};
use futures_util::{FutureExt as _, poll};

use super::fixtures::*;
use crate::rows::Durability;
use crate::sqlite::tests::fixtures::*;
use crate::sqlite::writer::GroupEnd;

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_wait_share_one_commit() {
    let bench = Counted::new().await;
    let names: Vec<String> = (0..10).map(|number| format!("user {number}")).collect();
    let outcomes = bench.together(names.iter().map(|name| bench.open_attempt(name))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(bench.commits(), 2);
    for name in &names {
        assert!(bench.has_attempt(name).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_before_the_commit_has_returned() {
    let (scratch, gate) = (Scratch::new(), Gate::default());
    let passage = gate.passage();
    let commit = Arc::new(move || {
        passage();
        "COMMIT"
    });
    let (store, _) = scratch.store_that(GroupEnd { commit, ..GroupEnd::default() }, options()).await;
    let attempt = attempt("olena", user("olena"), 0);
    let mut call = store.open_attempt(&attempt);
    assert!(poll!(&mut call).is_pending());
    gate.reached().await;
    assert!(poll!(&mut call).is_pending());
    assert_eq!(store.attempt(attempt.id).await.unwrap(), None);
    gate.open();
    call.await.unwrap();
    assert_eq!(scratch.store().await.attempt(attempt.id).await.unwrap(), Some(attempt.clone()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_fails_leaves_nothing_and_fails_nobody_else() {
    let bench = Counted::new().await;
    let olenas = ["one", "two", "three", "four", "five"].map(|name| attempt(name, user("olena"), 0));
    for attempt in &olenas {
        bench.store.open_attempt(attempt).await.unwrap();
    }
    let before = bench.commits();
    let panicking = bench.write(Durability::Durable, || panic!("a member of a group panics on purpose"));
    let outcomes = bench.together([
        bench.open_attempt("ivan"),
        // A sixth supersedes the oldest, and then meets its own id.
        bench.store.open_attempt(&olenas[0]).boxed(),
        std::panic::AssertUnwindSafe(panicking)
            .catch_unwind()
            .map(|outcome| outcome.map_or(Err(StoreError::Corrupt("it panicked")), |_| Ok(())))
            .boxed(),
        bench.open_attempt("petro"),
    ]);
    assert_eq!(told(&outcomes.await), ["done", "conflict", "corrupt", "done"]);
    assert_eq!(bench.commits(), before + 2, "they were one group");
    assert!(bench.has_attempt("ivan").await && bench.has_attempt("petro").await);
    for attempt in olenas {
        assert_eq!(bench.store.attempt(attempt.id).await.unwrap(), Some(attempt));
    }
    bench.store.beat().await.unwrap();
}

/// Users whose attempts cannot be committed: a foreign key is looked at by `COMMIT`.
const ORPHANS: &str = "
    CREATE TABLE parents (id INTEGER PRIMARY KEY);
    CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER orphans AFTER INSERT ON attempts WHEN NEW.user_id = CAST('orphan' AS BLOB)
    BEGIN INSERT INTO children VALUES (1); END";

#[tokio::test(flavor = "multi_thread")]
async fn after_a_commit_that_fails_each_is_run_again_alone() {
    let bench = Counted::new().await;
    bench.scratch.execute(ORPHANS);
    let outcomes = bench.together(["olena", "orphan", "ivan"].map(|name| bench.open_attempt(name))).await;
    assert_eq!(told(&outcomes), ["done", "unavailable", "done"]);
    assert_eq!(bench.commits(), 2 + 3);
    assert!(bench.has_attempt("olena").await && bench.has_attempt("ivan").await);
    assert!(!bench.has_attempt("orphan").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_member_that_undoes_the_whole_group_each_is_run_again_alone() {
    let bench = Counted::new().await;
    bench.scratch.execute(
        "CREATE TRIGGER worst AFTER INSERT ON attempts WHEN NEW.user_id = CAST('worst' AS BLOB)
         BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END",
    );
    let outcomes = bench.together(["olena", "worst", "ivan"].map(|name| bench.open_attempt(name))).await;
    assert_eq!(told(&outcomes), ["done", "unavailable", "done"]);
    assert!(bench.has_attempt("olena").await && bench.has_attempt("ivan").await);
    assert!(!bench.has_attempt("worst").await);
}

/// What two callers are told whose commit ends so, how often something was committed for them, and whether their work
/// is there.
async fn after(commit: &'static str) -> (Vec<&'static str>, usize, bool) {
    let bench = Counted::whose_second_commit(commit).await;
    let outcomes = bench.together(["olena", "ivan"].map(|name| bench.open_attempt(name))).await;
    let [olenas, ivans] = [bench.has_attempt("olena").await, bench.has_attempt("ivan").await];
    assert_eq!(olenas, ivans);
    bench.store.beat().await.unwrap();
    (told(&outcomes), bench.commits() - 2, olenas)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_commit_of_unknown_end_is_looked_before_anything_is_run_again_or_told() {
    let committed = after("COMMIT; SELECT * FROM nowhere").await;
    assert_eq!(committed, (vec!["done"; 2], 1, true), "run again, it would have met its own id");
    let rolled_back = after("ROLLBACK; SELECT * FROM nowhere").await;
    assert_eq!(rolled_back, (vec!["done"; 2], 1 + 2, true));
    let others_wrote = after("ROLLBACK; PRAGMA user_version = 77; SELECT * FROM nowhere").await;
    assert_eq!(others_wrote, (vec!["unavailable"; 2], 1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_alone_is_told_how_a_commit_of_unknown_end_ended() {
    for (commit, is_there) in [("COMMIT; SELECT * FROM nowhere", true), ("ROLLBACK; SELECT * FROM nowhere", false)] {
        let bench = Counted::whose_second_commit(commit).await;
        bench.store.beat().await.unwrap();
        assert_eq!(bench.open_attempt("olena").await.is_ok(), is_there);
        assert_eq!(bench.has_attempt("olena").await, is_there);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_relaxed_waits_for_no_disk_and_what_is_durable_after_it_does() {
    let bench = Counted::new().await;
    for _ in 0..2 {
        for (durability, synchronous) in
            [(Durability::Relaxed, 1), (Durability::Durable, 2), (Durability::Relaxed, 1), (Durability::Erased, 2)]
        {
            bench.write(durability, || {}).await.unwrap();
            assert_eq!(bench.synchronous(), synchronous, "{durability:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_durable_member_makes_the_group_durable() {
    for (last, synchronous) in [(Durability::Relaxed, 1), (Durability::Durable, 2), (Durability::Erased, 2)] {
        let bench = Counted::new().await;
        let calls = [Durability::Relaxed, Durability::Relaxed, last].map(|each| bench.write(each, || {}).boxed());
        bench.together(calls).await;
        assert_eq!((bench.synchronous(), bench.commits()), (synchronous, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_changes_nothing_writes_nothing() {
    let bench = Counted::new().await;
    bench.open_attempt("olena").await.unwrap();
    let log = bench.scratch.file().with_file_name("amo-connect.db-wal");
    let before = fs::metadata(&log).unwrap().len();
    let nobodys = StateHash::of(Some(&State::new("nobody's")));
    let nothing = || bench.store.close_attempt(nobodys, AttemptState::Denied).boxed();
    nothing().await.unwrap();
    assert!(bench.together([nothing(), nothing()]).await.iter().all(Result::is_ok));
    assert_eq!(fs::metadata(&log).unwrap().len(), before);
    bench.open_attempt("ivan").await.unwrap();
    assert!(fs::metadata(&log).unwrap().len() > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_empty_before_whoever_wiped_in_a_group_hears() {
    let bench = Counted::new().await;
    bench.store.save(&connected("olena"), None).await.unwrap();
    let log = bench.scratch.file().with_file_name("amo-connect.db-wal");
    let wiped = async {
        bench.store.disconnect(&user("olena"), Actor::User).await.unwrap();
        fs::metadata(&log).unwrap().len()
    };
    let others = async {
        bench.open_attempt("ivan").await.unwrap();
        0
    };
    assert_eq!(bench.together([others.boxed(), wiped.boxed()]).await, [0, 0]);
}
