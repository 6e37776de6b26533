//! What the app is told about its attempts, and where their pages lead.

use amo_connect_contract::fixtures::user;
use amo_connect_domain::authorization::attempt::AttemptReason;
use amo_connect_domain::authorization::progress::AttemptProgress;
use amo_connect_domain::usecase::CallbackOutcome;

use crate::world::{World, redirect};

const OPEN: Option<AttemptProgress> = Some(AttemptProgress::Pending(None));

#[test]
fn an_attempt_is_its_users_alone() {
    let world = World::new();
    world.run(async {
        let started = world.start("olena").await;
        assert_eq!(world.progress("olena", &started).await, OPEN);
        assert_eq!(world.progress("ivan", &started).await, None);
        world.page(&redirect(&world.allow(1), Some(started.state.expose()), 1)).await;
        assert_eq!(world.progress("olena", &started).await, Some(AttemptProgress::Connected));
        assert_eq!(world.progress("ivan", &started).await, None);
    });
}

#[test]
fn an_attempt_whose_redirect_was_not_recorded_says_so_until_a_reload_is() {
    let world = World::new();
    world.run(async {
        let (lost, other) = (world.start("olena").await, world.start("olena").await);
        let query = redirect(&world.allow(1), Some(lost.state.expose()), 1);
        world.store.set_down(true);
        assert_eq!(world.page(&query).await, CallbackOutcome::StorageUnavailable);
        world.store.set_down(false);
        let mendable = Some(AttemptProgress::Pending(Some(AttemptReason::StorageUnavailable)));
        assert_eq!(world.progress("olena", &lost).await, mendable);
        assert_eq!(world.progress("olena", &other).await, OPEN);
        assert_eq!(world.page(&query).await, CallbackOutcome::Connected);
        assert_eq!(world.progress("olena", &lost).await, Some(AttemptProgress::Connected));
    });
}

#[test]
fn a_redirect_with_a_foreign_state_that_was_not_recorded_is_no_attempts() {
    let world = World::new();
    world.run(async {
        let started = world.start("olena").await;
        world.store.set_down(true);
        let query = redirect(&world.allow(1), Some("the-app-s-own"), 1);
        assert_eq!(world.page(&query).await, CallbackOutcome::StorageUnavailable);
        world.store.set_down(false);
        assert_eq!(world.progress("olena", &started).await, OPEN);
        assert_eq!(world.page(&query).await, CallbackOutcome::AwaitingOwner);
    });
}

#[test]
fn the_pages_of_an_attempt_lead_to_its_own_link_also_without_the_database() {
    let world = World::new();
    world.run(async {
        let named = world.use_cases.start(user("olena"), Some("her-app://done".to_owned())).await.unwrap();
        let plain = world.start("ivan").await;
        for down in [true, false] {
            world.store.set_down(down);
            let to_hers = world.receive(&redirect(&world.allow(1), Some(named.state.expose()), 1)).await;
            assert_eq!(to_hers.deep_link.as_deref(), Some("her-app://done"), "down: {down}");
            let to_his = world.receive(&redirect(&world.allow(2), Some(plain.state.expose()), 2)).await;
            assert_eq!(to_his.deep_link, None, "down: {down}");
            assert_eq!(world.use_cases.deep_link(&named.state).as_deref(), Some("her-app://done"));
            assert_eq!(world.use_cases.deep_link(&plain.state), None);
        }
    });
}
