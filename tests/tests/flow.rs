//! The flow end to end over HTTP, against the local amoCRM, in its variants.

use amo_connect_tests::{ACCOUNT, RIVAL, World};
use serde_json::json;

/// The seed's first criterion, as a browser and an app go through it.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_connects_by_an_attempt_and_sees_their_leads() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    assert_eq!(world.progress("olena", &attempt).await.0, "pending");

    let redirect = world.browser().allow(&attempt.url).await;
    assert_eq!(redirect.path, world.url("/callback"));
    let page = world.callback(&redirect.parameters()).await;

    assert_eq!(page.status, 200);
    assert!(page.text.contains("✓ Authorization successful!"), "{}", page.text);
    assert!(page.text.contains("Your AMO CRM account has been successfully connected."), "{}", page.text);
    assert!(page.deep_link().starts_with("foryoure://amo-crm/callback?success=true&"), "{}", page.deep_link());
    assert_eq!(page.link_parameter("state").as_deref(), Some(attempt.state.as_str()));
    assert_eq!(page.link_parameter("code").as_deref(), redirect.parameter("code"));

    let status = world.get("olena", "/status").await.data();
    assert_eq!(status["connected"], true);
    assert_eq!(status["hasTokens"], true);
    assert_eq!(status["state"], "connected");
    assert_eq!(status["accountId"], ACCOUNT.to_string());
    assert_eq!(status["domain"], world.sandbox.host(ACCOUNT).unwrap());
    assert_eq!(status["problem"], json!(null));
    assert!(status["connectedAt"].as_str().unwrap().ends_with('Z'), "{status}");
    assert_eq!(status["lastRefreshedAt"], json!(null));
    assert_eq!(world.progress("olena", &attempt).await.0, "connected");

    // The shipped app claims in any case, and hears the same however often it asks.
    let code = redirect.parameter("code").unwrap();
    for _ in 0..2 {
        let claimed = world.post("olena", "/exchange-code", json!({ "code": code, "state": attempt.state })).await;
        assert_eq!(claimed.json()["message"], "AMO CRM successfully connected");
        assert_eq!(claimed.data(), status);
    }
    assert_eq!(world.sandbox.stats().exchanges, 1);

    let leads = world.get("olena", "/leads").await;
    assert_eq!(leads.json()["data"].as_array().unwrap().len(), 50);
    assert_eq!(leads.json()["hasMore"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exchange_is_done_and_saved_before_the_page_is_shown() {
    let mut world = World::start().await;
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    let page = world.callback(&[("code", &code), ("state", &attempt.state), ("referer", &referer)]).await;
    assert_eq!(page.status, 200);
    // No app has called yet, and the process that showed the page is gone.
    world.restart().await;
    assert_eq!(world.state_of("olena").await, "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_require_claim_a_connection_counts_when_the_app_has_brought_the_code_back() {
    let world = World::start_with(|settings| settings.require_claim = Some("true".to_owned())).await;
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    let page = world.callback(&[("code", &code), ("state", &attempt.state), ("referer", &referer)]).await;

    assert_eq!(page.status, 200);
    assert!(page.text.contains("✓ Authorization successful!"));
    assert!(page.text.contains("Return to the app to finish connecting."));
    assert_eq!(page.link_parameter("success"), None);
    assert_eq!(page.link_parameter("code").as_deref(), Some(code.as_str()));
    assert_eq!(world.progress("olena", &attempt).await.0, "awaiting_claim");
    let status = world.get("olena", "/status").await.data();
    assert_eq!(status["state"], "awaiting_claim");
    assert_eq!((&status["connected"], &status["hasTokens"]), (&json!(false), &json!(true)));
    assert_eq!((&status["domain"], &status["accountId"]), (&json!(""), &json!("")));
    assert_eq!(world.get("olena", "/leads").await.problem(), (409, "not_connected"));

    let theirs = world.post("ivan", "/exchange-code", json!({ "code": code })).await;
    assert_eq!(theirs.problem(), (409, "code_belongs_to_another_user"));
    let claimed = world.post("olena", "/exchange-code", json!({ "code": code, "state": attempt.state })).await;
    assert_eq!(claimed.data()["state"], "connected");
    assert_eq!(world.progress("olena", &attempt).await.0, "connected");
    assert_eq!(world.state_of("ivan").await, "not_connected");
}

/// Olena begins, and Ivan is led to allow it, in his own browser, with his own account.
#[tokio::test(flavor = "multi_thread")]
async fn a_victim_of_somebody_elses_link_is_connected_to_them_unless_codes_are_claimed() {
    for (require_claim, connected) in [("false", "connected"), ("true", "awaiting_claim")] {
        let world = World::start_with(|settings| settings.require_claim = Some(require_claim.to_owned())).await;
        let attempt = world.attempt("olena").await;
        let back = world.browser().allow(&attempt.url).await;
        let page = world.callback(&back.parameters()).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(world.state_of("olena").await, connected);
        // His phone opens the link of the page. She has no code.
        let code = back.parameter("code").unwrap();
        let body = json!({ "code": code, "state": back.parameter("state") });
        let brought = world.post("ivan", "/exchange-code", body).await;
        assert_eq!(brought.problem(), (409, "code_belongs_to_another_user"));
        assert_eq!(world.state_of("ivan").await, "not_connected");
        let leads = world.get("olena", "/leads").await;
        assert_eq!(leads.status, if connected == "connected" { 200 } else { 409 }, "{leads:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_stays_in_use_until_the_new_grant_is_claimed() {
    let world = World::start_with(|settings| settings.require_claim = Some("true".to_owned())).await;
    let (_, code) = world.connect("olena", ACCOUNT).await;
    world.post("olena", "/exchange-code", json!({ "code": code })).await.data();

    let (_, newer) = world.connect("olena", RIVAL).await;
    assert_eq!(world.get("olena", "/status").await.data()["accountId"], ACCOUNT.to_string());
    // The code is from an attempt of hers, so it may replace the account.
    world.post("olena", "/exchange-code", json!({ "code": newer })).await.data();
    assert_eq!(world.get("olena", "/status").await.data()["accountId"], RIVAL.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_apps_own_state_needs_a_claim_and_its_user_id_is_never_read() {
    let world = World::start().await;
    // base64 of {"random":"1","userId":"ivan"}
    let state = "eyJyYW5kb20iOiIxIiwidXNlcklkIjoiaXZhbiJ9";
    let (code, referer) = world.code(ACCOUNT);
    let page = world.callback(&[("code", &code), ("state", state), ("referer", &referer)]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Your AMO CRM account has been successfully connected."));
    assert_eq!(page.deep_link(), format!("foryoure://amo-crm/callback?code={code}&state={state}"));
    assert_eq!(world.state_of("ivan").await, "not_connected");

    let claimed = world.post("olena", "/exchange-code", json!({ "code": code, "state": state })).await;
    assert_eq!(claimed.data()["state"], "connected");
    assert_eq!(world.state_of("ivan").await, "not_connected");
    let theirs = world.post("ivan", "/exchange-code", json!({ "code": code, "state": state })).await;
    assert_eq!(theirs.problem(), (409, "code_belongs_to_another_user"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_the_callback_never_saw_is_exchanged_at_the_claim() {
    let world = World::start().await;
    let (code, referer) = world.code(ACCOUNT);
    let claimed = world.post("olena", "/exchange-code", json!({ "code": code, "referer": referer })).await;
    assert_eq!(claimed.data()["accountId"], ACCOUNT.to_string());
    // The browser comes late; it sees the outcome, and nothing is sent again.
    let page = world.callback(&[("code", &code), ("referer", &referer)]).await;
    assert_eq!(page.status, 200);
    assert_eq!(world.sandbox.stats().exchanges, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_loses_nothing() {
    let mut world = World::start().await;
    let attempt = world.attempt("olena").await;
    world.restart().await;
    let (code, referer) = world.code(ACCOUNT);
    world.callback(&[("code", &code), ("state", "the app's own"), ("referer", &referer)]).await;
    world.restart().await;
    let claimed = world.post("ivan", "/exchange-code", json!({ "code": code })).await;
    assert_eq!(claimed.data()["state"], "connected");

    let (code, referer) = world.code(ACCOUNT);
    let page = world.callback(&[("code", &code), ("state", &attempt.state), ("referer", &referer)]).await;
    assert_eq!(page.status, 200);
    world.restart().await;
    for user in ["olena", "ivan"] {
        assert_eq!(world.state_of(user).await, "connected");
        assert_eq!(world.get(user, "/leads?limit=1").await.json()["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_never_see_each_other() {
    let world = World::connected().await;
    assert_eq!(world.state_of("ivan").await, "not_connected");
    assert_eq!(world.get("ivan", "/leads").await.problem(), (409, "not_connected"));

    world.connect("ivan", RIVAL).await;
    let ids = async |user| -> Vec<u64> {
        let leads = world.get(user, "/leads?limit=250").await.json();
        leads["data"].as_array().unwrap().iter().map(|lead| lead["amoLeadId"].as_u64().unwrap()).collect()
    };
    let (hers, his) = (ids("olena").await, ids("ivan").await);
    assert_eq!((hers.len(), his.len()), (250, 40));
    assert!(his.iter().all(|id| !hers.contains(id)));

    world.post("olena", "/disconnect", json!({})).await;
    assert_eq!(world.state_of("olena").await, "not_connected");
    assert_eq!(world.get("ivan", "/status").await.data()["accountId"], RIVAL.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_wipes_the_tokens_and_a_new_connect_works() {
    let world = World::start().await;
    let (_, code) = world.connect("olena", ACCOUNT).await;
    let answer = world.post("olena", "/disconnect", json!({})).await;
    assert_eq!(answer.json(), json!({ "success": true, "message": "AMO CRM disconnected" }));
    let status = world.get("olena", "/status").await.data();
    assert_eq!(status["state"], "not_connected");
    assert_eq!((&status["domain"], &status["accountId"]), (&json!(""), &json!("")));
    // The old code does not bring it back.
    let again = world.post("olena", "/exchange-code", json!({ "code": code })).await;
    assert_eq!(again.problem(), (410, "code_expired"));
    assert_eq!(world.state_of("olena").await, "not_connected");

    world.connect("olena", ACCOUNT).await;
    assert_eq!(world.state_of("olena").await, "connected");
    assert_eq!(world.post("nobody", "/disconnect", json!({})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_code_or_state_is_in_the_database() {
    let world = World::start().await;
    let (attempt, code) = world.connect("olena", ACCOUNT).await;
    let (waiting, referer) = world.code(ACCOUNT);
    world.callback(&[("code", &waiting), ("state", "the-apps-own-state"), ("referer", &referer)]).await;

    let database = world.database();
    let holds = |text: &str| database.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("olena"), "the search works");
    for secret in [code.as_str(), &waiting, &attempt.state, "the-apps-own-state", "def502", "eyJ"] {
        assert!(!holds(secret), "{secret} is in the database");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_access_token_is_renewed_without_a_word() {
    let world = World::connected().await;
    assert_eq!(world.sandbox.expire_access(ACCOUNT).unwrap(), 1);
    let leads = world.get("olena", "/leads?limit=1").await;
    assert_eq!(leads.status, 200, "{leads:?}");
    assert_eq!(world.sandbox.stats().refreshes, 1);
    assert!(world.get("olena", "/status").await.data()["lastRefreshedAt"].is_string());
}
