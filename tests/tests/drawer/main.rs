//! The drawer on the phone page: each click, what happens at amoCRM then, and what the service answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod people;
mod phone;

use std::sync::Arc;
use std::time::Duration;

use amo_connect::config::Config;
use amo_connect::state::AppState;
use amo_connect::wiring;
use amo_connect_adapters::amo::{AmoLimits, OauthAmoClient};
use amo_connect_adapters::runtime::TokioRuntime;
use amo_connect_contract::fixtures::at;
use amo_connect_contract::{MemoryRateLimitStore, MemoryTokenStore, TestClock};
use amo_connect_domain::ports::{NoObserver, Storage};
use amo_connect_domain::rate_limit::FIRST_PAUSE;
use amo_connect_domain::usecase::UseCases;
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_sandbox::{Failure, Faults, Switches};
use amo_connect_tests::{ACCOUNT, Answer, RIVAL, World, until_within};
use serde_json::{Value, json};

use phone::Phone;

#[tokio::test(flavor = "multi_thread")]
async fn on_a_normal_day_leads_come_and_the_drawer_says_so() {
    let phone = Phone::start().await;
    assert_eq!(phone.now().await, json!({ "now": "A normal day.", "on": null, "mayRead": true }));
    assert_eq!(phone.leads().await.json()["data"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_last_are_named_and_end_with_back_to_normal() {
    let phone = Phone::start().await;
    let every = |failure| Faults { api_outage: Some(failure), token_outage: Some(failure), ..Faults::default() };
    let days = [
        ("down", every(Failure::Status(503)), (502, "crm_unavailable")),
        ("limit", every(Failure::Status(429)), (503, "rate_limited")),
        ("unheard", Faults { api_outage: Some(Failure::DropAfter), ..Faults::default() }, (502, "crm_unavailable")),
    ];
    for (what, faults, refusal) in days {
        let played = phone.plays(what).await;
        assert_eq!(played["data"]["on"], what);
        assert!(played.get("message").is_none(), "{played}");
        assert_eq!(phone.now().await, played["data"]);
        assert_eq!(phone.sandbox.faults(), faults);
        assert_eq!(phone.leads().await.problem(), refusal, "{what}");
        assert_eq!(phone.state_of("olena").await, "connected", "{what}");

        let ended = phone.plays("normal").await;
        assert_eq!(ended["data"], json!({ "now": "A normal day.", "on": null, "mayRead": true }));
        assert_eq!(phone.leads().await.status, 200, "{what}");
    }
}

/// A service whose client has these limits, and whose book of turns goes by this clock.
async fn assemble(config: Config, limits: AmoLimits, clock: TestClock) -> AppState {
    let amo = OauthAmoClient::with_limits(config.amo.clone(), limits).unwrap();
    let mut state = wiring::assemble(config.storage, config.amo, &config.service).await.unwrap();
    let process = Arc::new(TokioRuntime::new(state.runtime.clone(), state.tasks.clone()));
    let book = Arc::new(MemoryRateLimitStore::at(move || clock.now()));
    let amo = RateLimitedClient::new(Arc::new(amo), book, process.clone(), Arc::new(NoObserver), config.service.pace);
    let store = Arc::new(MemoryTokenStore::new());
    state.use_cases = UseCases::new(
        (store as Arc<dyn Storage>).into(),
        amo,
        process,
        Arc::new(NoObserver),
        config.service.settings.clone(),
    );
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_goes_on_until_a_probe_has_found_it_ended() {
    let clock = TestClock::at(at(0));
    let phone = Phone::start_with({
        let clock = clock.clone();
        async |config: Config| assemble(config, AmoLimits::default(), clock).await
    })
    .await;
    let unavailable = (502, "crm_unavailable");
    assert_eq!(phone.plays("banned").await["data"]["on"], "banned");
    assert_eq!(phone.leads().await.problem(), unavailable);
    assert_eq!(phone.state_of("olena").await, "connected");
    phone.plays("normal").await;
    let before = phone.sandbox.stats().api_requests;
    assert_eq!(phone.leads().await.problem(), unavailable);
    assert_eq!(phone.sandbox.stats().api_requests, before, "amoCRM is left alone");
    clock.advance(FIRST_PAUSE);
    assert_eq!(phone.leads().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn slower_than_the_service_waits_is_a_timeout() {
    let phone = Phone::start_with(async |config: Config| {
        let limits = AmoLimits { api_timeout: Duration::from_millis(500), ..AmoLimits::default() };
        assemble(config, limits, TestClock::at(at(0))).await
    })
    .await;
    assert_eq!(phone.leads().await.status, 200);
    assert_eq!(phone.plays("slow").await["data"]["on"], "slow");
    assert_eq!(phone.sandbox.faults(), Faults { latency_ms: 4_000, ..Faults::default() });
    assert_eq!(phone.leads().await.problem(), (504, "crm_timeout"));
    phone.plays("normal").await;
    assert_eq!(phone.leads().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_access_token_costs_one_refresh_and_nobody_sees_it() {
    let phone = Phone::start().await;
    let played = phone.plays("expired").await;
    assert_eq!(played["message"], "The access token of 1 grant of For You Real Estate ended.");
    assert_eq!(played["data"]["on"], Value::Null);
    assert_eq!((phone.leads().await.status, phone.sandbox.stats().refreshes), (200, 1));
    assert_eq!((phone.leads().await.status, phone.sandbox.stats().refreshes), (200, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_one_rotation_that_the_service_never_heard_of() {
    let phone = Phone::start().await;
    assert_eq!(phone.plays("lost").await["data"]["on"], "lost");
    assert_eq!(phone.leads().await.problem(), (502, "crm_unavailable"));
    assert_eq!(phone.sandbox.stats().refreshes, 1);
    assert_eq!(phone.state_of("olena").await, "connected", "in doubt is not lost");
    assert_eq!(phone.now().await["on"], Value::Null, "only one answer is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_revocation_sends_the_hook_and_ends_the_connection() {
    let phone = Phone::start().await;
    phone.connect("ivan", RIVAL).await;
    let played = phone.plays("revoked").await;
    let message = played["message"].as_str().unwrap();
    assert!(message.starts_with("1 grant of For You Real Estate ended. The hook was answered with "), "{message}");
    assert_eq!(phone.sandbox.stats().hooks_sent, 1);
    let refused = phone.leads().await.problem();
    // The refresh is refused, or the hook's check was faster. Its check may also come between the two.
    let (state, ended) = (phone.state_of("olena").await, ["needs_reauth", "revoked"]);
    assert!(refused.status == 409 && ended.contains(&refused.code.as_str()), "{refused:?}");
    assert!(ended.contains(&state.as_str()), "{state}");
    assert_eq!(phone.get("ivan", "/leads").await.status, 200, "of another account");

    phone.connect("olena", ACCOUNT).await;
    assert_eq!(phone.leads().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_account_is_named_with_its_new_host_and_comes_home() {
    let phone = Phone::start().await;
    let home = phone.sandbox.host(ACCOUNT).unwrap();
    let played = phone.plays("moved").await;
    let host = phone.sandbox.host(ACCOUNT).unwrap();
    assert_ne!(host, home);
    assert_eq!(played["data"]["now"], format!("For You Real Estate answers on {host}."));
    for host in [host, home.clone()] {
        // An account is looked up once a minute: its way home may take so long.
        until_within(Duration::from_mins(3), "it is followed", async || phone.leads().await.status == 200).await;
        assert_eq!(phone.get("olena", "/status").await.data()["domain"], host);
        phone.plays("normal").await;
        assert_eq!(phone.sandbox.host(ACCOUNT).unwrap(), home);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn back_to_normal_ends_what_others_set_and_untangles_swapped_homes() {
    let phone = Phone::start().await;
    let homes = phone.sandbox.hosts();
    for account in [ACCOUNT, RIVAL, ACCOUNT, ACCOUNT, ACCOUNT] {
        phone.sandbox.move_account(account).unwrap();
    }
    assert_eq!(phone.sandbox.host(ACCOUNT).unwrap(), homes[1], "in the other's home");
    phone.sandbox.set_faults(Faults { unpaid: true, ..Faults::default() }).unwrap();
    phone.sandbox.set_account_faults(RIVAL, Faults { latency_ms: 1, ..Faults::default() }).unwrap();
    phone.sandbox.set_switches(Switches { rate_limit: 1, ..phone.sandbox.switches() }).unwrap();
    phone.sandbox.freeze_clock(true);
    let now = phone.now().await;
    assert_eq!(now["on"], Value::Null);
    assert!(now["now"].as_str().unwrap().starts_with("Something was set at /_sandbox. "), "{now}");

    assert_eq!(phone.plays("normal").await["data"]["now"], "A normal day.");
    assert_eq!(
        (phone.sandbox.host(ACCOUNT).unwrap(), phone.sandbox.host(RIVAL).unwrap()),
        (homes[0].clone(), homes[1].clone())
    );
    assert_eq!(phone.leads().await.status, 200);
    assert_eq!((phone.sandbox.switches(), phone.sandbox.clock().frozen), (Switches::default(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_set_at_the_controls_is_no_normal_day() {
    let phone = Phone::start().await;
    let said = async || phone.now().await["now"].as_str().unwrap().to_owned();
    phone.sandbox.set_switches(Switches { rate_limit: 1, ..phone.sandbox.switches() }).unwrap();
    assert_eq!(said().await, "Something was set at /_sandbox.");
    phone.plays("normal").await;
    assert_eq!(said().await, "A normal day.");
    phone.sandbox.freeze_clock(true);
    assert_eq!(said().await, "Something was set at /_sandbox.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_is_for_the_account_it_names() {
    let phone = Phone::start().await;
    let played = phone.plays(&format!("expired?account={RIVAL}")).await;
    assert_eq!(played["message"], "Nobody is connected to Rival Homes, so no access token ended.");
    phone.leads().await.json();
    assert_eq!(phone.sandbox.stats().refreshes, 0);
    for account in ["1", "x", "-1"] {
        let refused = Answer::to(phone.click(&format!("expired?account={account}"))).await;
        assert_eq!(refused.problem(), (400, "invalid_request"), "{account}");
        assert_eq!(refused.json()["field"], "account");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_page_in_the_browser_can_click() {
    let phone = Phone::start().await;
    let port = phone.base.rsplit(':').next().unwrap();
    let foreign = [
        ("Origin", "https://evil.example".to_owned()),
        ("Origin", "null".to_owned()),
        ("Origin", "http://127.0.0.1:1".to_owned()),
        ("Origin", format!("http://localhost:{port}")),
        ("Sec-Fetch-Site", "cross-site".to_owned()),
        ("Sec-Fetch-Site", "same-site".to_owned()),
        ("Sec-Fetch-Site", "none".to_owned()),
    ];
    for (header, value) in foreign {
        let refused = Answer::to(phone.click("down").header(header, &value)).await;
        assert_eq!(refused.problem(), (403, "foreign_origin"), "{header}: {value}");
    }
    assert_eq!(phone.sandbox.faults(), Faults::default());
    let own = phone.click("down").header("Origin", &phone.base).header("Sec-Fetch-Site", "same-origin");
    assert_eq!(Answer::to(own).await.data()["on"], "down");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_click_is_refused_and_the_service_alone_has_no_drawer() {
    let phone = Phone::start().await;
    assert_eq!(Answer::to(phone.click("earthquake")).await.problem(), (404, "not_found"));
    let read = phone.http().get(format!("{}/app/amo/down", phone.base));
    let refused = Answer::to(read).await;
    assert_eq!(refused.problem(), (405, "method_not_allowed"));
    assert_eq!(refused.header("allow"), "POST");
    assert_eq!(phone.sandbox.faults(), Faults::default());

    let world = World::start().await;
    let click = world.http().post(format!("{}/app/amo/down", world.base));
    assert_eq!(Answer::to(click).await.problem(), (404, "not_found"));
}
