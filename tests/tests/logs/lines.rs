//! What stands in a line, in both formats.

use amo_connect_sandbox::{Faults, Switches};
use amo_connect_tests::{ACCOUNT, Answer, Served, World, jwt, signed, until};
use serde_json::{Value, json};

use crate::lines;

const DAY_S: u64 = 24 * 60 * 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_line_with_its_user_its_client_and_its_failure() {
    let mut world = World::without_service().await;
    world.settings.trusted_proxies = Some("127.0.0.0/8".to_owned());
    let served = Served::start(&world.settings, &world.folder()).await;
    let request = served.http().get(served.url("/leads")).bearer_auth(jwt("olena"));
    let request = request.header("x-forwarded-for", "203.0.113.9:50001").header("x-request-id", "one");
    assert_eq!(Answer::to(request).await.problem(), (409, "not_connected"));
    let callback = served.http().get(served.url("/callback?error=access_denied")).header("x-request-id", "two");
    assert_eq!(Answer::to(callback).await.status, 200);
    let healthz = served.http().get(format!("{}/healthz", served.base)).header("x-request-id", "three");
    assert_eq!(Answer::to(healthz).await.status, 200);

    let log = lines(&served.into_process().stop().await);
    let of = |id: &str| log.iter().filter(|line| line["request.id"] == id).collect::<Vec<_>>();
    let [line] = of("one")[..] else { panic!("{log:?}") };
    for (name, value) in [
        ("message", json!("answered")),
        ("level", json!("INFO")),
        ("http.method", json!("GET")),
        ("http.route", json!("/api/amo-crm/leads")),
        ("http.status", json!(409)),
        ("user", json!("olena")),
        ("client.address", json!("203.0.113.9")),
        ("error.code", json!("not_connected")),
    ] {
        assert_eq!(line[name], value, "{name}: {line}");
    }
    let [line] = of("two")[..] else { panic!("{log:?}") };
    assert_eq!((&line["callback.outcome"], &line["message"]), (&json!("Declined"), &json!("answered")), "{line}");
    assert!(of("three").is_empty(), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_caller_goes_away_is_a_line_too() {
    let world = World::without_service().await;
    let served = Served::start(&world.settings, &world.folder()).await;
    world.connect_by(&served, "olena", ACCOUNT).await;
    world.sandbox.set_faults(Faults { latency_ms: 60_000, ..Faults::default() }).unwrap();
    let leads = served.http().get(served.url("/leads")).bearer_auth(jwt("olena")).header("x-request-id", "gone");
    let before = world.sandbox.stats().api_requests;
    let leads = tokio::spawn(leads.send());
    until("amoCRM is asked", async || world.sandbox.stats().api_requests > before).await;
    leads.abort();
    let line: Value = serde_json::from_str(&served.process().until_logged("caller_gone").await).unwrap();
    assert_eq!((&line["request.id"], &line["http.route"]), (&json!("gone"), &json!("/api/amo-crm/leads")), "{line}");
}

/// A user whose exchange, refresh and disconnect are logged.
async fn journey(format: &str) -> String {
    let world = World::without_service().await;
    let set_life =
        |expires_in| world.sandbox.set_switches(Switches { expires_in, ..world.sandbox.switches() }).unwrap();
    let details = [("LOG_FORMAT", format), ("RUST_LOG", "debug")];
    let served = Served::start_with(&world.settings, &details, &world.folder()).await;
    set_life(1);
    world.connect_by(&served, "olena", ACCOUNT).await;
    set_life(DAY_S);
    let ends = world.sandbox.grants()[0].access_expires_at;
    until("the access token has ended", async || world.sandbox.clock().now > ends).await;
    assert_eq!(served.get("olena", "/leads?limit=1").await.status, 200);
    assert_eq!(served.post("olena", "/disconnect", json!({})).await.status, 200);
    assert_eq!(served.post("olena", "/disconnect", json!({})).await.status, 200);
    served.into_process().stop().await
}

/// What ended, and how it is told.
const ENDED: [(&str, &str); 3] =
    [("exchange succeeded", "saved"), ("refresh succeeded", "refreshed"), ("disconnect succeeded", "disconnected")];

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_a_refresh_and_a_disconnect_are_one_line_each_in_json() {
    let log = lines(&journey("json").await);
    for (message, outcome) in ENDED {
        let ended = |line: &&Value| line["message"] == message && line["outcome"] == outcome;
        let [line] = log.iter().filter(ended).collect::<Vec<_>>()[..] else { panic!("{message}: {log:?}") };
        assert_eq!((&line["user"], &line["account"]), (&json!("olena"), &json!(ACCOUNT)), "{line}");
        assert!(line["duration_ms"].is_u64() && line["request.id"].is_string(), "{line}");
    }
    let none = log.iter().filter(|line| line["outcome"] == "not_connected").collect::<Vec<_>>();
    assert!(none.len() == 1 && none[0]["account"].is_null(), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_a_refresh_and_a_disconnect_are_one_line_each_in_text_and_debug_shows_calls_and_no_secret() {
    let log = journey("text").await;
    for (message, outcome) in ENDED {
        let told = format!("user=olena account={ACCOUNT} outcome={outcome}");
        let [line] = log.lines().filter(|line| line.contains(&told)).collect::<Vec<_>>()[..] else {
            panic!("{message}: {log}")
        };
        assert!(line.contains(&format!(" {message} ")) && line.contains(" duration_ms="), "{line}");
    }
    for told in ["the CRM answered", "crm.endpoint=refresh", "the database answered", "storage.operation=lease_refresh"]
    {
        assert!(log.contains(told), "{told}: {log}");
    }
    for secret in ["ac1_", "def502", "eyJ", "sandbox-secret", "Bearer", "SELECT ", "UPDATE ", "limit=1"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

/// What `serve` logs of a user whose name would end a line, move a cursor, turn text around, and add fields.
async fn told_of_a_forger(format: &str, user: &str) -> String {
    let world = World::without_service().await;
    let served = Served::start_with(&world.settings, &[("LOG_FORMAT", format)], &world.folder()).await;
    let exp = jsonwebtoken::get_current_timestamp() + 60;
    let token = signed(&json!({ "sub": user, "exp": exp }));
    let disconnect = served.http().post(served.url("/disconnect")).bearer_auth(token).json(&json!({}));
    assert_eq!(Answer::to(disconnect).await.status, 200);
    let log = served.into_process().stop().await;
    assert!(!log.contains(|letter: char| letter != '\n' && letter.is_control()) && !log.contains('\u{202e}'), "{log}");
    log
}

const FORGER: &str = "olena\n2026-01-01T00:00:00Z ERROR forged: \" outcome=disconnected\r\u{1b}[2J\u{9b}1A\u{202e}";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_id_forges_no_line_and_no_field_in_text() {
    let log = told_of_a_forger("text", FORGER).await;
    let [disconnect, request] = log.lines().filter(|line| line.contains("forged")).collect::<Vec<_>>()[..] else {
        panic!("{log}")
    };
    for (line, message) in [(disconnect, "disconnect succeeded user="), (request, "answered ")] {
        assert!(line.contains(" INFO ") && line.contains(message), "{line}");
        assert!(
            line.contains(r#"user="olena\n2026-01-01T00:00:00Z ERROR forged: \" outcome=disconnected\r"#),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_id_forges_no_line_in_json() {
    let log = lines(&told_of_a_forger("json", FORGER).await);
    assert_eq!(log.iter().filter(|line| line["user"] == FORGER).count(), 2, "{log:?}");
    assert!(log.iter().all(|line| line["level"] == "INFO"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_told_once_for_each_user_and_counted() {
    let mut world = World::without_service().await;
    world.settings.user_rate = Some("1".to_owned());
    let served = Served::start(&world.settings, &world.folder()).await;
    for _ in 0..60 {
        served.get("olena", "/status").await;
        served.get("ivan", "/status").await;
        served.http().get(served.url("/status")).send().await.unwrap();
    }
    let log = lines(&served.into_process().stop().await);
    for (user, code) in
        [(json!("olena"), "too_many_requests"), (json!("ivan"), "too_many_requests"), (Value::Null, "unauthorized")]
    {
        let told: Vec<_> = log.iter().filter(|line| line["user"] == user && line["error.code"] == code).collect();
        let counted: u64 = told.iter().filter_map(|line| line["repeated.times"].as_u64()).sum();
        let whole = told.iter().filter(|line| line["message"] == "answered").count() as u64;
        // Once in 10 s, however slow the machine is.
        assert!(whole >= 1 && told.len() < 20, "{told:?}");
        let answered = log.iter().filter(|line| line["user"] == user && line["http.status"] == 200).count() as u64;
        assert_eq!(answered + whole + counted, 60, "{user}: {told:?}");
    }
}
