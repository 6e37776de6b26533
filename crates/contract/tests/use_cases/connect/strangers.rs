//! How long the codes of strangers wait for their places, by the process's own queue.

use std::time::Duration;

use amo_connect_contract::fixtures::host;
use amo_connect_domain::authorization::budget::{ASK_AGAIN, STARTS, STARTS_WITHIN};
use amo_connect_domain::ports::Runtime as _;
use amo_connect_domain::usecase::CallbackOutcome;
use futures_util::future::{join, join_all};

use crate::world::{World, redirect};

/// By how much the clock of the store is behind at most, and then some.
const ABOUT: Duration = Duration::from_millis(200);

/// The codes of these strangers, each of a network and for an account: what their pages say, and when.
async fn come(world: &World, strangers: &[(u8, u64)]) -> Vec<(CallbackOutcome, Duration)> {
    let come = |&(network, account)| {
        let query = redirect(&world.allow(account), None, account);
        async move {
            let outcome = world.receive_from(network, &query).await.outcome;
            (outcome, world.time.passed())
        }
    };
    join_all(strangers.iter().map(come)).await
}

fn is_about(time: Duration, expected: Duration) -> bool {
    (expected..expected + ABOUT).contains(&time)
}

#[test]
fn those_beyond_the_starts_of_a_second_wait_for_the_next() {
    let world = World::new();
    world.run(async {
        world.connect_somebody(1..=5).await;
        let pages = come(&world, &[(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]).await;
        for (number, (outcome, at)) in pages.into_iter().enumerate() {
            let second = u32::try_from(number / STARTS).unwrap();
            assert_eq!(outcome, CallbackOutcome::AwaitingOwner);
            assert!(is_about(at, STARTS_WITHIN * second), "{number}: {at:?}");
        }
        assert_eq!(world.exchanges(), 5);
    });
}

#[test]
fn who_waits_for_their_own_networks_next_start_keeps_nobody_else_waiting() {
    let world = World::new();
    world.run(async {
        world.connect_somebody(1..=3).await;
        let pages = come(&world, &[(1, 1), (1, 2), (2, 3)]).await;
        assert!(pages.iter().all(|(outcome, _)| *outcome == CallbackOutcome::AwaitingOwner), "{pages:?}");
        for ((_, at), second) in pages.iter().zip([0, 1, 0]) {
            assert!(is_about(*at, STARTS_WITHIN * second), "{pages:?}");
        }
    });
}

#[test]
fn who_finds_no_place_for_five_seconds_is_told_to_come_again() {
    let (world, gate) = World::gated();
    world.run(async {
        world.connect_somebody([1, 2]).await;
        let (first, second) = (redirect(&world.allow(1), None, 1), redirect(&world.allow(2), None, 2));
        let refused = async {
            gate.arrival().await;
            let refused = world.receive(&second).await;
            assert_eq!((refused.outcome, refused.retry_after), (CallbackOutcome::TryAgain, Some(ASK_AGAIN)));
            let waited = world.time.passed();
            assert!((Duration::from_millis(4_500)..Duration::from_millis(5_400)).contains(&waited), "{waited:?}");
            gate.let_go(1);
        };
        let (served, ()) = join(world.page(&first), refused).await;
        assert_eq!(served, CallbackOutcome::AwaitingOwner);
        assert_eq!((world.exchanges(), world.heard.codes_refused()), (1, 1));
        gate.let_go(1);
        assert_eq!(world.page(&second).await, CallbackOutcome::AwaitingOwner, "its code is still good");
    });
}

#[test]
fn who_reloads_the_page_of_a_settled_code_waits_for_nobodys_place() {
    let world = World::new();
    world.run(async {
        world.connect_somebody(1..=3).await;
        let settled = redirect(&world.allow(1), None, 1);
        assert_eq!(world.page(&settled).await, CallbackOutcome::AwaitingOwner);
        let reload = async {
            world.time.sleep(ABOUT).await;
            let page = world.page(&settled).await;
            (page, world.time.passed())
        };
        let (pages, (again, at)) = join(come(&world, &[(2, 2), (3, 3)]), reload).await;
        assert!(is_about(pages[1].1, STARTS_WITHIN), "the third of a second waits: {pages:?}");
        assert_eq!((again, at), (CallbackOutcome::AwaitingOwner, ABOUT));
    });
}

#[test]
fn who_comes_while_somebody_waits_for_the_next_start_of_all_comes_after_them() {
    let world = World::new();
    world.run(async {
        world.connect_somebody(1..=4).await;
        // At the moment at which the third may ask again.
        let newcomer = async {
            world.time.sleep(STARTS_WITHIN).await;
            come(&world, &[(4, 4)]).await
        };
        join(newcomer, come(&world, &[(1, 1), (2, 2), (3, 3)])).await;
        let sent: Vec<_> = world.amo.asked().iter().map(|asked| asked.host().clone()).collect();
        assert_eq!(sent, [1, 2, 3, 4].map(host));
    });
}
