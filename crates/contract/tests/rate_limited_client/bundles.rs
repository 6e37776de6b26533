//! Bundles of turns: a page asks the store once, and nothing is sent that would not be sent without them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use amo_connect_contract::fixtures::host;
use amo_connect_domain::crm::lead::LeadFilter;
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::crm::task::{TaskFilter, TaskOrder};
use amo_connect_domain::ports::{AmoError, Runtime as _};
use amo_connect_domain::rate_limit::PaceScope;
use amo_connect_domain::token::AccessToken;
use futures_util::future::{join, join_all, select};

use crate::watched::Watched;
use crate::world::{Instance, World, keep_the_limit};

fn asked(store: &Watched) -> usize {
    store.asked.load(Ordering::SeqCst)
}

/// Reads leads in account `number`.
async fn leads(instance: &Instance, number: u64) -> Result<(), AmoError> {
    instance.0.leads(&host(number), &AccessToken::new("leads"), &LeadFilter::default()).await.map(drop)
}

fn millis(times: &[Duration]) -> Vec<u128> {
    times.iter().map(Duration::as_millis).collect()
}

#[test]
fn a_page_asks_the_store_once() {
    let (world, one, store) = World::with_watched_store();
    // Its contacts are asked for before their turn, within it, and after it.
    for (latency, asks, sent) in [(100, 1, 150), (160, 1, 160), (200, 2, 300)] {
        let before = (asked(&store), world.amo.times(1).len(), world.time.passed().as_millis());
        world.amo.slow(1, Duration::from_millis(latency));
        world.run(async {
            leads(&one, 1).await.unwrap();
            one.complete(1, "contacts").await.unwrap();
            world.pass(10).await;
        });
        let times: Vec<_> = millis(&world.amo.times(1)[before.1..]).iter().map(|time| time - before.2).collect();
        assert_eq!((asked(&store) - before.0, times), (asks, vec![0, sent]), "{latency} ms");
    }
}

#[test]
fn tasks_reserve_the_turn_for_the_names_of_their_leads_unless_they_are_of_one() {
    for (lead, asks) in [(None, 1), (Some(7), 2)] {
        let (world, one, store) = World::with_watched_store();
        world.amo.slow(1, Duration::from_millis(100));
        let (page, order) = (PageRequest { page: 1, limit: 50 }, TaskOrder::Newest);
        let filter = TaskFilter { page, order, lead, responsible_user: None, is_completed: None };
        let token = AccessToken::new("tasks");
        world.run(async {
            one.0.tasks(&host(1), &token, &filter).await.unwrap();
            one.0.lead_names(&host(1), &token, &[1]).await.unwrap();
            world.pass(10).await;
        });
        assert_eq!((millis(&world.amo.times(1)), asked(&store)), (vec![0, 150], asks), "{lead:?}");
    }
}

#[test]
fn a_turn_that_nobody_used_is_lost() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        leads(&one, 1).await.unwrap();
        world.time.sleep(Duration::from_millis(171)).await;
        one.read(1, "late").await.unwrap();
        world.pass(10).await;
        leads(&one, 1).await.unwrap();
    });
    assert_eq!((millis(&world.amo.times(1)), asked(&store)), (vec![0, 300, 10_300], 3));
}

#[test]
fn behind_another_instance_no_bundle_is_taken() {
    let (world, one, two) = World::with_two_instances();
    world.run(async {
        leads(&two, 1).await.unwrap();
        let others = async {
            world.time.sleep(Duration::from_millis(10)).await;
            two.complete(1, "x").await.unwrap();
            two.read(1, "behind").await
        };
        assert_eq!(join(leads(&one, 1), others).await, (Ok(()), Ok(())));
    });
    // The last one has one call of the other instance before it.
    assert_eq!(millis(&world.amo.times(1)), [0, 150, 300, 450]);
}

#[test]
fn a_limit_and_a_ban_void_the_turns_in_hand() {
    for error in [AmoError::RateLimited { retry_after: Some(Duration::from_secs(3)) }, AmoError::Blocked] {
        let (world, one) = World::with_one_instance();
        world.amo.will(1, [error]);
        world.run(async {
            let outcomes = join_all((0..3).map(|_| leads(&one, 1))).await;
            assert_eq!(outcomes[0], Err(error));
        });
        let times = millis(&world.amo.times(1));
        assert!(times.iter().all(|time| !(1..3_000).contains(time)), "{error:?}: {times:?}");
    }
}

#[test]
fn a_ban_of_the_integration_voids_the_turns_of_all_accounts() {
    let (world, one) = World::with_one_instance();
    world.run(async {
        leads(&one, 4).await.unwrap();
        for number in 1..=3 {
            world.amo.will(number, [AmoError::Blocked]);
            assert_eq!(one.read(number, "x").await, Err(AmoError::Blocked));
        }
        world.time.sleep(Duration::from_millis(150)).await;
        assert_eq!(one.complete(4, "x").await, Err(AmoError::Blocked));
    });
    assert_eq!(world.amo.times(4).len(), 1);
}

/// When calls reach amoCRM: one at 0 ms, which is limited at 170 ms, and two by callers who come at `come`.
fn sent_beside_a_limit(come: u64, recorded_after: u64, answers_after: [u64; 3]) -> Vec<u128> {
    let (world, one, store) = World::with_watched_store();
    world.amo.slow(1, Duration::from_millis(170));
    world.amo.will(1, [AmoError::RateLimited { retry_after: Some(Duration::from_secs(3)) }]);
    store.answers_after(answers_after);
    store.records_after(recorded_after);
    world.run(async {
        let others = async {
            world.time.sleep(Duration::from_millis(come)).await;
            join_all((0..2).map(|_| one.read(1, "x"))).await
        };
        assert!(join(one.read(1, "limited"), others).await.0.is_err());
    });
    millis(&world.amo.times(1))
}

#[test]
fn a_limit_that_comes_while_the_store_is_asked_voids_the_turns_that_it_grants() {
    // They are granted at 160 ms, for then and for 310, and told at 175.
    let sent = sent_beside_a_limit(160, 800, [0, 15, 0]);
    assert_eq!(sent[..2], [0, 175]);
    assert!(sent[2] >= 900, "{sent:?}");
}

#[test]
fn while_an_outcome_is_not_recorded_no_turns_are_kept() {
    let sent = sent_beside_a_limit(200, 5_000, [0, 0, 0]);
    assert_eq!(sent, [0, 1_200, 2_200], "each waited a second for the record");
}

#[test]
fn the_turns_after_one_whose_answer_came_late_are_lost() {
    // The first answer of all, and a later one.
    for before in [0, 1] {
        let (world, one, store) = World::with_watched_store();
        store.answers_after([0; 2].into_iter().take(before).chain([500, 0]));
        world.run(async {
            for _ in 0..before {
                one.read(1, "before").await.unwrap();
            }
            world.time.sleep(Duration::from_secs(10)).await;
            assert_eq!(join_all((0..3).map(|_| one.read(1, "x"))).await, [Ok(()), Ok(()), Ok(())]);
        });
        // The store took the turns of 10,000, 10,150 and 10,300 for used.
        assert_eq!(asked(&store) - before, 2 + before, "{before}");
        assert!(keep_the_limit(&world.amo.times(1)), "{before}");
    }
}

#[test]
fn callers_that_went_away_leave_the_turns_of_a_bundle_to_others() {
    let (world, one, store) = World::with_watched_store();
    world.run(async {
        let gone = join_all((0..3).map(|_| one.read(1, "gone")));
        select(Box::pin(gone), world.time.sleep(Duration::from_millis(100))).await;
        world.time.sleep(Duration::from_millis(55)).await;
        one.read(1, "comes").await.unwrap();
    });
    assert_eq!((millis(&world.amo.times(1)), asked(&store)), (vec![0, 155], 1));
}

#[test]
fn three_instances_that_read_pages_never_send_eight_calls_in_a_second() {
    for scope in [PaceScope::Account, PaceScope::Integration] {
        for latency in [0, 5, 70, 130, 155, 180, 310] {
            let world = World::new();
            world.amo.slow(1, Duration::from_millis(latency));
            let instances: Vec<_> = (0..3).map(|_| world.instance_with(scope, Arc::new(world.store.clone()))).collect();
            let pages = instances.iter().enumerate().flat_map(|(place, instance)| {
                let world = &world;
                (0..4_u64).map(move |page| async move {
                    world.time.sleep(Duration::from_millis(page * 700 + 40 * place as u64)).await;
                    leads(instance, 1).await?;
                    instance.complete(1, "contacts").await
                })
            });
            assert!(world.run(join_all(pages)).iter().all(Result::is_ok));
            let times = world.amo.times(1);
            assert!(times.len() > 12 && keep_the_limit(&times), "{latency} ms: {times:?}");
        }
    }
}
