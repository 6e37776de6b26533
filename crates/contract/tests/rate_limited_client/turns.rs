//! Waiting for a turn: in order, for five seconds, over all instances.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use amo_connect_contract::fixtures::host;
use amo_connect_domain::ports::{AmoError, Runtime as _};
use amo_connect_domain::rate_limit::PaceScope;
use amo_connect_domain::token::AccessToken;
use futures_util::future::{Either, join, join_all, select};

use crate::world::{Watched, World, are_polite};

/// How long those are told to wait who are told so.
fn wait(told: Result<(), AmoError>) -> Option<Duration> {
    match told {
        Err(AmoError::QueueFull { retry_after }) => Some(retry_after),
        Err(AmoError::RateLimited { retry_after }) => retry_after,
        _ => None,
    }
}

fn names(world: &World) -> Vec<String> {
    world.amo.calls().into_iter().map(|call| call.what).collect()
}

#[test]
fn thirty_callers_at_once_are_served_in_their_order_and_never_eight_in_a_second() {
    let world = World::new();
    let one = world.instance();
    let callers: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    let told = world.run(join_all(callers.iter().map(|name| one.read(1, name))));
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(names(&world), callers);
    assert!(are_polite(&world.amo.times(1)));
    assert_eq!(world.time.passed(), Duration::from_millis(29 * 150), "and not slower than that");
}

#[test]
fn who_would_wait_longer_than_five_seconds_is_told_at_once_when_to_come_back() {
    let world = World::new();
    let one = world.instance();
    let told = world.run(join_all((0..100).map(|_| one.read(1, "x"))));
    assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 34);
    let waits: Vec<_> = told.iter().filter_map(|told| wait(*told)).collect();
    assert_eq!(waits.len(), 66);
    assert!(waits.iter().all(|wait| (5.0..5.2).contains(&wait.as_secs_f64())), "{waits:?}");
}

#[test]
fn who_has_waited_five_seconds_in_vain_is_told_when_a_turn_is_likely() {
    let world = World::new();
    // Another instance takes every other turn, which nobody can know beforehand.
    let (one, two) = (world.instance(), world.instance());
    let both = [&one, &two].map(|instance| join_all((0..30).map(|_| instance.read(1, "x"))));
    let told = world.run(join_all(both));
    for told in &told {
        let served = told.iter().filter(|told| told.is_ok()).count();
        assert!((15..=18).contains(&served), "each has its half: {served}");
        let waits: Vec<_> = told.iter().filter_map(|told| wait(*told)).collect();
        assert_eq!(served + waits.len(), 30);
        // At the pace of late.
        assert!(waits.is_sorted() && *waits.last().unwrap() > Duration::from_secs(3), "{waits:?}");
    }
    assert!(are_polite(&world.amo.times(1)));
    assert!(world.time.passed() <= Duration::from_secs(5));
}

#[test]
fn who_comes_where_others_take_turns_too_is_told_at_once_by_the_pace_of_late() {
    let world = World::new();
    let (one, two) = (world.instance(), world.instance());
    world.run(async {
        let queues = [&one, &two].map(|instance| join_all((0..25).map(|_| instance.read(1, "x"))));
        let queues = Box::pin(join_all(queues));
        let Either::Right(((), queues)) = select(queues, world.time.sleep(Duration::from_secs(2))).await else {
            panic!("all at once")
        };
        // Eighteen or so are ahead. With all turns for this instance it would take under three seconds.
        let told = wait(one.read(1, "too late").await);
        assert!(told.is_some_and(|wait| wait > Duration::from_secs(5)), "{told:?}");
        assert_eq!(world.time.passed(), Duration::from_secs(2));
        queues.await
    });
}

#[test]
fn token_requests_go_first_and_pages_that_are_begun_before_those_that_are_not() {
    let world = World::new();
    let one = world.instance();
    world.run(async {
        let reads = join_all(["read 1", "read 2", "read 3"].map(|name| one.read(1, name)));
        let later = async {
            world.time.sleep(Duration::from_millis(10)).await;
            let complete = Box::pin(one.complete(1, "complete"));
            let exchange = Box::pin(one.exchange(1, "exchange"));
            let refresh = Box::pin(one.refresh(1, "refresh"));
            join_all([complete as std::pin::Pin<Box<dyn Future<Output = _>>>, exchange, refresh]).await
        };
        join(reads, later).await
    });
    assert_eq!(names(&world), ["read 1", "exchange", "refresh", "complete", "read 2", "read 3"]);
}

#[test]
fn who_goes_away_leaves_the_queue_and_the_turn_to_the_next() {
    let world = World::new();
    let one = world.instance();
    world.run(async {
        let stays = join_all(["first", "last"].map(|name| one.read(1, name)));
        let hung_up = join_all((0..20).map(|_| one.read(1, "gone")));
        let Either::Right((_, stays)) =
            select(Box::pin(stays), select(Box::pin(hung_up), world.time.sleep(Duration::from_millis(100)))).await
        else {
            panic!("all at once")
        };
        stays.await
    });
    assert_eq!(names(&world), ["first", "last"]);
    assert_eq!(world.time.passed(), Duration::from_millis(150));
}

#[test]
fn those_who_have_gone_away_keep_nobody_from_coming() {
    let world = World::new();
    let one = world.instance();
    world.run(async {
        let hung_up = join_all((0..34).map(|_| one.read(1, "gone")));
        select(Box::pin(hung_up), world.time.sleep(Duration::from_millis(10))).await;
        assert_eq!(one.read(1, "comes").await, Ok(()));
    });
    assert_eq!(names(&world), ["gone", "comes"]);
}

#[test]
fn nobody_waits_for_an_account_that_is_slow_or_full() {
    let world = World::new();
    let one = world.instance();
    world.amo.slow(1, Duration::from_secs(14));
    world.run(async {
        let hers = Box::pin(join_all((0..40).map(|_| one.read(1, "hers"))));
        let his = Box::pin(async {
            for _ in 0..20 {
                one.read(2, "his").await.unwrap();
            }
        });
        assert!(matches!(select(hers, his).await, Either::Right(_)));
    });
    assert_eq!(world.amo.times(2), (0..20).map(|turn| Duration::from_millis(turn * 150)).collect::<Vec<_>>());
}

#[test]
fn a_limit_of_the_integration_is_for_all_accounts_and_instances_together() {
    let world = World::new();
    let instances: Vec<_> =
        (0..2).map(|_| world.instance_with(PaceScope::Integration, Arc::new(world.store.clone()))).collect();
    let reads = (0..30).map(|number| instances[number % 2].read(u64::try_from(number).unwrap() % 3, "x"));
    let told = world.run(join_all(reads));
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    let times: Vec<_> = world.amo.calls().into_iter().map(|call| call.when).collect();
    assert!(times.len() == 30 && are_polite(&times), "{times:?}");
}

#[test]
fn a_429_puts_off_everybody_for_as_long_as_amocrm_says_or_a_second() {
    for (said, put_off) in [(None, 1_000), (Some(Duration::from_secs(3)), 3_000)] {
        let world = World::new();
        let (one, two) = (world.instance(), world.instance());
        world.amo.will(1, [AmoError::RateLimited { retry_after: said }]);
        world.run(async {
            assert_eq!(wait(one.read(1, "x").await), Some(Duration::from_millis(put_off)));
            two.read(2, "of another account").await.unwrap();
            assert_eq!(world.time.passed(), Duration::ZERO);
            for told in join_all([two.read(1, "x"), one.read(1, "x")]).await {
                told.unwrap();
            }
        });
        assert_eq!(world.amo.times(1), [0, put_off, put_off + 150].map(Duration::from_millis));
    }
}

#[test]
fn a_pause_is_not_taken_for_the_pace() {
    let world = World::new();
    let one = world.instance();
    world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_secs(3)) }]);
    world.run(async {
        let first = join_all((0..8).map(|_| one.read(1, "x")));
        let late = async {
            // The others wait for the end of the pause.
            world.time.sleep(Duration::from_millis(500)).await;
            one.read(1, "late").await
        };
        let (first, late) = join(first, late).await;
        assert!(first[0].is_err() && first[1..].iter().all(Result::is_ok), "{first:?}");
        assert_eq!(late, Ok(()));
    });
}

#[test]
fn a_429_in_a_shared_pace_puts_off_nobody_else() {
    let world = World::new();
    let one = world.instance_with(PaceScope::Integration, Arc::new(world.store.clone()));
    world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_secs(3)) }]);
    world.run(async {
        assert!(one.read(1, "x").await.is_err());
        let (hers, his) = join(one.read(1, "hers"), join_all((0..10).map(|_| one.read(2, "his")))).await;
        assert!(hers.is_ok() && his.iter().all(Result::is_ok), "{hers:?}, {his:?}");
    });
    assert_eq!(world.amo.times(1), [0, 3_000].map(Duration::from_millis));
    assert_eq!(world.amo.times(2), (1..=10).map(|turn| Duration::from_millis(turn * 150)).collect::<Vec<_>>());
}

#[test]
fn those_who_wait_are_told_at_once_of_a_429_that_outlasts_them() {
    let world = World::new();
    let one = world.instance();
    world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_mins(1)) }]);
    let told = world.run(join_all((0..5).map(|_| one.read(1, "x"))));
    assert_eq!((world.amo.calls().len(), wait(told[0])), (1, Some(Duration::from_mins(1))));
    assert!(world.time.passed() < Duration::from_secs(1));
    let waits: Vec<_> = told[1..].iter().map(|told| wait(*told).unwrap()).collect();
    assert!(waits.is_sorted() && waits[0] > Duration::from_secs(59) && waits[3] < Duration::from_secs(61), "{waits:?}");
}

#[test]
fn a_turn_that_the_process_slept_through_is_not_used_and_costs_nobody_their_place() {
    let world = World::new();
    let one = world.instance();
    let callers: Vec<String> = (0..14).map(|number| number.to_string()).collect();
    world.run(async {
        let reads = Box::pin(join_all(callers.iter().map(|name| one.read(1, name))));
        let Either::Right(((), reads)) = select(reads, world.time.sleep(Duration::from_millis(1))).await else {
            panic!("all at once")
        };
        world.time.oversleep([0, 70].map(Duration::from_millis));
        reads.await
    });
    let times = world.amo.times(1);
    assert!(times.len() == 14 && are_polite(&times), "{times:?}");
    assert_eq!(names(&world), callers);
}

#[test]
fn a_turn_whose_booking_was_late_in_coming_is_not_used() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    store.answers_after([5, 5, 5, 75, 5]);
    world.run(join_all((0..14).map(|_| one.read(1, "x"))));
    let times = world.amo.times(1);
    assert!(times.len() == 14 && are_polite(&times), "{times:?}");
}

#[test]
fn a_book_that_is_slow_as_always_costs_one_turn_a_call() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    let asked = |calls: usize| {
        let before = store.asked.load(Ordering::SeqCst);
        world.run(async {
            for _ in 0..calls {
                one.read(1, "x").await.unwrap();
            }
        });
        store.asked.load(Ordering::SeqCst) - before
    };
    store.answers_after([60]);
    assert_eq!(asked(20), 20);
    store.answers_after([5]);
    assert_eq!(asked(20), 20);
    store.answers_after([60]);
    assert!(asked(20) > 20, "it is not known at first");
    assert_eq!(asked(20), 20, "and then it is");
}

#[test]
fn without_the_book_nothing_is_sent_and_with_it_again_all_is() {
    let world = World::new();
    let one = world.instance();
    world.store.set_down(true);
    let told = world.run(join_all((0..3).map(|_| one.read(1, "x"))));
    assert_eq!(told, [Err(AmoError::PermitUnavailable); 3]);
    assert_eq!((world.amo.calls(), world.time.passed()), (Vec::new(), Duration::ZERO));
    world.store.set_down(false);
    assert_eq!(world.run(one.read(1, "x")), Ok(()));
}

#[test]
fn a_book_that_says_nothing_is_no_limit_of_calls() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    store.is_mute.store(true, Ordering::SeqCst);
    assert_eq!(world.run(one.read(1, "x")), Err(AmoError::PermitUnavailable));
    assert_eq!(world.time.passed(), Duration::from_secs(5));
}

#[test]
fn nobody_waits_for_ever_where_asking_for_a_turn_ended_badly() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    store.panics.store(true, Ordering::SeqCst);
    let told = world.run(join_all((0..3).map(|_| one.read(1, "x"))));
    assert_eq!(told, [Err(AmoError::PermitUnavailable); 3]);
    store.panics.store(false, Ordering::SeqCst);
    assert_eq!(world.run(one.read(1, "x")), Ok(()));
}

#[test]
fn what_sends_nothing_takes_no_turn() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    assert_eq!(world.run(one.0.contacts(&host(1), &AccessToken::new("x"), &[])), Ok(Vec::new()));
    assert_eq!(store.asked.load(Ordering::SeqCst), 0);
    assert_eq!(world.run(one.0.contacts(&host(1), &AccessToken::new("x"), &[1])), Ok(Vec::new()));
    assert_eq!(store.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn the_book_is_swept_once_an_hour() {
    let world = World::new();
    let store = Watched::of(&world);
    let one = world.instance_with(PaceScope::Account, store.clone());
    world.run(async {
        for _ in 0..7 {
            one.read(1, "x").await.unwrap();
            world.permit(900).await;
        }
    });
    assert_eq!(store.swept.load(Ordering::SeqCst), 2);
}
