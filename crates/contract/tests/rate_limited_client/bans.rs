//! A circuit: everybody stops, and one probe at a time asks whether it still stands.

use std::sync::atomic::Ordering;
use std::time::Duration;

use amo_connect_domain::ports::{AmoError, Runtime as _};
use amo_connect_domain::rate_limit::{PROBE_TERM, PaceScope};
use futures_util::future::{join, join_all, select};

use crate::world::{Instance, Watched, World};

const BLOCKED: Result<(), AmoError> = Err(AmoError::Blocked);

/// One call to account 1 has met a ban.
async fn banned(world: &World, one: &Instance) {
    world.amo.always(1, Some(AmoError::Blocked));
    assert_eq!(one.read(1, "x").await, BLOCKED);
}

fn seconds(world: &World) -> Vec<u64> {
    world.amo.times(1).iter().map(Duration::as_secs).collect()
}

#[test]
fn a_ban_stops_all_instances_but_for_one_probe_at_growing_intervals() {
    let world = World::new();
    let (one, two) = (world.instance(), world.instance());
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
fn a_good_answer_ends_the_ban_for_all_at_once() {
    let world = World::new();
    let (one, two) = (world.instance(), world.instance());
    world.run(async {
        banned(&world, &one).await;
        world.amo.always(1, None);
        assert_eq!(two.read(1, "x").await, BLOCKED);
        world.permit(10).await;
        assert_eq!(two.read(1, "the probe").await, Ok(()));
        assert_eq!(join_all([one.read(1, "x"), two.read(1, "x"), one.read(1, "x")]).await, [Ok(()); 3]);
        assert_eq!(two.refresh(1, "x").await, Ok(()));
    });
}

#[test]
fn any_answer_of_amocrms_ends_the_ban_and_silence_does_not() {
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
        let world = World::new();
        let one = world.instance();
        world.run(async {
            banned(&world, &one).await;
            world.amo.always(1, None);
            world.amo.will(1, [answer]);
            world.permit(10).await;
            assert!(one.read(1, "the probe").await.is_err());
            assert_eq!(one.read(1, "x").await.is_ok(), ends, "{answer:?}");
            // Who met it again waits twice as long, who call_outcome nothing as long as before.
            world.permit(10).await;
            assert_eq!(one.read(1, "x").await.is_ok(), answer != AmoError::Blocked, "{answer:?}");
        });
    }
}

#[test]
fn calls_that_were_on_their_way_make_one_ban() {
    let world = World::new();
    let one = world.instance();
    world.amo.always(1, Some(AmoError::Blocked));
    world.amo.slow(1, Duration::from_secs(3));
    world.run(async {
        assert_eq!(join_all((0..10).map(|_| one.read(1, "x"))).await, [BLOCKED; 10]);
        world.amo.slow(1, Duration::ZERO);
        world.permit(6).await;
        assert_eq!(one.read(1, "x").await, BLOCKED);
        world.amo.always(1, None);
        world.permit(3).await;
        assert_eq!(one.read(1, "the probe").await, Ok(()));
    });
}

#[test]
fn those_who_wait_hear_of_a_ban_at_once() {
    let world = World::new();
    let (one, two) = (world.instance(), world.instance());
    world.amo.will(1, [AmoError::Blocked]);
    let told =
        world.run(join(join_all((0..10).map(|_| one.read(1, "x"))), join_all((0..10).map(|_| two.read(1, "x")))));
    let sent = world.amo.calls().len();
    // The other instance's turn may have been on its way.
    assert!(sent <= 2, "{sent}");
    assert!(told.0.iter().all(|told| *told == BLOCKED), "{told:?}");
    assert!(told.1[1..].iter().all(|told| *told == BLOCKED), "{told:?}");
    assert!(world.time.passed() < Duration::from_secs(1));
}

#[test]
fn an_exchange_begins_no_ban_but_obeys_it_and_may_be_the_probe() {
    let world = World::new();
    let one = world.instance();
    world.run(async {
        world.amo.will(1, [AmoError::Blocked; 3]);
        for _ in 0..3 {
            assert_eq!(one.exchange(1, "a stranger's").await, BLOCKED);
        }
        assert_eq!(one.read(1, "x").await, Ok(()));

        banned(&world, &one).await;
        assert_eq!(one.exchange(1, "obeys").await, BLOCKED);
        world.permit(10).await;
        assert_eq!(one.exchange(1, "meets it").await, BLOCKED);
        world.permit(10).await;
        assert_eq!(one.read(1, "twice the pause").await, BLOCKED);
        world.amo.always(1, Some(AmoError::CodeRejected));
        world.permit(10).await;
        assert_eq!(one.exchange(1, "ends it").await, Err(AmoError::CodeRejected));
        world.amo.always(1, None);
        assert_eq!(one.read(1, "x").await, Ok(()));
    });
    let sent: Vec<_> = world.amo.calls().into_iter().map(|call| call.what).collect();
    assert_eq!(&sent[3..], ["x", "x", "meets it", "ends it", "x"]);
}

#[test]
fn a_probe_whose_caller_hung_up_is_followed_after_a_pause() {
    let world = World::new();
    let one = world.instance();
    world.run(async {
        banned(&world, &one).await;
        world.amo.slow(1, Duration::from_mins(1));
        world.permit(10).await;
        let probe = Box::pin(one.read(1, "the probe"));
        select(probe, world.time.sleep(Duration::from_secs(1))).await;
        world.amo.slow(1, Duration::ZERO);
        world.amo.always(1, None);
        assert_eq!(one.read(1, "x").await, BLOCKED);
        world.permit(10).await;
        assert_eq!(one.read(1, "another probe").await, Ok(()));
    });
}

#[test]
fn a_probe_whose_process_died_is_given_up_after_its_term() {
    let world = World::new();
    let (one, two) = (world.instance(), world.instance());
    world.run(async {
        banned(&world, &one).await;
        world.amo.slow(1, Duration::from_hours(1));
        world.permit(10).await;
        let mut probe = Box::pin(one.read(1, "the probe"));
        select(&mut probe, world.time.sleep(Duration::from_secs(1))).await;
        std::mem::forget(probe);
        world.time.kill();
        world.amo.slow(1, Duration::ZERO);
        world.amo.always(1, None);
        world.permit(PROBE_TERM.as_secs() - 2).await;
        assert_eq!(two.read(1, "x").await, BLOCKED);
        world.permit(2).await;
        assert_eq!(two.read(1, "another probe").await, Ok(()));
    });
}

#[test]
fn three_banned_accounts_are_the_whole_integration() {
    let world = World::new();
    let (one, two) = (world.instance(), world.instance());
    world.run(async {
        for number in 1..=3 {
            world.amo.always(number, Some(AmoError::Blocked));
            assert_eq!(two.read(4, "x").await, Ok(()));
            assert_eq!(one.read(number, "x").await, BLOCKED);
        }
        assert_eq!((two.read(4, "x").await, one.refresh(5, "x").await), (BLOCKED, BLOCKED));
        world.permit(10).await;
        let told = join_all([two.read(4, "the probe"), one.read(5, "x"), one.read(6, "x")]).await;
        assert_eq!(told, [Ok(()), BLOCKED, BLOCKED]);
        assert_eq!(one.read(5, "x").await, Ok(()));
        assert_eq!(one.read(1, "its own ban stands").await, BLOCKED);
    });
}

#[test]
fn tokens_do_not_wait_for_the_book_to_hear_that_a_ban_is_over() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    world.run(async {
        banned(&world, &one).await;
        world.amo.always(1, None);
        store.is_deaf.store(true, Ordering::SeqCst);
        world.permit(10).await;
        assert_eq!(one.refresh(1, "the probe").await, Ok(()));
        assert_eq!(world.time.passed(), Duration::from_secs(10));
    });
}

#[test]
fn who_comes_after_the_tokens_that_ended_a_ban_does_not_meet_it() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    world.run(async {
        banned(&world, &one).await;
        world.amo.always(1, None);
        world.permit(10).await;
        store.hears_after(500);
        assert_eq!(one.refresh(1, "the probe").await, Ok(()));
        assert_eq!(join_all([one.read(1, "x"), one.read(1, "y")]).await, [Ok(()); 2]);
    });
}

#[test]
fn who_asked_before_a_ban_ended_and_is_told_after_does_not_meet_it() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    world.run(async {
        banned(&world, &one).await;
        world.amo.always(1, None);
        world.amo.slow(1, Duration::from_millis(300));
        world.permit(10).await;
        let asked_in_time = async {
            world.time.sleep(Duration::from_millis(200)).await;
            // The store says that the ban stands, and takes longer to say it than the ban.
            store.answers_after([500, 0]);
            one.read(1, "x").await
        };
        assert_eq!(join(one.read(1, "the probe"), asked_in_time).await, (Ok(()), Ok(())));
    });
}

#[test]
fn a_probe_is_sent_however_late_its_turn_came() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    world.run(async {
        banned(&world, &one).await;
        world.amo.always(1, None);
        store.answers_after([500]);
        world.permit(10).await;
        assert_eq!(one.read(1, "the probe").await, Ok(()));
    });
}
