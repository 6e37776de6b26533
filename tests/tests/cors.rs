//! Web builds of the app: which origins may call, and what they may read.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

use amo_connect_tests::{Answer, World, jwt};
use reqwest::{Method, RequestBuilder};

const OURS: &str = "https://app.example";

/// What a browser asks before a call that is not simple.
fn ask(world: &World, path: &str, origin: &str, method: &str, headers: &str) -> RequestBuilder {
    let request = world.http().request(Method::OPTIONS, world.url(path)).header("origin", origin);
    let request = request.header("access-control-request-method", method);
    request.header("access-control-request-headers", headers)
}

async fn preflight(world: &World, path: &str, origin: &str, method: &str, headers: &str) -> reqwest::Response {
    ask(world, path, origin, method, headers).send().await.unwrap()
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn world() -> World {
    World::start_with(|settings| settings.cors_allowed_origins = Some(format!("{OURS},http://localhost:3000"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_of_ours_may_call_and_read_what_it_needs() {
    let world = world().await;
    for origin in [OURS, "http://localhost:3000"] {
        let asked = "authorization,content-type,if-none-match,idempotency-key";
        let allowed = preflight(&world, "/exchange-code", origin, "POST", asked).await;
        assert_eq!(allowed.status(), 200);
        assert_eq!(header(&allowed, "access-control-allow-origin"), origin);
        assert!(header(&allowed, "vary").contains("Origin"), "{allowed:?}");
        assert_eq!(header(&allowed, "access-control-allow-credentials"), "");
        assert_eq!(header(&allowed, "access-control-max-age"), "3600");

        let request = world.http().get(world.url("/status")).header("origin", origin);
        for (request, status) in [(request.try_clone().unwrap().bearer_auth(jwt("olena")), 200), (request, 401)] {
            let answer = Answer::to(request).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, origin));
            assert!(answer.header("vary").contains("Origin"), "{answer:?}");
            let exposed = answer.header("access-control-expose-headers").to_lowercase();
            for name in ["x-request-id", "retry-after", "etag"] {
                assert!(exposed.contains(name), "{name}: {exposed}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_preflight_is_a_problem_that_names_the_header() {
    let world = world().await;
    for (origin, method, headers, field) in [
        ("https://evil.example", "GET", "authorization", "origin"),
        (OURS, "DELETE", "authorization", "access-control-request-method"),
        (OURS, "GET", "cookie", "access-control-request-headers"),
    ] {
        let refused = Answer::to(ask(&world, "/status", origin, method, headers)).await;
        assert_eq!(refused.problem(), (400, "invalid_request"));
        assert_eq!(refused.json()["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_origin_may_and_none_at_what_amocrm_calls() {
    let world = world().await;
    for origin in ["https://app.example.evil.example", "https://app.example:8443", "http://app.example", "null"] {
        let refused = preflight(&world, "/status", origin, "GET", "authorization").await;
        assert_eq!(header(&refused, "access-control-allow-origin"), "", "{origin}");
        assert!(!refused.status().is_success(), "{origin}");
        let request = world.http().get(world.url("/status")).bearer_auth(jwt("olena")).header("origin", origin);
        let answer = Answer::to(request).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""), "{origin}");
        assert!(answer.header("vary").contains("Origin"), "{answer:?}");
    }
    for path in ["/callback", "/hooks/disconnected"] {
        let answer = Answer::to(world.http().get(world.url(path)).header("origin", OURS)).await;
        for name in ["access-control-allow-origin", "access-control-expose-headers"] {
            assert_eq!(answer.header(name), "", "{path}");
        }
        assert_eq!(preflight(&world, path, OURS, "GET", "").await.status(), 405, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_nobody_may() {
    let world = World::start().await;
    assert_eq!(preflight(&world, "/status", OURS, "GET", "authorization").await.status(), 405);
    let answer = Answer::to(world.http().get(world.url("/status")).header("origin", OURS)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (401, ""));
}
