//! The envelope: problems, headers, JWTs, bodies.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Answer, Served, World, jwt, signed};
use reqwest::Method;
use serde_json::{Value, json};

fn in_s(seconds: i64) -> i64 {
    jsonwebtoken::get_current_timestamp().cast_signed() + seconds
}

async fn status_with(world: &World, token: &str) -> Answer {
    Answer::to(world.http().get(world.url("/status")).bearer_auth(token)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_too() {
    let world = World::start().await;
    let send = |request: reqwest::RequestBuilder| Answer::to(request);
    let nothing = send(world.http().get(format!("{}/nothing", world.base))).await;
    assert_eq!(nothing.problem(), (404, "not_found"));
    let nothing = send(world.http().get(world.url("/nothing"))).await;
    assert_eq!(nothing.problem(), (404, "not_found"));
    for (path, allowed) in [("/authorize", "POST"), ("/disconnect", "POST"), ("/exchange-code", "POST")] {
        let answer = send(world.http().get(world.url(path))).await;
        assert_eq!(answer.problem(), (405, "method_not_allowed"));
        assert_eq!(answer.header("allow"), allowed);
    }
    let answer = send(world.http().post(world.url("/callback"))).await;
    assert_eq!(answer.problem(), (405, "method_not_allowed"));
    assert_eq!(answer.header("allow"), "GET, HEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_and_nosniff() {
    let world = World::start().await;
    for path in ["/healthz", "/readyz", "/api/amo-crm/status", "/api/amo-crm/callback", "/x"] {
        let address = format!("{}{path}", world.base);
        let answer = Answer::to(world.http().get(&address).header("x-request-id", "app-7.1")).await;
        assert_eq!(answer.header("x-request-id"), "app-7.1", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let answer = Answer::to(world.http().get(&address).header("x-request-id", "a\"b c")).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }
    assert_eq!(Answer::to(world.http().get(format!("{}/healthz", world.base))).await.status, 200);
    assert_eq!(Answer::to(world.http().get(format!("{}/readyz", world.base))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_of_a_user_wants_a_jwt() {
    let world = World::start().await;
    let http = world.http();
    for request in [
        http.post(world.url("/authorize")),
        http.get(world.url("/authorize/AAAAAAAAAAAAAAAAAAAAAA")),
        http.post(world.url("/exchange-code")).json(&json!({ "code": "a" })),
        http.get(world.url("/status")),
        http.post(world.url("/disconnect")),
        http.get(world.url("/leads")),
    ] {
        let answer = Answer::to(request).await;
        assert_eq!(answer.problem(), (401, "unauthorized"));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jwt_is_taken_only_if_it_is_the_apps_and_current() {
    let world = World::start().await;
    let good = [
        json!({ "sub": "olena", "exp": in_s(60) }),
        json!({ "userId": 42, "exp": in_s(60) }),
        json!({ "id": "42", "sub": 42, "exp": in_s(60) }),
        json!({ "sub": "olena", "exp": in_s(-20), "nbf": in_s(20) }),
    ];
    for claims in good {
        assert_eq!(status_with(&world, &signed(&claims)).await.status, 200, "{claims}");
    }
    let bad = [
        json!({ "sub": "olena" }),
        json!({ "sub": "olena", "exp": in_s(-60) }),
        json!({ "sub": "olena", "exp": in_s(60), "nbf": in_s(60) }),
        json!({ "exp": in_s(60) }),
        json!({ "sub": "", "exp": in_s(60) }),
        json!({ "sub": 1.5, "exp": in_s(60) }),
        json!({ "sub": ["olena"], "exp": in_s(60) }),
        json!({ "sub": "a".repeat(256), "exp": in_s(60) }),
        json!({ "sub": "olena", "userId": "ivan", "exp": in_s(60) }),
    ];
    for claims in bad {
        let answer = status_with(&world, &signed(&claims)).await;
        assert_eq!(answer.problem(), (401, "unauthorized"), "{claims}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_algorithm_is_never_the_tokens_choice() {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let world = World::start().await;
    let claims = json!({ "sub": "olena", "exp": in_s(60) });
    let with =
        |header: Header, secret: &str| encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap();
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..Header::default() };
    let payload = signed(&claims);
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", payload.split('.').nth(1).unwrap());
    let own = amo_connect_tests::JWT_SECRET;
    for token in
        [with(Header::new(Algorithm::HS512), own), with(critical, own), with(Header::default(), "guess"), unsigned]
    {
        assert_eq!(status_with(&world, &token).await.problem(), (401, "unauthorized"), "{token}");
    }
    for header in ["Basic abc", "Bearer", "Bearer ", "nonsense"] {
        let answer = Answer::to(world.http().get(world.url("/status")).header("authorization", header)).await;
        assert_eq!(answer.problem(), (401, "unauthorized"), "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn issuer_audience_and_user_claim_are_checked_where_they_are_set() {
    let world = World::start_with(|settings| {
        settings.jwt_issuer = Some("for-you".to_owned());
        settings.jwt_audience = Some("crm".to_owned());
        settings.jwt_user_claim = Some("uid".to_owned());
    })
    .await;
    let token = |change: fn(&mut Value)| {
        let mut claims = json!({ "uid": "olena", "sub": "x", "iss": "for-you", "aud": ["crm"], "exp": in_s(60) });
        change(&mut claims);
        signed(&claims)
    };
    assert_eq!(status_with(&world, &token(|_| {})).await.status, 200);
    let bad: [fn(&mut Value); 5] = [
        |claims| claims["iss"] = json!("other"),
        |claims| claims["aud"] = json!("other"),
        |claims| drop(claims.as_object_mut().unwrap().remove("iss")),
        |claims| drop(claims.as_object_mut().unwrap().remove("aud")),
        |claims| drop(claims.as_object_mut().unwrap().remove("uid")),
    ];
    for change in bad {
        assert_eq!(status_with(&world, &token(change)).await.problem().status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_json_of_up_to_16_kilobytes() {
    let world = World::start().await;
    let post = |kind: &'static str, body: String| {
        let request = world.http().post(world.url("/exchange-code")).bearer_auth(jwt("olena"));
        Answer::to(request.header("content-type", kind).body(body))
    };
    assert_eq!(post("application/json", "{".to_owned()).await.problem(), (400, "invalid_json"));
    assert_eq!(post("text/plain", "{}".to_owned()).await.problem(), (415, "unsupported_media_type"));
    let large = json!({ "code": "a".repeat(17_000) }).to_string();
    assert_eq!(post("application/json", large).await.problem(), (413, "payload_too_large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_does_not_know_is_refused_and_named() {
    let world = World::connected().await;
    let attempt = world.attempt("olena").await;
    let attempt = format!("/authorize/{}", attempt.id);
    let refused = |answer: Answer| {
        assert_eq!(answer.problem(), (400, "invalid_request"), "{answer:?}");
        answer.json()["field"].as_str().unwrap().to_owned()
    };
    for path in [&attempt, "/status", "/leads", "/leads/1", "/pipelines", "/pipelines/1/stages"] {
        assert_eq!(refused(world.get("olena", &format!("{path}?pageSize=1")).await), "pageSize", "{path}");
    }
    for path in ["/authorize", "/exchange-code", "/disconnect"] {
        assert_eq!(refused(world.post("olena", &format!("{path}?page=1"), json!({})).await), "page", "{path}");
        let body = json!({ "userId": 7, "code": "a" });
        assert_eq!(refused(world.post("olena", path, body).await), "userId", "{path}");
        let list = world.post("olena", path, json!(["code"])).await;
        assert_eq!(refused(list), "body", "{path}");
    }
    assert_eq!(world.state_of("olena").await, "connected");
    for path in ["/authorize", "/disconnect"] {
        let request = world.http().post(world.url(path)).bearer_auth(jwt("olena"));
        let text = Answer::to(request.try_clone().unwrap().body("a").header("content-type", "text/plain")).await;
        assert_eq!(text.problem(), (415, "unsupported_media_type"), "{path}");
        assert_eq!(Answer::to(request).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_over_their_rate_waits() {
    let world = World::start_with(|settings| settings.user_rate = Some("1".to_owned())).await;
    for _ in 0..5 {
        assert_eq!(world.post("olena", "/authorize", json!({})).await.status, 200);
    }
    // A second brings one more, and a busy machine may take so long for each.
    let mut answer = world.post("olena", "/authorize", json!({})).await;
    for _ in 0..20 {
        if answer.status == 429 {
            break;
        }
        answer = world.post("olena", "/authorize", json!({})).await;
    }
    assert_eq!(answer.problem(), (429, "too_many_requests"));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(world.post("ivan", "/authorize", json!({})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_except_healthz_counts_against_the_rate_of_its_address() {
    let world = World::start_with(|settings| {
        settings.address_rate = Some("1".to_owned());
        settings.cors_allowed_origins = Some("https://app.example".to_owned());
    })
    .await;
    let root = |path: &str| format!("{}{path}", world.base);
    for _ in 0..20 {
        assert_eq!(Answer::to(world.http().get(root("/healthz"))).await.status, 200);
    }
    let preflight = world.http().request(Method::OPTIONS, world.url("/status")).header("origin", "https://app.example");
    let preflight_of_nobody = world.http().request(Method::OPTIONS, world.url("/status"));
    let requests = [
        ("nothing", world.http().get(root("/nothing"))),
        ("another method", world.http().put(world.url("/status"))),
        ("a preflight without an origin", preflight_of_nobody.header("access-control-request-method", "GET")),
        ("a preflight", preflight.header("access-control-request-method", "GET")),
        ("no JWT", world.http().get(world.url("/status"))),
        ("the hook", world.http().get(world.url("/hooks/disconnected"))),
        ("the callback", world.http().get(world.url("/callback"))),
        ("/metrics", world.http().get(root("/metrics"))),
        ("/readyz", world.http().get(root("/readyz"))),
        ("/openapi.json", world.http().get(root("/openapi.json"))),
        ("/docs", world.http().get(root("/docs"))),
    ];
    for (what, request) in requests {
        let mut over_rate = false;
        for _ in 0..20 {
            over_rate |= Answer::to(request.try_clone().unwrap()).await.status == 429;
        }
        assert!(over_rate, "{what} is never over the rate");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_leads_is_revalidated() {
    let world = World::connected().await;
    let page = world.get("olena", "/leads?limit=3&page=2").await;
    assert_eq!(page.header("cache-control"), "private, no-cache");
    let body = page.json();
    assert_eq!((&body["page"], &body["limit"], &body["hasMore"]), (&json!(2), &json!(3), &json!(true)));
    let lead = &body["data"][0];
    assert_eq!(lead["id"], lead["amoLeadId"].to_string());
    let members = [
        "name",
        "guestName",
        "guestPhone",
        "guestEmail",
        "status",
        "statusName",
        "price",
        "pipelineId",
        "pipelineName",
        "stageId",
        "tags",
        "createdAt",
        "closedAt",
    ];
    for name in members {
        assert!(lead.as_object().unwrap().contains_key(name), "{name}: {lead}");
    }
    let request = world.http().get(world.url("/leads?limit=3&page=2")).bearer_auth(jwt("olena"));
    let again = Answer::to(request.header("if-none-match", page.header("etag"))).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    assert_eq!(world.get("olena", "/leads?limit=0").await.problem(), (400, "invalid_request"));
    let beyond = world.get("olena", "/leads?limit=250&page=9").await.json();
    assert_eq!((&beyond["data"], &beyond["hasMore"]), (&json!([]), &json!(false)));
    let closed = world.get("olena", "/leads?status=CLOSED&limit=250").await.json();
    assert!(!closed["data"].as_array().unwrap().is_empty());
    assert!(closed["data"].as_array().unwrap().iter().all(|lead| lead["status"] == "CLOSED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_without_a_cause_is_logged_without_one() {
    let world = World::without_service().await;
    let served = Served::start(&world.settings, &world.folder()).await;
    world.connect_by(&served, "olena", ACCOUNT).await;
    let too_slow = Faults { api_outage: Some(Failure::Status(504)), ..Faults::default() };
    world.sandbox.set_account_faults(ACCOUNT, too_slow).unwrap();
    assert_eq!(served.get("olena", "/leads").await.problem(), (504, "crm_timeout"));
    let line = served.process().until_logged("a request failed").await;
    assert!(line.contains("crm_timeout") && !line.contains("cause"), "{line}");
}
