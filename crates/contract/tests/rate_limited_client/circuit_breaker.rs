//! The circuit breaker: after a ban no instance calls, except one probe at a time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_domain::ports::{AmoError, CircuitChange, Event, Observer, Runtime as _};
use amo_connect_domain::rate_limit::PROBE_TERM;
use futures_util::future::{join, join_all, select};

use crate::world::{Instance, World};

const BLOCKED: Result<(), AmoError> = Err(AmoError::Blocked);

/// What an instance has told of circuits.
#[derive(Debug, Default)]
struct Changes(Mutex<Vec<CircuitChange>>);

impl Observer for Changes {
    fn observe(&self, event: &Event<'_>) {
        if let Event::CircuitChanged(change) = event {
            self.0.lock().unwrap().push(*change);
        }
    }
}

/// amoCRM bans a call to account 1.
async fn banned(world: &World, one: &Instance) {
    world.amo.always(1, Some(AmoError::Blocked));
    assert_eq!(one.read(1, "x").await, BLOCKED);
}

/// amoCRM bans a call to account 1, and would answer the next one.
async fn banned_once(world: &World, one: &Instance) {
    banned(world, one).await;
    world.amo.always(1, None);
}

fn seconds(world: &World) -> Vec<u64> {
    world.amo.times(1).iter().map(Duration::as_secs).collect()
}

#[test]
fn an_open_circuit_stops_all_instances_except_one_probe_at_growing_intervals() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        banned(&world, &one).await;
        // Both are asked four times a second, for two minutes.
        for _ in 0..480 {
            assert_eq!(join(one.read(1, "x"), two.read(1, "x")).await, (BLOCKED, BLOCKED));
            two.read(2, "another account's").await.unwrap();
            world.time.sleep(Duration::from_millis(250)).await;
        }
    });
    assert_eq!(seconds(&world), [0, 10, 30, 70]);
    assert_eq!(world.amo.times(2).len(), 480);
}

#[test]
fn a_good_answer_closes_the_circuit_for_all_at_once() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        banned_once(&world, &one).await;
        assert_eq!(two.read(1, "x").await, BLOCKED);
        world.pass(10).await;
        assert_eq!(two.read(1, "the probe").await, Ok(()));
        assert_eq!(join_all([one.read(1, "x"), two.read(1, "x"), one.read(1, "x")]).await, [Ok(()); 3]);
        assert_eq!(two.refresh(1, "x").await, Ok(()));
    });
}

#[test]
fn any_answer_of_amocrms_closes_the_circuit_and_silence_does_not() {
    for (answer, ends) in [
        (AmoError::AccessRefused, true),
        (AmoError::NotFound, true),
        (AmoError::GrantRevoked, true),
        (AmoError::CodeRejected, true),
        (AmoError::Misconfigured, true),
        (AmoError::PaymentRequired, true),
        (AmoError::Protocol, true),
        (AmoError::RateLimited { retry_after: None }, true),
        (AmoError::Blocked, false),
        (AmoError::Unavailable, false),
        (AmoError::ConnectionLost, false),
        (AmoError::TimedOut, false),
        (AmoError::OutcomeUnknown, false),
    ] {
        let (world, one) = World::with_one_instance();
        world.run(async {
            banned_once(&world, &one).await;
            world.amo.will(1, [answer]);
            world.pass(10).await;
            assert!(one.read(1, "the probe").await.is_err());
            assert_eq!(one.read(1, "x").await.is_ok(), ends, "{answer:?}");
            // After another ban the pause is twice as long, after silence as long as before.
            world.pass(10).await;
            assert_eq!(one.read(1, "x").await.is_ok(), answer != AmoError::Blocked, "{answer:?}");
        });
    }
}

#[test]
fn calls_that_were_under_way_open_the_circuit_once() {
    let (world, one) = World::with_one_instance();
    world.amo.always(1, Some(AmoError::Blocked));
    world.amo.slow(1, Duration::from_secs(3));
    world.run(async {
        assert_eq!(join_all((0..10).map(|_| one.read(1, "x"))).await, [BLOCKED; 10]);
        world.amo.slow(1, Duration::ZERO);
        world.pass(6).await;
        assert_eq!(one.read(1, "x").await, BLOCKED);
        world.amo.always(1, None);
        world.pass(3).await;
        assert_eq!(one.read(1, "the probe").await, Ok(()));
    });
}

#[test]
fn waiting_callers_get_a_ban_at_once() {
    let (world, one, two) = World::with_two_instances();
    world.amo.will(1, [AmoError::Blocked]);
    let outcomes =
        world.run(join(join_all((0..10).map(|_| one.read(1, "x"))), join_all((0..10).map(|_| two.read(1, "x")))));
    let sent = world.amo.calls().len();
    // The other instance's reservation may have been due already.
    assert!(sent <= 2, "{sent}");
    assert!(outcomes.0.iter().all(|one| *one == BLOCKED), "{outcomes:?}");
    assert!(outcomes.1[1..].iter().all(|one| *one == BLOCKED), "{outcomes:?}");
    assert!(world.time.passed() < Duration::from_secs(1));
}

#[test]
fn an_exchange_opens_no_circuit_but_obeys_it_and_closes_it_when_it_is_served() {
    let (world, one) = World::with_one_instance();
    world.run(async {
        world.amo.will(1, [AmoError::Blocked; 3]);
        for _ in 0..3 {
            assert_eq!(one.exchange(1, "a stranger's").await, BLOCKED);
        }
        assert_eq!(one.read(1, "x").await, Ok(()));

        banned(&world, &one).await;
        assert_eq!(one.exchange(1, "obeys").await, BLOCKED);
        world.pass(10).await;
        assert_eq!(one.exchange(1, "meets it").await, BLOCKED);
        world.pass(10).await;
        assert_eq!(one.read(1, "twice the pause").await, BLOCKED);
        world.amo.always(1, Some(AmoError::CodeRejected));
        world.pass(10).await;
        assert_eq!(one.exchange(1, "made up").await, Err(AmoError::CodeRejected));
        world.amo.always(1, Some(AmoError::Blocked));
        assert_eq!(one.read(1, "the next probe").await, BLOCKED);
        world.amo.always(1, None);
        world.pass(20).await;
        assert_eq!(one.read(1, "too early").await, BLOCKED, "it is the same circuit, and its pause has grown");
        world.pass(20).await;
        assert_eq!(one.exchange(1, "ends it").await, Ok(()));
        assert_eq!(one.read(1, "x").await, Ok(()));
    });
    let sent: Vec<_> = world.amo.calls().into_iter().map(|call| call.what).collect();
    assert_eq!(&sent[3..], ["x", "x", "meets it", "made up", "the next probe", "ends it", "x"]);
}

#[test]
fn a_probe_goes_on_when_its_caller_goes_away() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        banned(&world, &one).await;
        world.amo.slow(1, Duration::from_secs(3));
        world.amo.always(1, None);
        world.pass(10).await;
        let probe = Box::pin(one.read(1, "the probe"));
        select(probe, world.time.sleep(Duration::from_secs(1))).await;
        world.amo.slow(1, Duration::ZERO);
        assert_eq!(two.read(1, "x").await, BLOCKED);
        world.pass(2).await;
        assert_eq!(two.read(1, "the circuit is closed").await, Ok(()));
    });
    let sent: Vec<_> = world.amo.calls().into_iter().map(|call| call.what).collect();
    assert_eq!(&sent[sent.len() - 2..], ["the probe", "the circuit is closed"]);
}

#[test]
fn a_read_that_is_no_probe_ends_with_its_caller() {
    let (world, one) = World::with_one_instance();
    world.run(async {
        world.amo.slow(1, Duration::from_secs(3));
        world.amo.always(1, Some(AmoError::Blocked));
        let read = Box::pin(one.read(1, "nobody waits for it"));
        select(read, world.time.sleep(Duration::from_secs(1))).await;
        world.amo.slow(1, Duration::ZERO);
        world.amo.always(1, None);
        world.pass(3).await;
        assert_eq!(one.read(1, "no circuit is open").await, Ok(()));
    });
}

#[test]
fn a_probe_whose_caller_went_away_before_it_was_sent_is_anothers_at_once() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        banned(&world, &one).await;
        world.amo.always(1, None);
        world.pass(10).await;
        store.answers_after([1_000]);
        let probe = Box::pin(one.read(1, "never sent"));
        select(probe, world.time.sleep(Duration::from_millis(500))).await;
        world.pass(2).await;
        store.answers_after([0]);
        assert_eq!(one.read(1, "the probe").await, Ok(()));
    });
    let sent: Vec<_> = world.amo.calls().into_iter().map(|call| call.what).collect();
    assert_eq!(sent, ["x", "the probe"]);
}

#[test]
fn a_probe_that_was_sent_is_no_others_at_once_when_it_is_given_up() {
    let (world, one) = World::with_one_instance();
    world.run(async {
        banned(&world, &one).await;
        world.amo.slow(1, Duration::from_secs(3));
        world.amo.always(1, None);
        world.pass(10).await;
        let probe = Box::pin(one.exchange(1, "the probe"));
        select(probe, world.time.sleep(Duration::from_secs(1))).await;
        world.amo.slow(1, Duration::ZERO);
        world.pass(1).await;
        assert_eq!(one.read(1, "too early").await, BLOCKED);
        world.pass(10).await;
        assert_eq!(one.read(1, "the next probe").await, Ok(()));
    });
    let sent: Vec<_> = world.amo.calls().into_iter().map(|call| call.what).collect();
    assert_eq!(sent, ["x", "the probe", "the next probe"]);
}

#[test]
fn each_change_of_a_circuit_is_told() {
    let world = World::new();
    let changes = Arc::new(Changes::default());
    let one = world.instance_that_tells(changes.clone());
    let told = || std::mem::take(&mut *changes.0.lock().unwrap());
    world.run(async {
        banned(&world, &one).await;
        assert_eq!(told(), [CircuitChange::Opened]);
        world.pass(10).await;
        assert_eq!(one.read(1, "banned too").await, BLOCKED);
        assert_eq!(told(), [CircuitChange::HalfOpened, CircuitChange::Opened]);
        world.amo.always(1, Some(AmoError::RateLimited { retry_after: None }));
        world.pass(20).await;
        assert!(one.read(1, "answered").await.is_err());
        assert_eq!(told(), [CircuitChange::HalfOpened, CircuitChange::Closed]);
        world.amo.always(1, None);
        world.pass(1).await;
        one.read(1, "no probe").await.unwrap();
        assert_eq!(told(), []);
        banned_once(&world, &one).await;
        world.pass(10).await;
        one.read(1, "served").await.unwrap();
        assert_eq!(told(), [CircuitChange::Opened, CircuitChange::HalfOpened, CircuitChange::Closed]);
    });
}

#[test]
fn a_probe_whose_process_died_is_given_up_after_its_term() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        banned(&world, &one).await;
        world.amo.slow(1, Duration::from_hours(1));
        world.pass(10).await;
        let mut probe = Box::pin(one.read(1, "the probe"));
        select(&mut probe, world.time.sleep(Duration::from_secs(1))).await;
        std::mem::forget(probe);
        world.time.kill();
        world.amo.slow(1, Duration::ZERO);
        world.amo.always(1, None);
        world.pass(PROBE_TERM.as_secs() - 2).await;
        assert_eq!(two.read(1, "x").await, BLOCKED);
        world.pass(2).await;
        assert_eq!(two.read(1, "another probe").await, Ok(()));
    });
}

#[test]
fn three_banned_accounts_open_the_circuit_of_the_integration() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        for number in 1..=3 {
            world.amo.always(number, Some(AmoError::Blocked));
            assert_eq!(two.read(4, "x").await, Ok(()));
            assert_eq!(one.read(number, "x").await, BLOCKED);
        }
        assert_eq!((two.read(4, "x").await, one.refresh(5, "x").await), (BLOCKED, BLOCKED));
        world.pass(10).await;
        let outcomes = join_all([two.read(4, "the probe"), one.read(5, "x"), one.read(6, "x")]).await;
        assert_eq!(outcomes, [Ok(()), BLOCKED, BLOCKED]);
        assert_eq!(one.read(5, "x").await, Ok(()));
        assert_eq!(one.read(1, "its own circuit is open").await, BLOCKED);
    });
}

#[test]
fn tokens_do_not_wait_until_the_store_has_recorded_the_probe() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        banned_once(&world, &one).await;
        store.never_records.store(true, Ordering::SeqCst);
        world.pass(10).await;
        assert_eq!(one.refresh(1, "the probe").await, Ok(()));
        assert_eq!(world.time.passed(), Duration::from_secs(10));
    });
}

#[test]
fn a_caller_after_the_tokens_that_closed_the_circuit_is_served() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        banned_once(&world, &one).await;
        world.pass(10).await;
        store.records_after(500);
        assert_eq!(one.refresh(1, "the probe").await, Ok(()));
        assert_eq!(join_all([one.read(1, "x"), one.read(1, "y")]).await, [Ok(()); 2]);
    });
}

#[test]
fn a_caller_that_asked_before_the_circuit_closed_is_served() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        banned_once(&world, &one).await;
        world.amo.slow(1, Duration::from_millis(300));
        world.pass(10).await;
        let asked_in_time = async {
            world.time.sleep(Duration::from_millis(200)).await;
            // The store answers that the circuit is open, and its answer comes after it closed.
            store.answers_after([500, 0]);
            one.read(1, "x").await
        };
        assert_eq!(join(one.read(1, "the probe"), asked_in_time).await, (Ok(()), Ok(())));
    });
}

#[test]
fn a_probe_is_sent_however_late_its_slot_came() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        banned_once(&world, &one).await;
        store.answers_after([500]);
        world.pass(10).await;
        assert_eq!(one.read(1, "the probe").await, Ok(()));
    });
}
