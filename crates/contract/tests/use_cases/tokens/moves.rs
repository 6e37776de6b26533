//! Accounts that answer at another host than they did.

use amo_connect_contract::fixtures::{host, issued, user};
use amo_connect_contract::{Asked, FakeAmo, Reply};
use amo_connect_domain::connection::{ProblemCode, ReauthReason, Standing};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::Issued;
use amo_connect_domain::usecase::{AccessError, RefreshNowError};

use crate::world::World;

const OLD: u64 = 1;
const NEW: u64 = 31;

#[test]
fn a_read_that_its_host_does_not_answer_goes_to_where_the_account_is() {
    for reply in [Reply::NotFound, Reply::Fails(421), Reply::Unreachable] {
        let world = World::new();
        world.run(async {
            world.connect("olena", OLD).await;
            world.amo.move_account(&host(OLD), &host(NEW));
            world.amo.answer_next(reply.clone());
            world.read("olena").await.unwrap();
            let asked = world.amo.asked();
            assert_eq!(asked.last().map(Asked::host), Some(&host(NEW)), "{reply:?}");
            assert_eq!(world.row("olena").await.grant().unwrap().host, host(NEW), "{reply:?}");
            world.read("olena").await.unwrap();
            assert_eq!((world.amo.asked().len(), world.refreshes()), (asked.len() + 1, 0), "{reply:?}");
        });
    }
}

#[test]
fn a_refresh_token_that_its_host_does_not_take_goes_to_where_the_account_is() {
    let world = World::new();
    world.run(async {
        world.connect("olena", OLD).await;
        world.amo.move_account(&host(OLD), &host(NEW));
        world.use_cases.refresh_now(&user("olena")).await.unwrap();
        let row = world.row("olena").await;
        assert_eq!((row.grant().unwrap().host.clone(), world.refreshes()), (host(NEW), 2));
    });
}

#[test]
fn a_refusal_counts_only_at_the_host_that_knows_the_account() {
    let world = World::beside(FakeAmo::new().without_authority());
    world.run(async {
        world.connect("olena", OLD).await;
        world.amo.revoke(&host(OLD));
        let failed = world.use_cases.refresh_now(&user("olena")).await;
        let is_down = matches!(failed, Err(RefreshNowError::Access(AccessError::Amo(AmoError::Unavailable))));
        assert!(is_down, "{failed:?}");
        assert_eq!(world.row("olena").await.standing(), Standing::Connected(Some(ProblemCode::ProviderDown)));
    });
}

#[test]
fn an_accused_client_is_the_operators_fault_until_something_else_is_known() {
    let world = World::beside(FakeAmo::new().without_authority());
    world.run(async {
        world.connect("olena", OLD).await;
        world.amo.revoke(&host(OLD));
        world.amo.answer_next(Reply::ClientRefused);
        for refreshes in [1, 2] {
            world.use_cases.refresh_now(&user("olena")).await.unwrap_err();
            let misconfigured = Standing::Connected(Some(ProblemCode::Misconfigured));
            assert_eq!(world.row("olena").await.standing(), misconfigured);
            assert_eq!(world.refreshes(), refreshes);
            world.pass(60).await;
        }
    });
}

#[test]
fn a_refusal_after_a_doubt_says_that_the_tokens_were_lost_and_a_move_is_no_doubt() {
    for (moves, expected) in [(false, ReauthReason::RotationLost), (true, ReauthReason::GrantRevoked)] {
        let world = World::new();
        world.run(async {
            world.connect("olena", OLD).await;
            world.amo.answer_next(Reply::Fails(421));
            if moves {
                world.amo.move_account(&host(OLD), &host(NEW));
                // It was looked up just now, so its new host is not believed yet.
                world.amo.answer_each([Reply::Located(host(NEW)), Reply::GrantRevoked]);
            }
            let failed = world.use_cases.refresh_now(&user("olena")).await;
            assert!(matches!(failed, Err(RefreshNowError::Access(AccessError::Amo(_)))), "{failed:?}");
            let again = world.use_cases.refresh_now(&user("olena")).await;
            assert_eq!(matches!(again, Err(RefreshNowError::InDoubt { .. })), !moves, "{again:?}");
            world.pass(61).await;
            world.amo.answer_next(Reply::GrantRevoked);
            let refused = world.use_cases.refresh_now(&user("olena")).await;
            assert!(matches!(refused, Err(RefreshNowError::Access(AccessError::NeedsReauth))), "{refused:?}");
            assert_eq!(world.row("olena").await.standing(), Standing::NeedsReauth(expected), "moves: {moves}");
        });
    }
}

#[test]
fn the_host_that_is_named_with_new_tokens_is_the_accounts() {
    let world = World::new();
    world.run(async {
        world.connect("olena", OLD).await;
        let there = Issued { host: Some(host(NEW).as_str().to_owned()), ..issued("there") };
        world.amo.answer_next(Reply::Issues(there));
        world.use_cases.refresh_now(&user("olena")).await.unwrap();
        let row = world.row("olena").await;
        assert_eq!(row.account(), Some((&host(NEW), Some(AccountId(OLD)))));
    });
}
