//! The test runtime keeps the promises of the `Runtime` port, by a clock that tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use amo_connect_contract::TestRuntime;
use amo_connect_contract::fixtures::{after, at};
use amo_connect_domain::ports::Runtime as _;
use futures_util::poll;

#[tokio::test]
async fn its_clock_stands_still_until_it_is_moved() {
    let runtime = TestRuntime::at(at(0));
    runtime.sleep(Duration::from_millis(1)).await;
    assert_eq!(runtime.now(), at(0));
    runtime.advance(Duration::from_micros(1));
    assert_eq!(runtime.now(), after(at(0), Duration::from_micros(1)));
    runtime.set(at(99));
    assert_eq!(runtime.now(), at(99));
}

#[tokio::test]
async fn a_sleep_ends_when_the_clock_was_moved_over_it() {
    let runtime = TestRuntime::at(at(0));
    let mut asleep = runtime.sleep(Duration::from_hours(1));
    assert!(poll!(&mut asleep).is_pending());
    runtime.advance(Duration::from_mins(59));
    assert!(poll!(&mut asleep).is_pending());
    runtime.advance(Duration::from_mins(1));
    assert!(poll!(&mut asleep).is_ready());
}

#[tokio::test]
async fn it_waits_for_its_tasks_and_takes_new_ones_after() {
    let runtime = TestRuntime::at(at(0));
    for _ in 0..2 {
        let done = Arc::new(AtomicBool::new(false));
        let task = Arc::clone(&done);
        runtime.spawn(Box::pin(async move {
            tokio::task::yield_now().await;
            task.store(true, Ordering::SeqCst);
        }));
        runtime.idle().await;
        assert!(done.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn one_seed_gives_one_sequence() {
    let draw = |seed| {
        let runtime = TestRuntime::seeded(at(0), seed);
        let mut bytes = [[0; 32]; 2];
        for bytes in &mut bytes {
            runtime.fill_random(bytes);
        }
        bytes
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_ne!(draw(1)[0], draw(1)[1]);
}
