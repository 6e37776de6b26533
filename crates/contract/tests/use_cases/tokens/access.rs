//! When an access token is used as it is, and when it is refreshed first.

use std::time::Duration;

use amo_connect_contract::fixtures::issued;
use amo_connect_contract::{FakeAmo, Reply};
use amo_connect_domain::connection::Standing;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::usecase::{AccessError, ReadError};

use crate::world::World;

/// Access tokens that live for ten minutes: they are due when five are left.
fn short_lived() -> FakeAmo {
    FakeAmo::new().with_life(Duration::from_mins(10))
}

#[test]
fn an_access_token_is_refreshed_when_it_is_due_and_not_before() {
    let world = World::beside(short_lived());
    world.run(async {
        world.connect("olena", 1).await;
        world.pass(4 * 60 + 58).await;
        world.read("olena").await.unwrap();
        assert_eq!(world.refreshes(), 0);
        world.pass(3).await;
        for _ in 0..2 {
            world.read("olena").await.unwrap();
            assert_eq!(world.refreshes(), 1);
        }
    });
}

#[test]
fn a_refresh_that_fails_matters_only_once_the_old_access_token_is_dead() {
    let world = World::beside(short_lived());
    world.run(async {
        world.connect("olena", 1).await;
        world.pass(6 * 60).await;
        world.amo.answer_next(Reply::PaymentRequired);
        world.read("olena").await.unwrap();
        world.pass(5 * 60).await;
        world.amo.answer_next(Reply::PaymentRequired);
        let refused = world.read("olena").await;
        let expected = matches!(refused, Err(ReadError::Access(AccessError::Amo(AmoError::PaymentRequired))));
        assert!(expected, "{refused:?}");
        assert_eq!(world.refreshes(), 2);
    });
}

#[test]
fn a_refresh_that_takes_long_is_not_waited_for_while_the_old_access_token_lives() {
    let (amo, gate) = short_lived().gated();
    let world = World::beside(amo);
    world.run(async {
        gate.let_go(1);
        world.connect("olena", 1).await;
        world.pass(6 * 60).await;
        let begun = world.time.passed();
        world.read("olena").await.unwrap();
        assert_eq!(world.since(begun), Duration::from_secs(5));
        gate.let_go(1);
        world.pass(1).await;
        assert_eq!(world.refreshes(), 1);
    });
}

#[test]
fn an_access_token_that_amocrm_refuses_is_refreshed_and_each_time_anew() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        for refreshes in 1..=4 {
            world.amo.answer_next(Reply::AccessRefused);
            world.read("olena").await.unwrap();
            assert_eq!(world.refreshes(), refreshes);
        }
    });
}

#[test]
fn reading_changes_nothing_of_a_row_that_has_no_refusal() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        let before = world.row("olena").await.revision;
        world.read("olena").await.unwrap();
        assert_eq!(world.row("olena").await.revision, before);
    });
}

#[test]
fn the_check_after_amocrms_hook_refreshes_also_an_account_that_backs_off() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        world.amo.answer_each([Reply::AccessRefused, Reply::Issues(issued("unknown"))]);
        world.read("olena").await.unwrap_err();
        world.read("olena").await.unwrap_err();
        assert_eq!(world.refreshes(), 1);
        world.use_cases.switched_off(AccountId(1)).await.unwrap();
        world.use_cases.background_round().await.unwrap();
        world.pass(60).await;
        assert_eq!((world.refreshes(), world.row("olena").await.standing()), (2, Standing::Revoked));
    });
}

#[test]
fn an_account_whose_new_access_tokens_are_refused_too_is_refreshed_again_after_a_minute() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        // The fake does not know the token that is issued so.
        world.amo.answer_each([Reply::AccessRefused, Reply::Issues(issued("unknown"))]);
        for seconds in [0, 1, 57] {
            world.pass(seconds).await;
            let refused = world.read("olena").await;
            let is_refused = matches!(
                refused,
                Err(ReadError::Amo(AmoError::AccessRefused)
                    | ReadError::Access(AccessError::Amo(AmoError::AccessRefused)))
            );
            assert!(is_refused, "{refused:?}");
            assert_eq!(world.refreshes(), 1);
            assert!(world.row("olena").await.refused.is_some_and(|refused| refused.is_accounts()));
        }
        world.pass(3).await;
        world.amo.answer_each([Reply::AccessRefused, Reply::Issues(issued("unknown-again"))]);
        world.read("olena").await.unwrap_err();
        assert_eq!(world.refreshes(), 2);
    });
}
