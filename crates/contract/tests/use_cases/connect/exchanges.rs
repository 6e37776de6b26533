//! A code on its way: it is sent once, and its tokens are saved whatever the database does.

use std::time::Duration;

use amo_connect_contract::fixtures::{after, at};
use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::authorization::progress::AttemptProgress;
use amo_connect_domain::ports::Maintenance as _;
use amo_connect_domain::usecase::CallbackOutcome;
use futures_util::future::join;

use crate::world::{World, redirect};

#[test]
fn a_code_whose_answer_is_awaited_is_not_sent_again_though_its_lease_has_lapsed() {
    let (world, gate) = World::gated();
    world.run(async {
        let started = world.start("olena").await;
        let query = redirect(&world.allow(1), Some(started.state.expose()), 1);
        let reloads = async {
            gate.arrival().await;
            world.store.test_clock().advance(Duration::from_mins(10));
            world.page(&query).await
        };
        let pages = join(world.page(&query), reloads).await;
        assert_eq!(pages, (CallbackOutcome::CrmUnavailable, CallbackOutcome::CrmUnavailable), "10 s is too long");
        gate.let_go(2);
        assert_eq!(world.page(&query).await, CallbackOutcome::Connected);
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn a_reload_waits_for_the_answer_that_the_first_load_waits_for() {
    let (world, gate) = World::gated();
    world.run(async {
        let started = world.start("olena").await;
        let query = redirect(&world.allow(1), Some(started.state.expose()), 1);
        let answer = async {
            gate.arrival().await;
            assert_eq!(world.progress("olena", &started).await, Some(AttemptProgress::Exchanging));
            world.pass(5).await;
            gate.let_go(1);
        };
        let (first, (again, ())) = join(world.page(&query), join(world.page(&query), answer)).await;
        assert_eq!([first, again], [CallbackOutcome::Connected; 2]);
        assert_eq!(world.exchanges(), 1);
        let took = world.time.passed();
        assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&took), "{took:?}");
    });
}

#[test]
fn tokens_that_the_database_does_not_take_are_saved_when_it_is_back() {
    let (world, gate) = World::gated();
    world.run(async {
        let started = world.start("olena").await;
        let query = redirect(&world.allow(1), Some(started.state.expose()), 1);
        let outage = async {
            gate.arrival().await;
            world.store.set_down(true);
            gate.let_go(1);
            world.pass(60).await;
        };
        let (page, ()) = join(world.page(&query), outage).await;
        assert_eq!(page, CallbackOutcome::StorageUnavailable);
        // At 0.1, 0.3, 0.7, 1.5, 3.1 and 6.3 s, and then every five.
        assert_eq!(world.heard.failed_saves(), 17);
        world.store.set_down(false);
        world.pass(5).await;
        assert!(world.is_connected("olena").await);
        assert_eq!(world.page(&query).await, CallbackOutcome::Connected);
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn tokens_whose_record_was_forgotten_meanwhile_are_saved_all_the_same() {
    let (world, gate) = World::gated();
    world.run(async {
        let started = world.start("olena").await;
        let query = redirect(&world.allow(1), Some(started.state.expose()), 1);
        let forgotten = async {
            gate.arrival().await;
            let day = MEMORY + Duration::from_hours(1);
            world.store.test_clock().advance(day);
            let now = after(at(0), day);
            world.store.sweep(now, now).await.unwrap();
            gate.let_go(1);
        };
        join(world.page(&query), forgotten).await;
        world.pass(1).await;
        assert!(world.is_connected("olena").await);
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn a_code_that_had_no_permit_because_of_the_database_says_so() {
    let (world, limits) = World::limited();
    world.run(async {
        let started = world.start("olena").await;
        let query = redirect(&world.allow(1), Some(started.state.expose()), 1);
        limits.set_down(true);
        assert_eq!(world.page(&query).await, CallbackOutcome::StorageUnavailable);
        limits.set_down(false);
        assert_eq!(world.page(&query).await, CallbackOutcome::Connected);
        assert_eq!(world.exchanges(), 1);
    });
}
