//! What an answer to a refresh token leads to, and when the token is sent again.

use amo_connect_contract::Reply;
use amo_connect_contract::fixtures::{host, issued_in, user};
use amo_connect_domain::connection::{ProblemCode, ReauthReason, Standing};
use amo_connect_domain::ports::{AmoError, StoreError};
use amo_connect_domain::usecase::{AccessError, ReadError, RefreshNowError};
use futures_util::future::{join, join_all};

use crate::world::World;

#[test]
fn a_refresh_that_is_asked_for_is_made_though_it_is_not_due_and_once_for_all_who_ask() {
    let (world, gate) = World::gated();
    world.run(async {
        gate.let_go(1);
        world.connect("olena", 1).await;
        let before = world.row("olena").await;
        let olena = user("olena");
        let let_go = async {
            gate.arrival().await;
            gate.arrival().await;
            world.pass(1).await;
            gate.let_go(9);
        };
        let all = join_all((0..5).map(|_| world.use_cases.refresh_now(&olena)));
        let (all, ()) = join(all, let_go).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert_eq!((world.refreshes(), world.heard.attempts()), (1, vec![1]));
        assert_eq!(world.row("olena").await.generation, before.generation.next());
    });
}

#[test]
fn after_a_failure_that_is_certain_the_service_backs_off_and_an_operator_does_not() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        world.amo.expire_access_tokens();
        world.amo.answer_each([Reply::AccessRefused, Reply::PaymentRequired]);
        let is_unpaid = |read: &Result<(), ReadError>| {
            matches!(read, Err(ReadError::Access(AccessError::Amo(AmoError::PaymentRequired))))
        };
        for _ in 0..3 {
            let read = world.read("olena").await;
            assert!(is_unpaid(&read), "{read:?}");
            assert_eq!(world.refreshes(), 1);
        }
        assert_eq!(world.row("olena").await.standing(), Standing::Connected(Some(ProblemCode::PaymentRequired)));
        world.use_cases.refresh_now(&user("olena")).await.unwrap();
        assert_eq!((world.refreshes(), world.heard.attempts(), world.heard.doubts()), (2, vec![1, 2], 0));
        world.read("olena").await.unwrap();
        assert_eq!(world.row("olena").await.standing(), Standing::Connected(None));
    });
}

#[test]
fn after_a_failure_in_doubt_nobody_sends_the_token_before_the_backoff_is_over() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        world.amo.answer_next(Reply::CutBeforeTheDeed);
        let failed = world.use_cases.refresh_now(&user("olena")).await;
        assert!(
            matches!(failed, Err(RefreshNowError::Access(AccessError::Amo(AmoError::OutcomeUnknown)))),
            "{failed:?}"
        );
        let in_doubt = world.use_cases.refresh_now(&user("olena")).await;
        assert!(matches!(in_doubt, Err(RefreshNowError::InDoubt { .. })), "{in_doubt:?}");
        assert_eq!((world.refreshes(), world.heard.doubts()), (1, 1));
        world.pass(2).await;
        // One that certainly failed leaves the doubt about the one before.
        world.amo.answer_next(Reply::PaymentRequired);
        world.use_cases.refresh_now(&user("olena")).await.unwrap_err();
        assert_eq!((world.refreshes(), world.heard.doubts()), (2, 2));
        world.pass(4).await;
        world.use_cases.refresh_now(&user("olena")).await.unwrap();
        assert_eq!((world.refreshes(), world.heard.doubts()), (3, 2));
    });
}

#[test]
fn a_refused_grant_is_dead_and_is_not_sent_again() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        world.amo.revoke(&host(1));
        for _ in 0..2 {
            let read = world.read("olena").await;
            assert!(matches!(read, Err(ReadError::Access(AccessError::NeedsReauth))), "{read:?}");
        }
        assert_eq!(world.row("olena").await.standing(), Standing::NeedsReauth(ReauthReason::GrantRevoked));
        assert_eq!(world.refreshes(), 1);
    });
}

#[test]
fn tokens_of_another_account_are_not_saved_and_leave_a_doubt() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        let before = world.row("olena").await.grant().unwrap().tokens.clone();
        world.amo.answer_next(Reply::Issues(issued_in(2, "another")));
        let failed = world.use_cases.refresh_now(&user("olena")).await;
        assert!(
            matches!(failed, Err(RefreshNowError::Access(AccessError::Amo(AmoError::OutcomeUnknown)))),
            "{failed:?}"
        );
        assert_eq!(world.row("olena").await.grant().unwrap().tokens, before);
        let in_doubt = world.use_cases.refresh_now(&user("olena")).await;
        assert!(matches!(in_doubt, Err(RefreshNowError::InDoubt { .. })), "{in_doubt:?}");
    });
}

#[test]
fn a_token_that_was_not_sent_for_want_of_a_permit_is_sent_as_soon_as_there_is_one() {
    let (world, limits) = World::limited();
    world.run(async {
        world.connect("olena", 1).await;
        let olena = user("olena");
        limits.set_down(true);
        let failed = world.use_cases.refresh_now(&olena).await;
        let is_stores = matches!(failed, Err(RefreshNowError::Access(AccessError::Store(StoreError::Unavailable(_)))));
        assert!(is_stores, "{failed:?}");
        assert_eq!(world.row("olena").await.standing(), Standing::Connected(None), "no fault of amoCRM's");
        limits.set_down(false);
        world.use_cases.refresh_now(&olena).await.unwrap();
        assert_eq!((world.refreshes(), world.heard.attempts()), (1, vec![1, 1]));
    });
}

#[test]
fn an_accused_client_that_others_are_served_with_since_is_the_accounts_fault() {
    let world = World::new();
    world.run(async {
        world.connect("olena", 1).await;
        for problem in [ProblemCode::Misconfigured, ProblemCode::AccountRefused] {
            world.pass(20).await;
            world.amo.answer_next(Reply::ClientRefused);
            world.use_cases.refresh_now(&user("olena")).await.unwrap_err();
            assert_eq!(world.row("olena").await.standing(), Standing::Connected(Some(problem)));
            world.pass(20).await;
            world.connect("ivan", 2).await;
        }
    });
}
