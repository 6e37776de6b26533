//! Shares of an account's turns, in one process and over two.

use std::time::Duration;

use amo_connect_contract::fixtures::{host, user};
use amo_connect_domain::ports::{AmoError, Runtime as _};
use amo_connect_domain::token::RefreshToken;
use amo_connect_domain::usecase::rate_limited::Urgency;
use futures_util::future::{join, join_all, select};

use crate::world::{Instance, World, keep_the_limit};

/// Garbage codes of one user, eight a second at each of these, for as long as it is polled.
async fn flood(world: &World, instances: &[Instance]) {
    let all = instances.iter().map(|instance| async move {
        let codes = (0..1_000_u64).map(|number| async move {
            world.time.sleep(Duration::from_millis(number * 125)).await;
            // Most are refused.
            let _ = instance.exchange_by(1, Some(&user("flood")), "garbage").await;
        });
        join_all(codes).await
    });
    join_all(all).await;
}

/// `work` amid a flood of garbage codes at both instances, after a while.
fn amid_a_flood<T>(work: impl AsyncFnOnce(&World, &[Instance; 2]) -> T) -> (World, T) {
    let (world, one, two) = World::with_two_instances();
    let both = [one, two];
    let done = world.run(async {
        let work = async {
            world.pass(5).await;
            work(&world, &both).await
        };
        match select(Box::pin(work), Box::pin(flood(&world, &both))).await {
            futures_util::future::Either::Left((done, _)) => done,
            futures_util::future::Either::Right(_) => panic!("the flood was over first"),
        }
    });
    (world, done)
}

fn sent(world: &World, what: &str) -> Vec<Duration> {
    world.amo.calls().into_iter().filter(|call| call.what == what).map(|call| call.when).collect()
}

#[test]
fn amid_a_flood_of_garbage_codes_reads_and_refreshes_are_served() {
    let (world, outcomes) = amid_a_flood(async |world, instances| {
        let mut outcomes = Vec::new();
        for round in 0..8 {
            let [one, two] = [&instances[round % 2], &instances[(round + 1) % 2]];
            let began = world.time.passed();
            let served = join(one.refresh(1, "refresh"), join_all((0..2).map(|_| two.read(1, "read")))).await;
            outcomes.push((served, world.time.passed().saturating_sub(began)));
            world.pass(1).await;
        }
        outcomes
    });
    for ((refresh, reads), took) in outcomes {
        assert_eq!((refresh, reads), (Ok(()), vec![Ok(()), Ok(())]));
        assert!(took <= Duration::from_secs(2), "{took:?}");
    }
    assert!(keep_the_limit(&world.amo.times(1)));
}

#[test]
fn while_another_process_reads_exchanges_have_one_turn_in_four_and_all_when_it_has_done() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        let work = async {
            world.pass(5).await;
            join_all((0..20).map(|_| one.read(1, "read"))).await
        };
        select(
            Box::pin(async {
                assert_eq!(work.await, [Ok(()); 20]);
                world.pass(5).await;
            }),
            Box::pin(flood(&world, &[two])),
        )
        .await;
    });
    let reads = sent(&world, "read");
    let within = |from: Duration, until: Duration| {
        sent(&world, "garbage").into_iter().filter(|when| (from..until).contains(when)).count()
    };
    let (first, last) = (reads[0], reads[19]);
    assert!((5..=7).contains(&within(first, last)), "{} beside twenty reads", within(first, last));
    // Those that were refused meanwhile are gone.
    let calm = within(last + Duration::from_secs(2), last + Duration::from_secs(4));
    assert!(calm >= 12, "{calm} in two seconds");
    assert!(keep_the_limit(&world.amo.times(1)));
}

#[test]
fn a_users_code_does_not_wait_for_anothers_flood_in_any_process() {
    let (world, took) = amid_a_flood(async |world, instances| {
        let mut took = Vec::new();
        for instance in instances {
            let began = world.time.passed();
            assert_eq!(instance.exchange_by(1, Some(&user("olena")), "olena's").await, Ok(()));
            took.push(world.time.passed().saturating_sub(began));
        }
        took
    });
    assert!(took.iter().all(|took| *took <= Duration::from_secs(1)), "{took:?}");
    assert_eq!(sent(&world, "olena's").len(), 2);
}

#[test]
fn a_flood_fills_no_queue_for_others() {
    let (_, outcomes) = amid_a_flood(async |_, instances| {
        let flood = user("flood");
        let (reads, own) = join(
            join_all((0..10).map(|_| instances[0].read(1, "read"))),
            join_all((0..20).map(|_| instances[0].exchange_by(1, Some(&flood), "garbage"))),
        )
        .await;
        (reads, own.into_iter().flatten().count())
    });
    assert_eq!(outcomes.0, [Ok(()); 10]);
    assert!(outcomes.1 < 10, "the flood's own codes are refused: {} were not", outcomes.1);
}

#[test]
fn a_refresh_that_can_wait_does_not_go_before_reads() {
    let (world, one) = World::with_one_instance();
    world.run(async {
        let reads = join_all((0..9).map(|_| one.read(1, "read")));
        let later = async {
            world.time.sleep(Duration::from_millis(10)).await;
            one.0.refresh(&host(1), &RefreshToken::new("refresh"), Urgency::CanWait).await.map(drop)
        };
        assert_eq!(join(reads, later).await.1, Ok(()));
    });
    assert_eq!(world.amo.calls().last().unwrap().what, "refresh");
}

#[test]
fn when_a_limit_delays_the_account_what_waits_at_one_process_delays_no_other() {
    let (world, one, two) = World::with_two_instances();
    world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_secs(3)) }]);
    world.run(async {
        assert!(one.read(1, "limited").await.is_err());
        let outcomes = join(one.read(1, "read"), two.exchange(1, "code")).await;
        assert_eq!(outcomes, (Ok(()), Ok(())));
    });
    assert_eq!(world.amo.times(1), [0, 3_000, 3_150].map(Duration::from_millis));
}
