//! The rows of the callback's table: what the page says to whom, and what it leaves behind.

use amo_connect_contract::fixtures::{host, settings};
use amo_connect_contract::{Reply, amo_denial};
use amo_connect_domain::authorization::attempt::{ATTEMPT_TERM, AttemptReason};
use amo_connect_domain::authorization::callback::Parameters;
use amo_connect_domain::authorization::progress::AttemptProgress;
use amo_connect_domain::usecase::{CallbackOutcome, Settings};

use crate::world::{World, redirect};

/// A state in this service's own format, which it has not made.
const NEVER_MADE: &str = "ac1_never_made";

#[test]
fn the_marketplace_calls_without_a_state_of_ours() {
    let world = World::new();
    world.run(async {
        let (started, code) = (world.start("olena").await, world.allow(1));
        for state in [None, Some("the-app-s-own")] {
            let installation = redirect(&code, state, 1) + "&from_widget=1";
            assert_eq!(world.page(&installation).await, CallbackOutcome::WidgetInstall, "{state:?}");
        }
        assert_eq!(world.exchanges(), 0);
        let with_ours = redirect(&code, Some(started.state.expose()), 1) + "&from_widget=1";
        assert_eq!(world.page(&with_ours).await, CallbackOutcome::Connected);
        assert!(world.is_connected("olena").await);
    });
}

#[test]
fn a_refused_authorization_ends_the_attempt_that_is_open() {
    let world = World::new();
    world.run(async {
        let (declined, failed) = (world.start("olena").await, world.start("olena").await);
        assert_eq!(world.page(&amo_denial(&declined.state)).await, CallbackOutcome::Declined);
        assert_eq!(world.progress("olena", &declined).await, Some(AttemptProgress::Denied));
        let error = format!("error=server_error&state={}", failed.state.expose());
        assert_eq!(world.page(&error).await, CallbackOutcome::Failed);
        assert_eq!(world.progress("olena", &failed).await, Some(AttemptProgress::Failed(None)));
        // What comes back afterwards with these states is too late.
        for state in [declined.state, failed.state] {
            let query = redirect(&world.allow(1), Some(state.expose()), 1);
            assert_eq!(world.page(&query).await, CallbackOutcome::LinkExpired);
        }
        assert_eq!(world.exchanges(), 0);
    });
}

#[test]
fn the_same_redirect_again_says_the_same_and_a_second_code_with_its_state_is_too_late() {
    let world = World::new();
    world.run(async {
        let started = world.start("olena").await;
        let state = Some(started.state.expose());
        let query = redirect(&world.allow(1), state, 1);
        for _ in 0..3 {
            assert_eq!(world.page(&query).await, CallbackOutcome::Connected);
        }
        assert_eq!(world.page(&redirect(&world.allow(1), state, 1)).await, CallbackOutcome::LinkExpired);
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn states_that_are_not_good_any_more_send_nothing() {
    let world = World::new();
    world.run(async {
        let started = world.start("olena").await;
        world.pass(ATTEMPT_TERM.as_secs()).await;
        for state in [started.state.expose(), NEVER_MADE] {
            let good = redirect(&world.allow(1), Some(state), 1);
            let elsewhere = format!("code=def502&state={state}&referer=amocrm.example.com");
            for query in [good, elsewhere] {
                assert_eq!(world.page(&query).await, CallbackOutcome::LinkExpired, "{state}");
            }
        }
        assert_eq!(world.progress("olena", &started).await, Some(AttemptProgress::Expired));
        assert_eq!(world.exchanges(), 0);
    });
}

#[test]
fn foreign_states_and_none_are_taken_where_the_settings_say_so() {
    for (accept_foreign_state, expected) in
        [(true, CallbackOutcome::AwaitingOwner), (false, CallbackOutcome::LinkExpired)]
    {
        let world = World::with(Settings { accept_foreign_state, ..settings() });
        world.run(async {
            for (number, state) in [(1, None), (2, Some("the-app-s-own"))] {
                let query = redirect(&world.allow(number), state, number);
                assert_eq!(world.page(&query).await, expected, "{state:?}");
                assert_eq!(world.page(&query).await, expected, "again: {state:?}");
                world.pass(2).await;
            }
            assert_eq!(world.exchanges(), if accept_foreign_state { 2 } else { 0 });
        });
    }
}

#[test]
fn a_code_goes_with_the_state_that_it_came_with() {
    let world = World::new();
    world.run(async {
        let [olenas, ivans] = [world.start("olena").await, world.start("ivan").await];
        let code = world.allow(1);
        let her = Some(olenas.state.expose());
        assert_eq!(world.page(&redirect(&code, her, 1)).await, CallbackOutcome::Connected);
        for state in [None, Some("the-app-s-own"), Some(ivans.state.expose()), Some(NEVER_MADE)] {
            assert_eq!(world.page(&redirect(&code, state, 1)).await, CallbackOutcome::LinkExpired, "{state:?}");
        }
        assert_eq!(world.page(&redirect(&code, her, 1)).await, CallbackOutcome::Connected);
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn a_code_that_an_app_brought_without_its_state_is_believed_except_with_anothers() {
    let world = World::new();
    world.run(async {
        let [olenas, ivans] = [world.start("olena").await, world.start("ivan").await];
        let code = world.allow(1);
        world.claim("olena", &code, None, 1).await.unwrap();
        let hers = redirect(&code, Some(olenas.state.expose()), 1);
        assert_ne!(world.page(&hers).await, CallbackOutcome::LinkExpired);
        for state in [None, Some("the-app-s-own")] {
            assert_ne!(world.page(&redirect(&code, state, 1)).await, CallbackOutcome::LinkExpired, "{state:?}");
        }
        for state in [ivans.state.expose(), NEVER_MADE] {
            assert_eq!(world.page(&redirect(&code, Some(state), 1)).await, CallbackOutcome::LinkExpired, "{state}");
        }
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn a_host_that_is_not_amocrms_ends_the_attempt_and_is_sent_nothing() {
    let world = World::new();
    world.run(async {
        let (started, code) = (world.start("olena").await, world.allow(1));
        let query = |host: &str, state: &str| format!("code={}&state={state}&referer={host}", code.expose());
        let hers = started.state.expose();
        // Also once more, and from the right host.
        for named in ["amocrm.example.com", "amocrm.example.com", host(1).as_str()] {
            assert_eq!(world.page(&query(named, hers)).await, CallbackOutcome::InvalidAccountHost, "{named}");
        }
        let why = Some(AttemptProgress::Failed(Some(AttemptReason::InvalidAccountHost)));
        assert_eq!(world.progress("olena", &started).await, why);
        let strangers = query("amocrm.example.com", "the-app-s-own");
        assert_eq!(world.page(&strangers).await, CallbackOutcome::InvalidAccountHost);
        assert_eq!(world.exchanges(), 0);
        let host_of = |query: &str| world.use_cases.host_of(&world.use_cases.read_callback(&Parameters::parse(query)));
        assert_eq!(host_of(&query(host(1).as_str(), hers)), Some(host(1)));
        assert_eq!(host_of(&strangers), None);
    });
}

#[test]
fn a_grant_waits_for_its_claim_where_the_settings_say_so() {
    let world = World::with(Settings { require_claim: true, ..settings() });
    world.run(async {
        let (started, code) = (world.start("olena").await, world.allow(1));
        let state = Some(started.state.expose());
        let query = redirect(&code, state, 1);
        assert_eq!(world.page(&query).await, CallbackOutcome::AwaitingClaim);
        assert!(!world.is_connected("olena").await);
        assert_eq!(world.progress("olena", &started).await, Some(AttemptProgress::AwaitingClaim));
        world.claim("olena", &code, state, 1).await.unwrap();
        assert!(world.is_connected("olena").await);
        assert_eq!(world.page(&query).await, CallbackOutcome::AwaitingClaim, "a reload says the same");
        assert_eq!(world.progress("olena", &started).await, Some(AttemptProgress::Connected));
    });
}

#[test]
fn a_code_that_amocrm_refused_is_refused_at_every_reload_and_one_in_doubt_is_sent_again() {
    let world = World::new();
    world.run(async {
        let [refused, doubtful] = [world.start("olena").await, world.start("olena").await];
        let code = world.allow(1);
        world.amo.answer_next(Reply::CodeUsed);
        let query = redirect(&code, Some(refused.state.expose()), 1);
        for _ in 0..2 {
            assert_eq!(world.page(&query).await, CallbackOutcome::InvalidCode);
        }
        assert_eq!(world.exchanges(), 1);
        let why = Some(AttemptProgress::Failed(Some(AttemptReason::InvalidCode)));
        assert_eq!(world.progress("olena", &refused).await, why);

        world.amo.answer_next(Reply::Fails(502));
        let query = redirect(&world.allow(1), Some(doubtful.state.expose()), 1);
        assert_eq!(world.page(&query).await, CallbackOutcome::CrmUnavailable);
        let mendable = Some(AttemptProgress::Pending(Some(AttemptReason::CrmUnavailable)));
        assert_eq!(world.progress("olena", &doubtful).await, mendable);
        assert_eq!(world.page(&query).await, CallbackOutcome::Connected);
        assert_eq!(world.exchanges(), 3);
    });
}
