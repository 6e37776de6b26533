//! Attempts whose pages lead to a link of their own (`APP_DEEP_LINKS`).

use amo_connect::config::Given;
use amo_connect_contract::MemoryTokenStore;
use amo_connect_tests::{ACCOUNT, Answer, DEEP_LINK, PgDatabase, TestApp, World, jwt, test_server};
use serde_json::json;

/// A development build's.
const DEV: &str = "foryoure-dev://amo-crm/callback?from=dev";

/// Another app's.
const SECOND: &str = "https://second.example/amo-crm";

fn with_links(settings: &mut Given) {
    settings.app_deep_links = Some(format!("{DEV}, {SECOND}"));
}

/// The page leads to `link`, and tells `error` there if there is one.
fn assert_leads(page: &Answer, link: &str, error: Option<&str>) {
    let found = page.deep_link();
    let rest = found.strip_prefix(link).unwrap_or_else(|| panic!("{found} instead of {link}"));
    assert!(rest.starts_with(if link.contains('?') { '&' } else { '?' }), "{found}");
    assert_eq!(page.link_parameter("error").as_deref(), error, "{found}");
}

/// Every kind of page of an attempt, by this instance and by one that has not heard of the link.
async fn assert_every_page_leads_there(mut world: World) {
    world.settings.app_deep_links = None;
    let other = world.another_instance().await;
    for link in [DEV, SECOND, DEEP_LINK] {
        for service in [&*world, &*other] {
            let begun = async || world.attempt_leading_to("olena", link).await;
            let back = async |parameters: &[(&str, &str)], error| {
                assert_leads(&service.callback(parameters).await, link, error);
            };
            let (code, referer) = world.code(ACCOUNT);
            back(&[("state", &begun().await.state)], Some("missing_code")).await;
            back(&[("error", "access_denied"), ("state", &begun().await.state)], Some("access_denied")).await;
            back(&[("error", "server_error"), ("state", &begun().await.state)], Some("authorization_failed")).await;
            let elsewhere = [("code", code.as_str()), ("state", &begun().await.state), ("referer", "amo.example")];
            back(&elsewhere, Some("invalid_account_host")).await;
            // A code of its own: the same one with another state is an expired link.
            let state = begun().await.state;
            back(&[("code", &format!("{state}x")), ("state", &state), ("referer", &referer)], Some("invalid_code"))
                .await;

            let attempt = begun().await;
            let allowed = [("code", code.as_str()), ("state", &attempt.state), ("referer", &referer)];
            back(&allowed, None).await;
            back(&allowed, None).await;
            assert_leads(&other.callback(&allowed).await, link, None);
            let late = world.code(ACCOUNT).0;
            back(&[("code", &late), ("state", &attempt.state), ("referer", &referer)], Some("state_expired")).await;
        }
    }
    let plain = world.attempt("olena").await;
    assert_leads(&world.callback(&[("state", &plain.state)]).await, DEEP_LINK, Some("missing_code"));
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_an_attempt_leads_to_the_link_that_it_was_begun_with_on_sqlite() {
    assert_every_page_leads_there(World::start_with(with_links).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_an_attempt_leads_to_the_link_that_it_was_begun_with_on_postgres() {
    let database = PgDatabase::migrated(&test_server()).await;
    let world = World::start_with(|settings| {
        with_links(settings);
        settings.database_url = Some(database.url());
    });
    assert_every_page_leads_there(world.await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_link_as_it_stands_in_the_settings_begins_an_attempt() {
    let world = World::start_with(with_links).await;
    let kept = world.attempt("olena").await;
    let longer = format!("{DEV}&more");
    let others = ["", "foryoure-dev://amo-crm/callback", "Foryoure-dev://amo-crm/callback?from=dev", &longer];
    let more = ["https://second.example/amo-crm/", "https://second.example", "javascript:alert(1)", " "];
    let texts = others.into_iter().chain(more).map(|link| json!(link));
    for link in texts.chain([json!(5), json!([DEV]), json!({}), json!(true), json!(format!("{DEV},{SECOND}"))]) {
        let refused = world.post("olena", "/authorize", json!({ "deepLink": link })).await;
        assert_eq!(refused.problem(), (400, "invalid_request"), "{link}");
        assert_eq!(refused.json()["field"], "deepLink", "{link}");
    }
    let unknown = world.post("olena", "/authorize", json!({ "deepLink": DEV, "deeplink": DEV })).await;
    assert_eq!(unknown.problem(), (400, "invalid_request"));
    assert_eq!(unknown.json()["field"], "deeplink");
    assert_eq!(world.progress("olena", &kept).await.0, "pending", "nothing was begun that would end it");

    for body in ["{\"deepLink\":null}", "{}", ""] {
        let request = world.http().post(world.url("/authorize")).bearer_auth(jwt("olena"));
        let begun = Answer::to(request.header("Content-Type", "application/json").body(body)).await.data();
        let state = begun["state"].as_str().unwrap();
        assert_leads(&world.callback(&[("state", state)]).await, DEEP_LINK, Some("missing_code"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_may_read_nothing_lead_there_too() {
    let store = MemoryTokenStore::new();
    let app = TestApp::new().store(store.clone()).settings(with_links);
    let app = app.settings(|settings| settings.address_rate = Some("1".to_owned())).start().await;
    let attempt = app.attempt_leading_to("olena", DEV).await;
    let parameters = [("code", "x"), ("state", attempt.state.as_str()), ("referer", "example.amocrm.ru")];
    store.set_down(true);
    assert_leads(&app.callback(&parameters).await, DEV, Some("storage_unavailable"));
    let mut page = app.callback(&parameters).await;
    for _ in 0..9 {
        if page.status != 429 {
            page = app.callback(&parameters).await;
        }
    }
    assert_leads(&page, DEV, Some("try_again"));
    let page = app.callback(&[("code", "x"), ("state", "ac1_of-nobody")]).await;
    assert_leads(&page, DEEP_LINK, Some("try_again"));
}
