//! What an app is told that brings a code.

use amo_connect_contract::Reply;
use amo_connect_contract::fixtures::{settings, user};
use amo_connect_domain::authorization::attempt::ATTEMPT_TERM;
use amo_connect_domain::authorization::budget::UNSETTLED_CODES;
use amo_connect_domain::authorization::callback::Given;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::usecase::{CallbackOutcome, ClaimError, Settings};
use futures_util::future::{join, join_all};

use crate::world::{World, redirect};

/// A state in this service's own format, which it has not made.
const NEVER_MADE: &str = "ac1_never_made";

#[test]
fn a_code_that_an_app_brings_connects_its_user_and_again_says_the_same() {
    let world = World::new();
    world.run(async {
        let started = world.start("olena").await;
        for state in [None, Some("the-app-s-own"), Some(started.state.expose())] {
            let code = world.allow(1);
            for _ in 0..2 {
                world.claim("olena", &code, state, 1).await.unwrap();
            }
        }
        assert!(world.is_connected("olena").await);
        assert_eq!(world.exchanges(), 3);
    });
}

#[test]
fn a_state_that_is_not_good_any_more_or_not_taken_sends_nothing() {
    let world = World::with(Settings { accept_foreign_state: false, ..settings() });
    world.run(async {
        let (late, open) = (world.start("olena").await, async || world.start("olena").await);
        world.pass(ATTEMPT_TERM.as_secs()).await;
        for state in [late.state.expose(), NEVER_MADE] {
            let refused = world.claim("olena", &world.allow(1), Some(state), 1).await;
            assert!(matches!(refused, Err(ClaimError::Expired)), "{state}: {refused:?}");
        }
        for state in [None, Some("the-app-s-own")] {
            let refused = world.claim("olena", &world.allow(1), state, 1).await;
            assert!(matches!(refused, Err(ClaimError::StateMismatch)), "{state:?}: {refused:?}");
        }
        assert_eq!(world.exchanges(), 0);
        world.claim("olena", &world.allow(1), Some(open().await.state.expose()), 1).await.unwrap();
    });
}

#[test]
fn nobody_gets_what_another_user_has_begun_or_claimed() {
    let world = World::new();
    world.run(async {
        let started = world.start("olena").await;
        let refused = world.claim("ivan", &world.allow(1), Some(started.state.expose()), 1).await;
        assert!(matches!(refused, Err(ClaimError::AnotherUser)), "{refused:?}");
        let code = world.allow(1);
        world.claim("olena", &code, None, 1).await.unwrap();
        let refused = world.claim("ivan", &code, None, 1).await;
        assert!(matches!(refused, Err(ClaimError::AnotherUser)), "{refused:?}");
        assert!(!world.is_connected("ivan").await);
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn a_waiting_grant_is_claimed_with_the_state_that_its_code_came_with_and_by_one_user() {
    let world = World::new();
    world.run(async {
        let (code, state) = (world.allow(1), Some("the-app-s-own"));
        assert_eq!(world.page(&redirect(&code, state, 1)).await, CallbackOutcome::AwaitingOwner);
        let refused = world.claim("olena", &code, Some("another"), 1).await;
        assert!(matches!(refused, Err(ClaimError::StateMismatch)), "{refused:?}");
        world.claim("olena", &code, state, 1).await.unwrap();
        world.claim("olena", &code, None, 1).await.unwrap();
        let refused = world.claim("ivan", &code, state, 1).await;
        assert!(matches!(refused, Err(ClaimError::AnotherUser)), "{refused:?}");
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn a_code_whose_connection_has_ended_or_was_replaced_is_expired() {
    let world = World::new();
    world.run(async {
        let [ended, replaced, newest] = [world.allow(1), world.allow(1), world.allow(1)];
        world.claim("olena", &ended, None, 1).await.unwrap();
        world.use_cases.disconnect(&user("olena"), Actor::User).await.unwrap();
        let refused = world.claim("olena", &ended, None, 1).await;
        assert!(matches!(refused, Err(ClaimError::Expired)), "{refused:?}");
        assert!(!world.is_connected("olena").await);
        for code in [&replaced, &newest] {
            world.claim("olena", code, None, 1).await.unwrap();
        }
        for code in [&ended, &replaced] {
            let refused = world.claim("olena", code, None, 1).await;
            assert!(matches!(refused, Err(ClaimError::Expired)), "{refused:?}");
        }
        world.claim("olena", &newest, None, 1).await.unwrap();
    });
}

#[test]
fn who_is_connected_is_not_moved_to_another_account() {
    let world = World::new();
    world.run(async {
        world.claim("olena", &world.allow(1), None, 1).await.unwrap();
        let other = world.allow(2);
        for _ in 0..2 {
            let refused = world.claim("olena", &other, None, 2).await;
            assert!(matches!(refused, Err(ClaimError::AlreadyConnected)), "{refused:?}");
        }
    });
}

#[test]
fn an_app_is_told_how_amocrm_took_the_code() {
    let world = World::new();
    world.run(async {
        let (refused, doubtful) = (world.allow(1), world.allow(1));
        world.amo.answer_next(Reply::CodeUsed);
        for _ in 0..2 {
            let answer = world.claim("olena", &refused, None, 1).await;
            assert!(matches!(answer, Err(ClaimError::InvalidCode)), "{answer:?}");
        }
        assert_eq!(world.exchanges(), 1);
        world.amo.answer_next(Reply::Fails(502));
        let answer = world.claim("olena", &doubtful, None, 1).await;
        assert!(matches!(answer, Err(ClaimError::CrmUnavailable)), "{answer:?}");
        // It is sent again to the host that it went to, whichever the app names.
        world.claim("olena", &doubtful, None, 2).await.unwrap();
        assert_eq!(world.exchanges(), 3);
    });
}

#[test]
fn a_code_that_nobody_has_seen_needs_a_host_of_amocrms() {
    let world = World::new();
    world.run(async {
        for named in [Given::Absent, Given::Unusable, Given::One("amocrm.example.com".to_owned())] {
            let refused = world.use_cases.claim(&user("olena"), world.allow(1), None, named.clone()).await;
            assert!(matches!(refused, Err(ClaimError::InvalidAccountHost)), "{named:?}: {refused:?}");
        }
        assert_eq!(world.exchanges(), 0);
    });
}

#[test]
fn an_app_that_comes_again_before_amocrm_has_answered_waits_for_that_answer() {
    let (world, gate) = World::gated();
    world.run(async {
        let code = world.allow(1);
        let both = join(world.claim("olena", &code, None, 1), world.claim("olena", &code, None, 1)).await;
        for told in [both.0, both.1, world.claim("olena", &code, None, 1).await] {
            assert!(matches!(told, Err(ClaimError::InProgress)), "{told:?}");
        }
        gate.let_go(5);
        world.claim("olena", &code, None, 1).await.unwrap();
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn a_user_with_too_many_codes_under_way_is_told_to_come_later() {
    let (world, _gate) = World::gated();
    world.run(async {
        let codes: Vec<_> = (0..UNSETTLED_CODES).map(|_| world.allow(1)).collect();
        let told = join_all(codes.iter().map(|code| world.claim("olena", code, None, 1))).await;
        assert!(told.iter().all(|told| matches!(told, Err(ClaimError::InProgress))), "{told:?}");
        let refused = world.claim("olena", &world.allow(1), None, 1).await;
        assert!(matches!(refused, Err(ClaimError::TooManyCodes(_))), "{refused:?}");
        assert_eq!(world.heard.codes_refused(), 1);
    });
}
