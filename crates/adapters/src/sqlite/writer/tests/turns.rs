//! Who is in which group, and who waits in vain.

use std::pin::pin;
use std::time::Duration;

use amo_connect_domain::ports::{StoreError, StoreHealth as _};
use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::{FutureExt as _, poll};
use tokio::runtime::Runtime;
use tokio::task::yield_now;

use super::fixtures::*;
use crate::cipher::TokenKeys;
use crate::rows::{DatabaseError, Durability, Precedence};
use crate::sqlite::SqliteOptions;
use crate::sqlite::database::SqliteRows;
use crate::sqlite::tests::fixtures::*;
use crate::sqlite::writer::member::Member;
use crate::sqlite::writer::queue::{LARGEST_GROUP, LONGEST_QUEUE, Queue};

/// Nobody's work.
struct Nothing;

#[async_trait]
impl Member for Nothing {
    async fn run(&mut self, _: &mut SqliteRows<'_>, _: &TokenKeys) {}

    fn succeeded(&self) -> bool {
        true
    }

    fn tell(self: Box<Self>) {}

    fn refuse(self: Box<Self>, _: DatabaseError) {}
}

fn queue_of(usual: usize, first: usize, bulk: usize) -> Queue {
    let mut queue = Queue::default();
    let durable = Durability::Durable;
    for (count, write) in [(usual, durable.into()), (first, durable.first()), (bulk, durable.bulk())] {
        for _ in 0..count {
            queue.push(write.clone(), Box::new(Nothing)).unwrap();
        }
    }
    queue
}

/// How many of each precedence are in the next group: those that go first, the usual, bulk.
fn next(queue: &mut Queue) -> [usize; 3] {
    let group = queue.next_group();
    [Precedence::First, Precedence::Usual, Precedence::Bulk]
        .map(|precedence| group.iter().filter(|waiting| waiting.write.precedence == precedence).count())
}

#[test]
fn pairs_and_leases_go_first_and_leave_a_quarter_to_others() {
    let mut queue = queue_of(100, 100, 0);
    assert_eq!(next(&mut queue), [48, 16, 0]);
    assert_eq!(next(&mut queue), [48, 16, 0]);
    assert_eq!(next(&mut queue), [4, 60, 0]);
    assert_eq!(next(&mut queue), [0, 8, 0]);
    let mut queue = queue_of(0, 100, 0);
    assert_eq!(next(&mut queue), [LARGEST_GROUP, 0, 0]);
}

#[test]
fn a_bulk_statement_lets_one_group_go_before_it_and_no_more() {
    let mut queue = queue_of(0, 130, 2);
    let groups = [[64, 0, 0], [0, 0, 1], [64, 0, 0], [0, 0, 1], [2, 0, 0], [0, 0, 0]];
    assert_eq!(groups.map(|_| next(&mut queue)), groups);
}

#[test]
fn work_that_has_not_begun_keeps_its_place_and_can_be_withdrawn() {
    let mut queue = queue_of(3, 2, 0);
    let mut group = queue.next_group();
    let tickets: Vec<u64> = group.iter().map(|waiting| waiting.ticket).collect();
    queue.push(Durability::Durable.first(), Box::new(Nothing)).unwrap();
    queue.give_back(group.split_off(1));
    assert!(queue.withdraw(tickets[0]).is_none(), "it has begun");
    assert!(queue.withdraw(tickets[3]).is_some());
    let next: Vec<u64> = queue.next_group().iter().map(|waiting| waiting.ticket).collect();
    assert_eq!(next, [tickets[1], tickets[2], tickets[4], 6], "who came later goes after it, a pair too");
}

#[test]
fn pairs_that_never_end_hold_up_nobody_for_ever() {
    let mut queue = queue_of(1, 60, 0);
    let ran = (0..8).any(|_| {
        let mut group = queue.next_group();
        // Each group has time for ten, and as many pairs come as there are places.
        queue.give_back(group.split_off(10));
        for _ in 0..LARGEST_GROUP {
            queue.push(Durability::Durable.first(), Box::new(Nothing)).unwrap();
        }
        group.iter().any(|waiting| waiting.write.precedence == Precedence::Usual)
    });
    assert!(ran);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_statement_shares_its_transaction_with_nobody() {
    let bench = Counted::new().await;
    let bulk = || bench.write(Durability::Durable.bulk(), || {}).boxed();
    let outcomes = bench.together([bulk(), bench.open_attempt("olena"), bulk(), bench.open_attempt("ivan")]).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(bench.commits(), 1 + 1 + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_has_worked_for_long_is_committed_without_the_rest() {
    let bench = Counted::made("COMMIT", Duration::ZERO, options()).await;
    let outcomes = bench.together(["olena", "ivan", "petro"].map(|name| bench.open_attempt(name))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(bench.commits(), 1 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_waits_ends_though_its_caller_has_gone() {
    let (bench, gate) = (Counted::new().await, Gate::default());
    let mut before = pin!(bench.write(Durability::Durable, gate.passage()));
    assert!(poll!(&mut before).is_pending());
    gate.reached().await;
    let mut gone = bench.open_attempt("olena");
    assert!(poll!(&mut gone).is_pending());
    drop(gone);
    gate.open();
    before.await.unwrap();
    bench.store.beat().await.unwrap();
    assert!(bench.has_attempt("olena").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waits_for_its_turn_no_longer_than_for_a_lock_and_for_its_work_as_long_as_that_takes() {
    let options = SqliteOptions { busy_timeout: Duration::from_millis(20), ..options() };
    let bench = Counted::made("COMMIT", NO_LIMIT, options).await;
    let (gate, mut begun) = loop {
        let gate = Gate::default();
        let mut call = bench.write(Durability::Durable, gate.passage()).boxed();
        while !gate.is_reached() && poll!(&mut call).is_pending() {
            yield_now().await;
        }
        // A slow machine may not have begun it in time.
        if gate.is_reached() {
            break (gate, call);
        }
    };
    let timeouts = bench.status().timeouts;
    let Err(StoreError::Unavailable(source)) = bench.open_attempt("olena").await else { panic!("it was not told") };
    assert_eq!(source.to_string(), "every connection is busy");
    assert_eq!((bench.status().timeouts - timeouts, bench.status().waiting), (1, 0));
    assert!(poll!(&mut begun).is_pending());
    gate.open();
    begun.await.unwrap();
    assert!(!bench.has_attempt("olena").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_full_takes_nobody() {
    let (bench, gate) = (Counted::new().await, Gate::default());
    let mut begun = pin!(bench.write(Durability::Relaxed, gate.passage()));
    assert!(poll!(&mut begun).is_pending());
    gate.reached().await;
    let mut waiting = join_all((0..LONGEST_QUEUE).map(|_| bench.write(Durability::Relaxed, || {})));
    assert!(poll!(&mut waiting).is_pending());
    assert_eq!(bench.status().waiting, LONGEST_QUEUE);
    let Err(StoreError::Unavailable(source)) = bench.open_attempt("olena").await else { panic!("it was taken") };
    assert_eq!(source.to_string(), "too many writes wait");
    gate.open();
    begun.await.unwrap();
    assert!(waiting.await.iter().all(Result::is_ok));
}

#[test]
fn a_caller_is_told_that_the_runtime_has_ended() {
    let (main, other) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let bench = main.block_on(Counted::new());
    main.block_on(bench.store.beat()).unwrap();
    drop(main);
    for _ in 0..2 {
        let told = other.block_on(bench.store.beat()).unwrap_err();
        let StoreError::Unavailable(source) = told else { panic!("{told:?}") };
        assert_eq!(source.to_string(), "the program is stopping");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_clone_of_a_store_closes_its_connections() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    store.beat().await.unwrap();
    let clone = store.clone();
    drop(store);
    clone.beat().await.unwrap();
    let log = scratch.file().with_file_name("amo-connect.db-wal");
    assert!(log.exists());
    drop(clone);
    assert!(!log.exists(), "SQLite removes it with the last connection");
}
