//! Groups of reads, by a database that the test answers for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::super::failure::CONNECTION_LOST;
use super::*;

type Key = &'static str;

/// A database: each group waits until the test lets it through.
struct Played {
    groups: Mutex<Vec<Vec<Key>>>,
    gate: Semaphore,
    lost: AtomicUsize,
}

impl Played {
    /// A database that loses the first `lost` groups with their connection, and is open for `open` of the others.
    fn new(lost: usize, open: usize) -> Arc<Self> {
        Arc::new(Self { groups: Mutex::default(), gate: Semaphore::new(open), lost: AtomicUsize::new(lost) })
    }

    /// Reads in which no group is slow.
    fn reads(self: &Arc<Self>) -> GroupedReads<Key, usize> {
        self.reads_with_slow(Duration::from_hours(1))
    }

    fn reads_with_slow(self: &Arc<Self>, slow: Duration) -> GroupedReads<Key, usize> {
        self.reads_with_times(Times { slow, longest_wait: Duration::from_hours(1) })
    }

    fn reads_with_times(self: &Arc<Self>, times: Times) -> GroupedReads<Key, usize> {
        let this = Arc::clone(self);
        let runtime = Handle::current();
        let spawn = |reader| drop(Handle::current().spawn(reader));
        GroupedReads::with_times(times, &runtime, spawn, move |keys| -> BoxFuture<'static, _> {
            let this = Arc::clone(&this);
            Box::pin(async move { this.read(keys).await })
        })
    }

    /// The length of each key.
    async fn read(&self, keys: Vec<Key>) -> Result<Found<usize>, Failure> {
        self.groups.lock().unwrap().push(keys.clone());
        if self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |lost| lost.checked_sub(1)).is_ok() {
            return Err(Failure::unavailable(DatabaseError::new(CONNECTION_LOST)));
        }
        if keys.contains(&"never ends") {
            std::future::pending::<()>().await;
        }
        self.gate.acquire().await.unwrap().forget();
        assert!(!keys.contains(&"panics"));
        if keys.contains(&"cannot be read") {
            return Err(Failure::Corrupt("a column has another type"));
        }
        let length = |key: Key| if key == "is damaged" { Err(Failure::Corrupt("damaged")) } else { Ok(key.len()) };
        Ok(keys.into_iter().map(length).collect())
    }

    fn groups(&self) -> Vec<Vec<Key>> {
        self.groups.lock().unwrap().clone()
    }

    /// Waits until so many groups have come.
    async fn came(&self, groups: usize) {
        while self.groups().len() < groups {
            tokio::task::yield_now().await;
        }
    }
}

fn told(found: Result<usize, StoreError>) -> Result<usize, String> {
    found.map_err(|error| match error {
        StoreError::Unavailable(why) => format!("unavailable: {why}"),
        error => error.to_string(),
    })
}

fn ask(reads: &GroupedReads<Key, usize>, key: Key) -> JoinHandle<Result<usize, String>> {
    let reads = reads.clone();
    tokio::spawn(async move { told(reads.get(key).await) })
}

/// Has a group under way.
async fn busy(database: &Played, reads: &GroupedReads<Key, usize>) -> JoinHandle<Result<usize, String>> {
    let first = ask(reads, "a");
    database.came(1).await;
    first
}

/// Waits until so many callers wait.
async fn queued(reads: &GroupedReads<Key, usize>, callers: usize) {
    while reads.queue.capacity() > LONGEST_QUEUE - callers {
        tokio::task::yield_now().await;
    }
}

/// Asks for `keys`, while a group is under way, so that they are one group.
async fn ask_together(database: &Played, reads: &GroupedReads<Key, usize>, keys: &[Key]) -> Vec<Result<usize, String>> {
    let busy = busy(database, reads).await;
    let asked: Vec<_> = keys.iter().map(|key| ask(reads, key)).collect();
    queued(reads, keys.len()).await;
    assert_eq!(database.groups(), [["a"]], "one is under way, and nobody joins it");
    database.gate.add_permits(100);
    assert_eq!(busy.await.unwrap(), Ok(1));
    join_all(asked).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn who_asks_while_a_group_is_under_way_is_answered_by_the_next_one() {
    let database = Played::new(0, 0);
    let found = ask_together(&database, &database.reads(), &["c", "dd", "c"]).await;
    assert_eq!(found, [Ok(1), Ok(2), Ok(1)]);
    assert_eq!(database.groups()[1..], [["c", "dd", "c"]]);
}

#[tokio::test]
async fn who_has_gone_away_asks_for_nothing() {
    let database = Played::new(0, 0);
    let reads = database.reads();
    let busy = busy(&database, &reads).await;
    let gone = ask(&reads, "gone");
    queued(&reads, 1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    database.gate.add_permits(100);
    assert_eq!(busy.await.unwrap(), Ok(1));
    assert_eq!(ask(&reads, "later").await.unwrap(), Ok(5));
    assert_eq!(database.groups(), [["a"], ["later"]]);
}

#[tokio::test]
async fn a_slow_group_does_not_hold_up_the_others() {
    let database = Played::new(0, 3);
    let reads = database.reads_with_slow(Duration::from_millis(1));
    let stuck = ask(&reads, "never ends");
    database.came(1).await;
    for _ in 0..3 {
        assert_eq!(ask(&reads, "next").await.unwrap(), Ok(4));
    }
    stuck.abort();
}

#[tokio::test]
async fn a_reader_whose_group_was_slow_reads_again() {
    let database = Played::new(0, 0);
    let reads = database.reads_with_slow(Duration::from_millis(1));
    for round in 0..3 {
        let first = ask(&reads, "first");
        database.came(2 * round + 1).await;
        let second = ask(&reads, "second");
        database.came(2 * round + 2).await;
        database.gate.add_permits(READERS);
        assert_eq!(first.await.unwrap(), Ok(5));
        assert_eq!(second.await.unwrap(), Ok(6));
    }
}

#[tokio::test]
async fn readers_end_with_the_last_clone() {
    let database = Played::new(0, 1);
    let reads = database.reads();
    assert_eq!(ask(&reads, "a").await.unwrap(), Ok(1));
    drop(reads);
    while Arc::strong_count(&database) > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_bad_row_fails_its_caller_alone() {
    for bad in ["is damaged", "cannot be read", "panics"] {
        let database = Played::new(0, 0);
        let reads = database.reads();
        let found = ask_together(&database, &reads, &["c", bad, "dd"]).await;
        assert!(matches!(&found[..], [Ok(1), Err(_), Ok(2)]), "{bad}: {found:?}");
        assert_eq!(ask(&reads, "later").await.unwrap(), Ok(5), "{bad}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_told_only_after_a_second_try() {
    let database = Played::new(1, 1);
    assert_eq!(told(database.reads().get("a").await), Ok(1));
    assert_eq!(database.groups(), [["a"], ["a"]]);

    let database = Played::new(2, 1);
    let found = told(database.reads().get("a").await);
    assert_eq!(found, Err("unavailable: the connection is lost".to_owned()));
    assert_eq!(database.groups().len(), 2);
}

#[tokio::test]
async fn a_queue_that_is_full_refuses() {
    let database = Played::new(0, 0);
    let reads = database.reads();
    let busy = busy(&database, &reads).await;
    let mut waiting = Box::pin(join_all((0..LONGEST_QUEUE).map(|_| reads.get("w"))));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    assert_eq!(told(reads.get("one more").await), Err("unavailable: too many reads wait".to_owned()));
    database.gate.add_permits(LONGEST_QUEUE);
    assert!(waiting.await.into_iter().all(|found| told(found) == Ok(1)));
    assert_eq!(busy.await.unwrap(), Ok(1));
}

#[tokio::test]
async fn who_waits_too_long_for_slow_groups_is_told_so_and_who_is_read_later_is_answered() {
    let database = Played::new(0, 0);
    let times = Times { slow: Duration::from_millis(1), longest_wait: Duration::from_millis(40) };
    let reads = database.reads_with_times(times);
    let mut under_way = Vec::new();
    for group in 1..=READERS {
        under_way.push(ask(&reads, "a"));
        database.came(group).await;
    }
    let asked = Instant::now();
    let waited: Vec<_> = (0..3).map(|_| ask(&reads, "bb")).collect();
    for waited in waited {
        assert_eq!(waited.await.unwrap(), Err("unavailable: every connection is busy".to_owned()));
        assert!(asked.elapsed() >= times.longest_wait);
    }
    assert_eq!((reads.waiting(), reads.timeouts()), (0, 3));

    // Nobody has waited as long when the database is there again.
    let next: Vec<_> = (0..=LARGEST_GROUP).map(|_| ask(&reads, "ccc")).collect();
    while reads.waiting() < next.len() {
        tokio::task::yield_now().await;
    }
    database.gate.add_permits(100);
    for asked in under_way {
        assert_eq!(asked.await.unwrap(), Ok(1));
    }
    for asked in next {
        assert_eq!(asked.await.unwrap(), Ok(3));
    }
    let lengths: Vec<_> = database.groups().iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 1, LARGEST_GROUP, 1]);
    assert_eq!((reads.waiting(), reads.timeouts()), (0, 3));
}
