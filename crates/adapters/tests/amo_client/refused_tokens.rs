//! Every refusal of the token endpoint that is known from the wire, and what it means.

use std::time::Duration;

use amo_connect_domain::ports::AmoError::{
    self, Blocked, CodeRejected, GrantRevoked, Misconfigured, NotFound, OutcomeUnknown, PaymentRequired, Protocol,
};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::bench::{Ask, BOTH, answering, host, patient_client};
use crate::wrapped_pairs::gzip;

const BAN: &str = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>nginx</body>\r\n</html>";

/// amoCRM's problem+json about a request whose parameters it does not like.
fn bad_request(status: u16, hint: &str) -> ResponseTemplate {
    problem(
        status,
        &json!({
            "hint": hint, "title": "Некорректный запрос", "status": status,
            "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
            "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
        }),
    )
}

/// amoCRM's problem+json about a client that it does not accept.
fn bad_client(status: u16) -> ResponseTemplate {
    problem(
        status,
        &json!({
            "title": "Некорректный клиент", "status": status,
            "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson", "detail": "Авторизация клиента не прошла",
        }),
    )
}

fn problem(status: u16, body: &serde_json::Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.to_string(), "application/problem+json")
}

async fn outcome(ask: Ask, answer: ResponseTemplate) -> AmoError {
    let server = answering(answer).await;
    let error = ask.of(&patient_client(*server.address()), &host(*server.address())).await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "{ask:?} was sent again");
    error
}

#[tokio::test]
async fn the_hint_tells_what_is_refused_whatever_the_status() {
    let hints = [
        ("Token has been revoked", Protocol, GrantRevoked),
        ("Token has expired", Protocol, GrantRevoked),
        ("Cannot decrypt the refresh token", Protocol, GrantRevoked),
        ("Invalid refresh token", Protocol, GrantRevoked),
        ("Authorization code has been revoked", CodeRejected, Protocol),
        ("Authorization code has expired", CodeRejected, Protocol),
        ("Cannot decrypt the authorization code", CodeRejected, Protocol),
        ("Invalid account", CodeRejected, NotFound),
        ("Authorization code malformed", CodeRejected, Protocol),
        ("Authorization code was not issued to this client", CodeRejected, Protocol),
        ("Token is not linked to client", Misconfigured, Misconfigured),
        ("Check the `client_id` parameter", Misconfigured, Misconfigured),
        ("Check the `client_secret` parameter", Misconfigured, Misconfigured),
        ("Check the `redirect_uri` parameter", Misconfigured, Misconfigured),
        ("Redirect URI is not associated with client", Misconfigured, Misconfigured),
        ("Send request to account", Misconfigured, Misconfigured),
        ("Something that nobody has seen yet", Protocol, Protocol),
    ];
    for (hint, exchange, refresh) in hints {
        for status in [400, 401] {
            assert_eq!(outcome(Ask::Exchange, bad_request(status, hint)).await, exchange, "{status} {hint}");
            assert_eq!(outcome(Ask::Refresh, bad_request(status, hint)).await, refresh, "{status} {hint}");
        }
    }
}

#[tokio::test]
async fn a_refusal_without_a_hint_accuses_the_client() {
    for ask in BOTH {
        assert_eq!(outcome(ask, bad_client(401)).await, Misconfigured);
        assert_eq!(outcome(ask, bad_client(400)).await, Misconfigured);
        assert_eq!(outcome(ask, problem(401, &json!({"title": "Unauthorized", "hint": null}))).await, Misconfigured);
        assert_eq!(outcome(ask, problem(400, &json!({"title": "Некорректный запрос"}))).await, Protocol);
    }
}

/// The same words, as some server may have damaged them.
#[tokio::test]
async fn a_refusal_is_read_as_leniently_as_a_read() {
    let revoked = r#""hint":"Token has been revoked","title":"Некорректный запрос","status":400"#;
    let client = r#""title":"Некорректный клиент","detail":"x""#;
    for (words, status, meaning) in [
        (revoked, 400, GrantRevoked),
        (revoked, 401, GrantRevoked),
        (client, 400, Misconfigured),
        (client, 401, Misconfigured),
    ] {
        let damage: [(&str, Vec<u8>); 10] = [
            ("a byte-order mark", format!("\u{feff}{{{words}}}").into_bytes()),
            ("a notice", format!("<b>Notice</b>: {{x}} in /a.php\n{{{words}}}").into_bytes()),
            ("a notice behind", format!("{{{words}}}\n<b>Notice</b>: {{\"a\":1}} in /a.php").into_bytes()),
            ("members twice", format!("{{{words},{words}}}").into_bytes()),
            ("half a pair of surrogates", format!("{{{words},\"x\":\"\\ud800\"}}").into_bytes()),
            ("a byte that is not UTF-8", [format!("{{{words},\"x\":\"").as_bytes(), b"\xff\"}"].concat()),
            ("a number that is too long", format!("{{{words},\"x\":1e999}}").into_bytes()),
            ("a deep member", format!("{{\"x\":{}{},{words}}}", "[".repeat(500), "]".repeat(500)).into_bytes()),
            ("gzip", gzip(format!("{{{words}}}"))),
            ("UTF-16", format!("\u{feff}{{{words}}}").encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ];
        for (name, body) in damage {
            let answer = ResponseTemplate::new(status).set_body_raw(body, "application/problem+json");
            assert_eq!(outcome(Ask::Refresh, answer).await, meaning, "{name}: {status} {words}");
        }
    }
}

#[tokio::test]
async fn words_that_only_look_like_a_refusal_end_no_grant() {
    let words = "Token has been revoked";
    for answer in [
        ResponseTemplate::new(401).set_body_string(words),
        problem(401, &json!(words)),
        problem(401, &json!({"hint": [words]})),
        problem(401, &json!({"detail": words, "hint": "Other"})),
        ResponseTemplate::new(401).set_body_string(r#"{"hint":"Token has been revoked""#),
        ResponseTemplate::new(401).set_body_string(r#"{"previous":{"hint":"Token has been revoked"},}"#),
        ResponseTemplate::new(401).set_body_string(r#"<html><script>x={a:{"hint":"Token has been revoked"}}</script>"#),
        ResponseTemplate::new(401).set_body_string(r#"<html><script>x={"a":1}</script>"#),
        ResponseTemplate::new(401).set_body_string(r#"<html><script>x={"title":"A page"}</script>"#),
        problem(401, &json!({"hint": "Token has been revoked\u{fffd}"})),
        bad_request(403, words),
        bad_request(422, words),
        bad_request(500, words),
        bad_request(200, words),
    ] {
        let error = outcome(Ask::Refresh, answer.clone()).await;
        assert!(matches!(error, Protocol | OutcomeUnknown), "{error:?} for {answer:?}");
    }
}

#[tokio::test]
async fn a_status_that_says_enough_needs_no_body() {
    let json = json!({"status": "any", "hint": "Token has been revoked"});
    for ask in BOTH {
        for (answer, expected) in [
            (ResponseTemplate::new(402), PaymentRequired),
            (ResponseTemplate::new(402).set_body_json(&json), PaymentRequired),
            (ResponseTemplate::new(404), NotFound),
            (ResponseTemplate::new(404).set_body_json(&json), NotFound),
            (ResponseTemplate::new(403), Protocol),
            (ResponseTemplate::new(403).set_body_string("Forbidden"), Blocked),
            (ResponseTemplate::new(403).set_body_raw(BAN, "text/html"), Blocked),
            (ResponseTemplate::new(403).set_body_raw(BAN, "application/json"), Blocked),
            (ResponseTemplate::new(403).set_body_json(json!({"title": "Access denied"})), Protocol),
            (ResponseTemplate::new(409), Protocol),
            (ResponseTemplate::new(500), OutcomeUnknown),
            (ResponseTemplate::new(502).set_body_raw(BAN, "text/html"), OutcomeUnknown),
            (ResponseTemplate::new(503).insert_header("retry-after", "3"), OutcomeUnknown),
            (ResponseTemplate::new(504), OutcomeUnknown),
            (ResponseTemplate::new(204), OutcomeUnknown),
        ] {
            assert_eq!(outcome(ask, answer.clone()).await, expected, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_limit_is_passed_on_with_its_wait() {
    let limit = |text: &str| ResponseTemplate::new(429).insert_header("retry-after", text).set_body_string("Slow down");
    let wait = |seconds| AmoError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
    for ask in BOTH {
        assert_eq!(outcome(ask, ResponseTemplate::new(429)).await, AmoError::RateLimited { retry_after: None });
        assert_eq!(outcome(ask, limit("7")).await, wait(7));
        assert_eq!(outcome(ask, limit("999999999")).await, wait(900));
        let dated = limit("Mon, 23 Nov 2026 12:00:30 GMT").insert_header("date", "Mon, 23 Nov 2026 12:00:00 GMT");
        assert_eq!(outcome(ask, dated).await, wait(30));
        assert_eq!(outcome(ask, limit("later")).await, AmoError::RateLimited { retry_after: None });
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = answering(ResponseTemplate::new(200).set_body_json(crate::bench::pair())).await;
    for status in [301, 302, 303, 307, 308] {
        for ask in BOTH {
            let redirect = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
            assert_eq!(outcome(ask, redirect).await, AmoError::Moved, "{status}");
        }
    }
    for status in [410, 421] {
        assert_eq!(outcome(BOTH[0], ResponseTemplate::new(status)).await, AmoError::Moved, "{status}");
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}
