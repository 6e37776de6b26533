//! The rows of the callback's table that need no fault, in their order.

use amo_connect_sandbox::Faults;
use amo_connect_tests::{ACCOUNT, Answer, RIVAL, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_head_and_a_prefetch_do_nothing() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    let query = [("code", code.as_str()), ("state", &attempt.state), ("referer", &referer)];

    let head = Answer::to(world.http().head(world.url("/callback")).query(&query)).await;
    assert_eq!((head.status, head.text.as_str(), head.header("cache-control")), (200, "", "no-store"));
    for (name, value) in [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch"), ("X-Moz", "prefetch")] {
        let request = world.http().get(world.url("/callback")).query(&query).header(name, value);
        let answer = Answer::to(request).await;
        let found = (answer.status, answer.text.as_str(), answer.header("cache-control"));
        assert_eq!(found, (503, "", "no-store"), "{name}");
    }
    let lines = world.http().get(world.url("/callback")).query(&query);
    let lines = lines.header("Purpose", "navigate").header("Purpose", "prefetch");
    assert_eq!(Answer::to(lines).await.status, 503, "the second line of a header counts too");
    assert_eq!(world.sandbox.stats().exchanges, 0);
    assert_eq!(world.progress("olena", &attempt).await.0, "pending");
    assert_eq!(world.callback(&query).await.status, 200);
    assert_eq!(world.state_of("olena").await, "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_rate_limit_nothing_is_written_or_sent() {
    let world = World::start_with(|settings| settings.address_rate = Some("1".to_owned())).await;
    let (code, referer) = world.code(ACCOUNT);
    let query = [("code", code.as_str()), ("state", "own"), ("referer", &referer)];
    let declined = [("error", "access_denied"), ("state", "own")];
    let head = async || Answer::to(world.http().head(world.url("/callback"))).await;
    let prefetch = async || Answer::to(world.http().get(world.url("/callback")).header("Purpose", "prefetch")).await;
    let declining = async || world.callback(&declined).await;
    assert_eq!((head().await.status, prefetch().await.status, declining().await.status), (200, 503, 200));
    // A burst of five is soon spent. Time gives one back each second, so what comes then may be served, too.
    while declining().await.status != 429 {}
    let mut nothings = Vec::new();
    while nothings.len() < 2 {
        let answer = if nothings.is_empty() { head().await } else { prefetch().await };
        if answer.status == 429 {
            nothings.push((answer.text.clone(), answer.header("retry-after").to_owned()));
        }
    }
    assert_eq!(nothings, vec![(String::new(), "1".to_owned()); 2]);
    while declining().await.status != 429 {}
    let page = world.callback(&query).await;
    assert_eq!(page.status, 429);
    assert!(page.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert!(page.text.contains("Please try again in a moment"));
    let link = ["error", "code", "state", "referer"].map(|name| page.link_parameter(name).unwrap());
    assert_eq!(link, ["try_again", &code, "own", &referer], "all that the app needs to finish");
    assert_eq!(world.sandbox.stats().exchanges, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsolicited_codes_are_exchanged_a_few_at_a_time_and_those_refused_stay_good() {
    let world = World::start().await;
    // None is answered, so none makes its place free.
    let slow = Faults { token_latency_ms: 9_000, ..Faults::default() };
    world.sandbox.set_faults(slow).unwrap();
    let codes: Vec<_> = (0..9).map(|_| world.code(ACCOUNT)).collect();
    let loads = codes.iter().map(async |(code, referer)| world.callback(&[("code", code), ("referer", referer)]).await);
    let pages = futures_util::future::join_all(loads).await;
    let turned_away: Vec<_> = pages.iter().zip(&codes).filter(|(page, _)| page.status == 429).collect();
    let requests = world.sandbox.stats().token_requests;
    assert!((1..=2).contains(&requests), "one of a network: {requests}");
    assert_eq!(turned_away.len(), 9 - usize::try_from(requests).unwrap());
    world.sandbox.set_faults(Faults::default()).unwrap();
    let (page, (code, referer)) = turned_away[0];
    let link = ["code", "state", "referer"].map(|name| page.link_parameter(name));
    assert_eq!(link, [Some(code.clone()), None, Some(referer.clone())]);
    assert!(page.header("retry-after").parse::<u64>().unwrap() >= 1);
    let claimed = world.post("olena", "/exchange-code", json!({ "code": code, "referer": referer })).await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_from_the_marketplace_spends_nothing() {
    let world = World::start().await;
    let (code, referer) = world.code(ACCOUNT);
    let page = world.callback(&[("code", &code), ("referer", &referer), ("from_widget", "1")]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Open the app to connect"));
    assert_eq!(world.sandbox.stats().exchanges, 0);
    let claimed = world.post("olena", "/exchange-code", json!({ "code": code, "referer": referer })).await;
    assert_eq!(claimed.status, 200, "the code is still good");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_authorization_closes_the_open_attempt_and_no_other() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let redirect = world.browser().deny(&attempt.url).await;
    let page = world.callback(&redirect.parameters()).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Authorization was declined"));
    let state = &attempt.state;
    assert_eq!(page.deep_link(), format!("foryoure://amo-crm/callback?error=access_denied&state={state}"));
    assert_eq!(world.progress("olena", &attempt).await.0, "denied");

    let (connected, _) = world.connect("olena", ACCOUNT).await;
    world.callback(&[("error", "access_denied"), ("state", &connected.state)]).await;
    assert_eq!(world.progress("olena", &connected).await.0, "connected");
    assert_eq!(world.state_of("olena").await, "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_error_ends_the_attempt_and_amocrms_words_stay_out() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let parameters = [("error", "server_error"), ("error_description", "<b>words</b>"), ("state", &attempt.state)];
    let page = world.callback(&parameters).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("✗ Authorization failed"));
    assert!(!page.text.contains("words") && !page.text.contains("server_error"));
    assert_eq!(page.link_parameter("error").as_deref(), Some("authorization_failed"));
    assert_eq!(world.progress("olena", &attempt).await.0, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_code_there_is_nothing_to_exchange() {
    let world = World::start().await;
    let long = "a".repeat(4097);
    for query in [vec![], vec![("code", "")], vec![("code", long.as_str())], vec![("code", "a"), ("code", "a")]] {
        let page = world.callback(&query).await;
        assert_eq!(page.status, 400);
        assert!(page.text.contains("✗ Authorization code is missing"));
        assert_eq!(page.deep_link(), "foryoure://amo-crm/callback?error=missing_code");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_redirect_again_shows_the_same_page_and_sends_nothing() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    let query = [("code", code.as_str()), ("state", &attempt.state), ("referer", &referer)];
    let first = world.callback(&query).await;
    let again = world.callback(&query).await;
    assert_eq!((first.status, first.deep_link()), (again.status, again.deep_link()));
    assert_eq!(world.sandbox.stats().exchanges, 1);

    let refused = [("code", "def50200nonsense"), ("state", "own"), ("referer", &referer)];
    for _ in 0..2 {
        let page = world.callback(&refused).await;
        assert_eq!((page.status, page.link_parameter("error").as_deref()), (400, Some("invalid_code")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_load_waits_for_the_first() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    let query = [("code", code.as_str()), ("state", &attempt.state), ("referer", &referer)];
    let loads = (0..8).map(|_| world.callback(&query));
    for page in futures_util::future::join_all(loads).await {
        assert_eq!((page.status, page.link_parameter("success").as_deref()), (200, Some("true")));
    }
    assert_eq!(world.sandbox.stats().exchanges, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_with_another_state_and_a_state_with_another_code_are_expired() {
    let world = World::start().await;
    let (attempt, code) = world.connect("olena", ACCOUNT).await;
    let (other, referer) = world.code(RIVAL);
    let theirs = world.attempt("ivan").await;
    for (code, state) in [
        (code.as_str(), "own"),
        (code.as_str(), theirs.state.as_str()),
        (other.as_str(), attempt.state.as_str()),
        (other.as_str(), "ac1_neverissued"),
    ] {
        let page = world.callback(&[("code", code), ("state", state), ("referer", &referer)]).await;
        assert_eq!(page.status, 400, "{state}");
        assert!(page.text.contains("This link has expired"));
        assert_eq!(page.link_parameter("error").as_deref(), Some("state_expired"));
        assert_eq!(page.link_parameter("state").as_deref(), Some(state));
    }
    assert_eq!(world.sandbox.stats().exchanges, 1);
    assert_eq!(world.progress("ivan", &theirs).await.0, "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_states_are_refused_where_they_are_not_accepted() {
    let world = World::start_with(|settings| settings.accept_foreign_state = Some("false".to_owned())).await;
    let (code, referer) = world.code(ACCOUNT);
    for query in [
        vec![("code", code.as_str()), ("state", "own"), ("referer", &referer)],
        vec![("code", &code), ("referer", &referer)],
    ] {
        let page = world.callback(&query).await;
        assert_eq!((page.status, page.link_parameter("error").as_deref()), (400, Some("state_expired")));
    }
    let claim = world.post("olena", "/exchange-code", json!({ "code": code, "referer": referer })).await;
    assert_eq!(claim.problem(), (400, "state_mismatch"));
    assert_eq!(world.sandbox.stats().exchanges, 0);
    world.connect("olena", ACCOUNT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_beyond_the_fifth_expires_the_oldest() {
    let world = World::start().await;
    let mut attempts = Vec::new();
    for _ in 0..6 {
        attempts.push(world.attempt("olena").await);
    }
    assert_eq!(world.progress("olena", &attempts[0]).await.0, "expired");
    assert_eq!(world.progress("olena", &attempts[1]).await.0, "pending");
    let (code, referer) = world.code(ACCOUNT);
    let page = world.callback(&[("code", &code), ("state", &attempts[0].state), ("referer", &referer)]).await;
    assert_eq!((page.status, page.link_parameter("error").as_deref()), (400, Some("state_expired")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_for_a_host_that_is_not_amocrms() {
    let world = World::start().await;
    let (code, referer) = world.code(ACCOUNT);
    let padded = format!(" {referer}");
    let evil = [
        vec![("referer", "evil.example")],
        vec![("referer", "")],
        vec![("referer", padded.as_str())],
        vec![("referer", referer.as_str()), ("referer", &referer)],
        vec![],
    ];
    for referers in evil {
        let mut query = vec![("code", code.as_str()), ("state", "own")];
        query.extend(referers);
        let page = world.callback(&query).await;
        assert_eq!((page.status, page.link_parameter("error").as_deref()), (400, Some("invalid_account_host")));
    }
    let attempt = world.attempt("olena").await;
    for _ in 0..2 {
        let page = world.callback(&[("code", &code), ("state", &attempt.state), ("referer", "evil.example")]).await;
        assert_eq!((page.status, page.link_parameter("error").as_deref()), (400, Some("invalid_account_host")));
    }
    assert_eq!(world.progress("olena", &attempt).await, ("failed".to_owned(), json!("invalid_account_host")));
    assert_eq!(world.sandbox.stats().exchanges, 0);
    assert_eq!(world.sandbox.stats().refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_host_stands_in_for_a_missing_one() {
    let mut world = World::without_service().await;
    world.settings.amo_domain = Some(world.sandbox.host(ACCOUNT).unwrap());
    world.start_service().await;
    let (code, _) = world.code(ACCOUNT);
    assert_eq!(world.callback(&[("code", &code)]).await.status, 200);
    let claimed = world.post("olena", "/exchange-code", json!({ "code": code })).await;
    assert_eq!(claimed.data()["accountId"], ACCOUNT.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_never_touches_the_connection() {
    let world = World::connected().await;
    let attempt = world.attempt("olena").await;
    let referer = world.sandbox.host(ACCOUNT).unwrap();
    let page = world.callback(&[("code", "def50200x"), ("state", &attempt.state), ("referer", &referer)]).await;
    assert_eq!((page.status, page.link_parameter("error").as_deref()), (400, Some("invalid_code")));
    assert_eq!(world.progress("olena", &attempt).await, ("failed".to_owned(), json!("invalid_code")));
    assert_eq!(world.state_of("olena").await, "connected");
    assert_eq!(world.get("olena", "/leads?limit=1").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_shown_to_its_own_user_alone() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let path = format!("/authorize/{}", attempt.id);
    let answer = world.get("olena", &path).await;
    assert_eq!(answer.data(), json!({ "attemptId": attempt.id, "state": "pending", "reason": null }));
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(answer.header("cache-control"), "no-store");
    for (user, path) in
        [("ivan", path.as_str()), ("olena", "/authorize/AAAAAAAAAAAAAAAAAAAAAA"), ("olena", "/authorize/x")]
    {
        assert_eq!(world.get(user, path).await.problem(), (404, "attempt_not_found"));
    }
}
