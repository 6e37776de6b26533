//! Waiting for a permit: in order, for five seconds, over all instances.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{host, user};
use amo_connect_domain::ports::{AmoError, Runtime as _};
use amo_connect_domain::rate_limit::PaceScope;
use amo_connect_domain::token::AccessToken;
use futures_util::future::{Either, join, join_all, select};

use crate::world::{World, keep_the_limit};

/// The delay that an outcome names, if it does.
fn wait(outcomes: Result<(), AmoError>) -> Option<Duration> {
    match outcomes {
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
    let (world, one) = World::with_one_instance();
    let callers: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    let outcomes = world.run(join_all(callers.iter().map(|name| one.read(1, name))));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(names(&world), callers);
    assert!(keep_the_limit(&world.amo.times(1)));
    assert_eq!(world.time.passed(), Duration::from_millis(29 * 150), "and not slower than that");
}

#[test]
fn a_caller_that_would_wait_longer_than_five_seconds_gets_its_delay_at_once() {
    let (world, one) = World::with_one_instance();
    let outcomes = world.run(join_all((0..100).map(|_| one.read(1, "x"))));
    assert_eq!(outcomes.iter().filter(|outcomes| outcomes.is_ok()).count(), 34);
    let waits: Vec<_> = outcomes.iter().filter_map(|outcomes| wait(*outcomes)).collect();
    assert_eq!(waits.len(), 66);
    assert!(waits.iter().all(|wait| (5.0..5.2).contains(&wait.as_secs_f64())), "{waits:?}");
}

#[test]
fn a_caller_that_waited_five_seconds_gets_the_likely_delay() {
    // Another instance takes every other reservation, which cannot be known beforehand.
    let (world, one, two) = World::with_two_instances();
    let both = [&one, &two].map(|instance| join_all((0..30).map(|_| instance.read(1, "x"))));
    let outcomes = world.run(join_all(both));
    for outcomes in &outcomes {
        let served = outcomes.iter().filter(|outcomes| outcomes.is_ok()).count();
        assert!((15..=18).contains(&served), "each has its half: {served}");
        let waits: Vec<_> = outcomes.iter().filter_map(|outcomes| wait(*outcomes)).collect();
        assert_eq!(served + waits.len(), 30);
        // By the recent pace.
        assert!(waits.is_sorted() && *waits.last().unwrap() > Duration::from_secs(3), "{waits:?}");
    }
    assert!(keep_the_limit(&world.amo.times(1)));
    assert!(world.time.passed() <= Duration::from_secs(5));
}

#[test]
fn a_caller_beside_another_instance_gets_its_delay_at_once_by_the_recent_pace() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        let queues = [&one, &two].map(|instance| join_all((0..25).map(|_| instance.read(1, "x"))));
        let queues = Box::pin(join_all(queues));
        let Either::Right(((), queues)) = select(queues, world.time.sleep(Duration::from_secs(2))).await else {
            panic!("all at once")
        };
        // Eighteen or so are ahead. With all reservations for this instance it would take under three seconds.
        let outcomes = wait(one.read(1, "too late").await);
        assert!(outcomes.is_some_and(|wait| wait > Duration::from_secs(5)), "{outcomes:?}");
        assert_eq!(world.time.passed(), Duration::from_secs(2));
        queues.await
    });
}

#[test]
fn refreshes_go_first_then_pages_that_have_begun_then_others_and_exchanges_have_their_share() {
    let (world, one) = World::with_one_instance();
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
    assert_eq!(names(&world), ["read 1", "refresh", "complete", "read 2", "read 3", "exchange"]);
}

#[test]
fn token_requests_of_all_accounts_share_the_permits_of_a_token_server_apart() {
    let world = World::with_token_server(9);
    let one = world.instance();
    world.run(async {
        let refreshes = join_all((1..=8).map(|number| one.refresh(number, "refresh")));
        let page_reads = join_all((1..=8).map(|number| one.read(number, "read")));
        let (tokens, pages) = join(refreshes, page_reads).await;
        assert!(tokens.iter().chain(&pages).all(Result::is_ok), "{tokens:?} {pages:?}");
    });
    let at_server = world.amo.times(9);
    assert!(at_server.len() == 8 && keep_the_limit(&at_server), "{at_server:?}");
    for number in 1..=8 {
        assert_eq!(world.amo.times(number), [Duration::ZERO], "a read waits for no token request");
    }
}

#[test]
fn a_caller_that_goes_away_leaves_its_permit_to_the_next() {
    let (world, one) = World::with_one_instance();
    world.run(async {
        let stays = join_all(["first", "last"].map(|name| one.read(1, name)));
        let gone = join_all((0..20).map(|_| one.read(1, "gone")));
        let Either::Right((_, stays)) =
            select(Box::pin(stays), select(Box::pin(gone), world.time.sleep(Duration::from_millis(100)))).await
        else {
            panic!("all at once")
        };
        stays.await
    });
    assert_eq!(names(&world), ["first", "last"]);
    assert_eq!(world.time.passed(), Duration::from_millis(150));
}

#[test]
fn callers_that_went_away_do_not_fill_the_queue() {
    let (world, one) = World::with_one_instance();
    world.run(async {
        let gone = join_all((0..34).map(|_| one.read(1, "gone")));
        select(Box::pin(gone), world.time.sleep(Duration::from_millis(10))).await;
        assert_eq!(one.read(1, "comes").await, Ok(()));
    });
    assert_eq!(names(&world), ["gone", "comes"]);
}

#[test]
fn an_account_that_is_slow_or_full_does_not_delay_others() {
    let (world, one) = World::with_one_instance();
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
    assert_eq!(world.amo.times(2), (0..20).map(|place| Duration::from_millis(place * 150)).collect::<Vec<_>>());
}

#[test]
fn a_limit_of_the_integration_is_for_all_accounts_and_instances_together() {
    let world = World::new();
    let instances: Vec<_> =
        (0..2).map(|_| world.instance_with(PaceScope::Integration, Arc::new(world.store.clone()))).collect();
    let reads = (0..30).map(|number| instances[number % 2].read(u64::try_from(number).unwrap() % 3, "x"));
    let outcomes = world.run(join_all(reads));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let times: Vec<_> = world.amo.calls().into_iter().map(|call| call.when).collect();
    assert!(times.len() == 30 && keep_the_limit(&times), "{times:?}");
}

#[test]
fn a_429_delays_all_instances_for_as_long_as_amocrm_says_or_a_second() {
    for (said, delay) in [(None, 1_000), (Some(Duration::from_secs(3)), 3_000)] {
        let (world, one, two) = World::with_two_instances();
        world.amo.will(1, [AmoError::RateLimited { retry_after: said }]);
        world.run(async {
            assert_eq!(wait(one.read(1, "x").await), Some(Duration::from_millis(delay)));
            two.read(2, "of another account").await.unwrap();
            assert_eq!(world.time.passed(), Duration::ZERO);
            for outcomes in join_all([two.read(1, "x"), one.read(1, "x")]).await {
                outcomes.unwrap();
            }
        });
        assert_eq!(world.amo.times(1), [0, delay, delay + 150].map(Duration::from_millis));
    }
}

#[test]
fn a_pause_is_not_taken_for_the_pace() {
    let (world, one) = World::with_one_instance();
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
fn who_comes_during_a_pause_and_would_wait_too_long_is_told_so_at_once() {
    for scope in [PaceScope::Account, PaceScope::Integration] {
        let world = World::new();
        let one = world.instance_with(scope, Arc::new(world.store.clone()));
        world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_secs(3)) }]);
        world.run(async {
            assert!(one.read(1, "x").await.is_err());
            let first = one.read(1, "first");
            let others = async {
                world.time.sleep(Duration::from_millis(500)).await;
                let others = join_all((0..20).map(|_| async {
                    let outcome = one.read(1, "another").await;
                    (outcome, world.time.passed())
                }));
                others.await
            };
            let (first, others) = join(first, others).await;
            assert_eq!(first, Ok(()));
            // The pause goes on for two and a half seconds, and seventeen turns fit into the other half of the five.
            let (served, refused): (Vec<_>, Vec<_>) = others.into_iter().partition(|(outcome, _)| outcome.is_ok());
            assert_eq!((served.len(), refused.len()), (16, 4));
            assert!(refused.iter().all(|(_, when)| *when == Duration::from_millis(500)), "{refused:?}");
        });
    }
}

#[test]
fn a_429_in_a_shared_pace_delays_no_other_account() {
    let world = World::new();
    let one = world.instance_with(PaceScope::Integration, Arc::new(world.store.clone()));
    world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_secs(3)) }]);
    world.run(async {
        assert!(one.read(1, "x").await.is_err());
        let (hers, his) = join(one.read(1, "hers"), join_all((0..10).map(|_| one.read(2, "his")))).await;
        assert!(hers.is_ok() && his.iter().all(Result::is_ok), "{hers:?}, {his:?}");
    });
    assert_eq!(world.amo.times(1), [0, 3_000].map(Duration::from_millis));
    assert_eq!(world.amo.times(2), (1..=10).map(|place| Duration::from_millis(place * 150)).collect::<Vec<_>>());
}

#[test]
fn waiting_callers_get_a_429_at_once_that_outlasts_their_wait() {
    let (world, one) = World::with_one_instance();
    world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_mins(1)) }]);
    let outcomes = world.run(join_all((0..5).map(|_| one.read(1, "x"))));
    assert_eq!((world.amo.calls().len(), wait(outcomes[0])), (1, Some(Duration::from_mins(1))));
    assert!(world.time.passed() < Duration::from_secs(1));
    let waits: Vec<_> = outcomes[1..].iter().map(|outcomes| wait(*outcomes).unwrap()).collect();
    assert!(waits.is_sorted() && waits[0] > Duration::from_secs(59) && waits[3] < Duration::from_secs(61), "{waits:?}");
}

#[test]
fn a_slot_that_the_process_slept_through_is_not_used_and_costs_no_place() {
    let (world, one) = World::with_one_instance();
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
    assert!(times.len() == 14 && keep_the_limit(&times), "{times:?}");
    assert_eq!(names(&world), callers);
}

#[test]
fn a_slot_whose_reservation_came_late_is_not_used() {
    let (world, one, store) = World::with_watched_store();
    store.answers_after([5, 5, 5, 75, 5]);
    world.run(join_all((0..14).map(|_| one.read(1, "x"))));
    let times = world.amo.times(1);
    assert!(times.len() == 14 && keep_the_limit(&times), "{times:?}");
}

#[test]
fn a_store_that_is_always_slow_costs_one_reservation_a_call() {
    let (world, one, store) = World::with_watched_store();
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
fn writes_that_were_recorded_late_and_together_leave_at_the_pace() {
    let (world, one) = World::with_one_instance();
    let checked = Mutex::new(Vec::new());
    let outcomes = world.run(async {
        // Their turns come within a second and a half, and then the disk answers all at once.
        let recorded = Duration::from_secs(2);
        let by = world.time.instant() + recorded + Duration::from_secs(1);
        let write = |number: u64| {
            let (world, one, checked) = (&world, &one, &checked);
            async move {
                let open = async || {
                    world.time.sleep(recorded.saturating_sub(world.time.passed())).await;
                    Ok(by)
                };
                // A disconnect while it waits is seen.
                let check = async |_| {
                    checked.lock().unwrap().push(world.time.passed());
                    Ok(())
                };
                one.write(1, &user(&format!("user-{number}")), open, check).await
            }
        };
        join_all((0..10).map(write)).await
    });
    let (sent, late): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((sent.len(), late.len()), (7, 3));
    assert!(late.into_iter().all(|outcome| wait(outcome).is_some()));
    let times: Vec<_> = (0..7).map(|turn| Duration::from_millis(2_000 + 150 * turn)).collect();
    assert_eq!(world.amo.times(1), times);
    assert_eq!(checked.into_inner().unwrap(), times);
}

#[test]
fn nothing_is_sent_while_the_store_fails_and_all_is_sent_after() {
    let (world, one) = World::with_one_instance();
    world.store.set_down(true);
    let outcomes = world.run(join_all((0..3).map(|_| one.read(1, "x"))));
    assert_eq!(outcomes, [Err(AmoError::PermitUnavailable); 3]);
    assert_eq!((world.amo.calls(), world.time.passed()), (Vec::new(), Duration::ZERO));
    world.store.set_down(false);
    assert_eq!(world.run(one.read(1, "x")), Ok(()));
}

#[test]
fn a_store_that_does_not_answer_is_no_limit_of_calls() {
    let (world, one, store) = World::with_watched_store();
    store.never_answers.store(true, Ordering::SeqCst);
    assert_eq!(world.run(one.read(1, "x")), Err(AmoError::PermitUnavailable));
    assert_eq!(world.time.passed(), Duration::from_secs(5));
}

#[test]
fn nobody_waits_for_ever_after_the_store_panicked() {
    let (world, one, store) = World::with_watched_store();
    store.panics.store(true, Ordering::SeqCst);
    let outcomes = world.run(join_all((0..3).map(|_| one.read(1, "x"))));
    assert_eq!(outcomes, [Err(AmoError::PermitUnavailable); 3]);
    store.panics.store(false, Ordering::SeqCst);
    assert_eq!(world.run(one.read(1, "x")), Ok(()));
}

#[test]
fn a_call_that_sends_nothing_takes_no_permit() {
    let (world, one, store) = World::with_watched_store();
    assert_eq!(world.run(one.0.contacts(&host(1), &AccessToken::new("x"), &[])), Ok(Vec::new()));
    assert_eq!(store.asked.load(Ordering::SeqCst), 0);
    assert_eq!(world.run(one.0.contacts(&host(1), &AccessToken::new("x"), &[1])), Ok(Vec::new()));
    assert_eq!(store.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn the_store_is_swept_once_an_hour() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        for _ in 0..7 {
            one.read(1, "x").await.unwrap();
            world.pass(900).await;
        }
    });
    assert_eq!(store.swept.load(Ordering::SeqCst), 2);
}
