//! Positions that a user of the service meets, and what they see then.

use amo_connect_sandbox::{DenyRedirect, DisabledGrant, Switches, TooMany, Unauthorized};
use amo_connect_tests::{ACCOUNT, Answer, World};

fn turn(world: &World, turn: impl FnOnce(&mut Switches)) {
    let mut switches = world.sandbox.switches();
    turn(&mut switches);
    world.sandbox.set_switches(switches).unwrap();
}

/// What Olena's app gets when it asks for leads, and how she stands after that.
async fn seen(world: &World) -> (Answer, String) {
    let leads = world.get("olena", "/leads").await;
    (leads, world.state_of("olena").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn allowing_connects_whatever_the_browser_brings_besides() {
    let world = World::start().await;
    for brings in [true, false] {
        turn(&world, |switches| switches.redirect_extras = brings);
        let attempt = world.attempt("olena").await;
        let redirect = world.browser().allow(&attempt.url).await;
        assert_eq!(redirect.parameter("platform").is_some(), brings);
        assert_eq!(world.callback(&redirect.parameters()).await.status, 200);
        assert_eq!(world.progress("olena", &attempt).await.0, "connected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn declining_ends_the_attempt_if_amocrm_says_so_and_leaves_it_open_if_not() {
    let world = World::start().await;
    for how in [DenyRedirect::Full, DenyRedirect::Bare] {
        turn(&world, |switches| switches.deny_redirect = how);
        let attempt = world.attempt("olena").await;
        let redirect = world.browser().deny(&attempt.url).await;
        let page = world.callback(&redirect.parameters()).await;
        assert_eq!(page.status, 200, "{how:?}: {page:?}");
        assert_eq!(page.link_parameter("error").as_deref(), Some("access_denied"), "{how:?}");
        assert_eq!(world.progress("olena", &attempt).await.0, "denied", "{how:?}");
    }
    turn(&world, |switches| switches.deny_redirect = DenyRedirect::Stay);
    let attempt = world.attempt("olena").await;
    let decision =
        [("client_id", "sandbox"), ("state", attempt.state.as_str()), ("user", "10110001"), ("decision", "deny")];
    let page = Answer::to(world.http().post(world.sandbox.auth_url()).form(&decision)).await;
    assert_eq!((page.status, page.header("location")), (200, ""));
    assert_eq!(world.progress("olena", &attempt).await.0, "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_ended_early_costs_one_refresh_however_amocrm_says_so() {
    for (body, kills) in [(Unauthorized::Problem, false), (Unauthorized::Empty, false), (Unauthorized::Problem, true)] {
        let world = World::connected().await;
        turn(&world, |switches| switches.unauthorized = body);
        turn(&world, |switches| switches.kill_old_access = kills);
        world.sandbox.expire_access(ACCOUNT).unwrap();
        let (leads, state) = seen(&world).await;
        assert_eq!((leads.status, state.as_str()), (200, "connected"), "{body:?}, {kills}");
        assert_eq!(world.sandbox.stats().refreshes, 1, "{body:?}, {kills}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_integration_asks_for_a_new_connection_unless_the_client_is_accused() {
    for (says, status, still_connected) in [(DisabledGrant::Revoked, 409, false), (DisabledGrant::Client, 502, true)] {
        let world = World::connected().await;
        turn(&world, |switches| switches.disabled_grant = says);
        world.sandbox.disable(ACCOUNT).await.unwrap();
        let (leads, state) = seen(&world).await;
        assert_eq!((leads.status, state == "connected"), (status, still_connected), "{says:?}: {state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_heard_at_once_however_often_amocrm_would_send_it() {
    for retries in [0, 2] {
        let world = World::connected().await;
        turn(&world, |switches| switches.hook_retries = retries);
        let hook = world.sandbox.disable(ACCOUNT).await.unwrap();
        assert_eq!((hook.attempts, hook.status), (1, Some(200)), "{retries}");
        assert_eq!(seen(&world).await.0.status, 409, "{retries}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moved_is_followed_whatever_its_old_host_says() {
    for status in [404, 401] {
        let world = World::connected().await;
        turn(&world, |switches| switches.moved_status = status);
        world.sandbox.move_account(ACCOUNT).unwrap();
        let (leads, state) = seen(&world).await;
        assert_eq!((leads.status, state.as_str()), (200, "connected"), "{status}: {leads:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_amocrms_limit_the_app_is_told_when_to_ask_again_in_every_dress() {
    for dress in [TooMany::Html, TooMany::Empty, TooMany::RetryAfter] {
        let world = World::connected().await;
        world.sandbox.freeze_clock(true);
        turn(&world, |switches| (switches.rate_limit, switches.too_many) = (1, dress));
        let (leads, state) = seen(&world).await;
        assert_eq!(leads.problem(), (503, "rate_limited"), "{dress:?}");
        assert_eq!((leads.header("retry-after"), state.as_str()), ("1", "connected"), "{dress:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_ends_no_connection() {
    let world = World::connected().await;
    world.sandbox.freeze_clock(true);
    turn(&world, |switches| (switches.rate_limit, switches.ban_after) = (1, 1));
    assert_eq!(seen(&world).await.0.problem(), (503, "rate_limited"));
    let (leads, state) = seen(&world).await;
    assert_eq!(leads.problem(), (502, "crm_unavailable"));
    assert_eq!(state, "connected");
}
