//! What the API's refusals mean.

use crate::bench::permit;
use std::time::Duration;

use amo_connect_domain::ports::AmoError::{
    self, AccessRefused, Blocked, Forbidden, NotFound, PaymentRequired, Protocol, TimedOut, Unavailable,
};
use amo_connect_domain::ports::CrmApi as _;
use amo_connect_domain::token::AccessToken;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::bench::{access, answering, host, patient_client};
use crate::reads::all;
use crate::wrapped_pairs::gzip;

/// What each of the four reads makes of `answer`; they have to agree.
async fn outcome(answer: &ResponseTemplate) -> AmoError {
    let server = answering(answer.clone()).await;
    let (client, host, token) = (patient_client(*server.address()), host(*server.address()), access());
    let outcomes = [
        client.account(permit(&host), &token).await.unwrap_err(),
        client.leads(permit(&host), &token, &all()).await.unwrap_err(),
        client.contacts(permit(&host), &token, &[1]).await.unwrap_err(),
        client.pipelines(permit(&host), &token).await.unwrap_err(),
    ];
    assert_eq!(server.received_requests().await.unwrap().len(), outcomes.len(), "{answer:?} was asked again");
    assert_eq!(outcomes, [outcomes[0]; 4], "{answer:?}");
    outcomes[0]
}

#[tokio::test]
async fn every_refusal_of_a_read_has_its_meaning() {
    let json = |status: u16| {
        let body = json!({"title": "x", "type": "https://httpstatus.es/x", "status": status, "detail": "y"});
        ResponseTemplate::new(status).set_body_raw(body.to_string(), "application/problem+json")
    };
    let bytes = |status: u16, body: &[u8]| ResponseTemplate::new(status).set_body_raw(body, "application/json");
    let html = |status| ResponseTemplate::new(status).set_body_raw("<html>nginx</html>", "text/html");
    for (answer, expected) in [
        (json(401), AccessRefused),
        (html(401), AccessRefused),
        (json(402), PaymentRequired),
        (html(403), Blocked),
        (bytes(403, b"\xef\xbb\xbf\r\n<!DOCTYPE html>\n<html lang=en>\xff {\"a\":1}</html>"), Blocked),
        (bytes(403, &gzip("<html>nginx</html>")), Blocked),
        (bytes(403, b"Forbidden"), Blocked),
        // Nobody said that it is one.
        (ResponseTemplate::new(403), Protocol),
        (bytes(403, b" \r\n"), Protocol),
        (bytes(403, b"\xff\xfe\0\x01"), Protocol),
        (json(403), Forbidden),
        // However it is spelt: it is the API that speaks, and bans nobody.
        (bytes(403, b"\xef\xbb\xbf{\"title\":\"Forbidden\"}"), Forbidden),
        (bytes(403, b"{\"title\":\"\xff\",\"detail\":\"\\ud800\"}"), Forbidden),
        (bytes(403, b"{\"title\":403,\"hint\":[]}"), Forbidden),
        (bytes(403, b"{\"title\":\"Forb"), Protocol),
        (bytes(403, b"\"Forbidden\""), Protocol),
        (bytes(403, b"[\"Forbidden\"]"), Protocol),
        (bytes(403, b"null"), Protocol),
        (bytes(403, b"<b>Notice</b>: x\n{\"title\":\"Forbidden\"}"), Forbidden),
        (bytes(403, &gzip("{\"title\":\"Forbidden\"}")), Forbidden),
        (bytes(403, &gzip("{\"title\":\"Forb")), Protocol),
        (json(404), NotFound),
        (html(404), NotFound),
        (json(400), Protocol),
        (html(414), Protocol),
        (html(429), AmoError::RateLimited { retry_after: None }),
        (
            html(429).insert_header("retry-after", "2"),
            AmoError::RateLimited { retry_after: Some(Duration::from_secs(2)) },
        ),
        (html(500), Unavailable),
        (html(502), Unavailable),
        (json(503), Unavailable),
        (html(504), TimedOut),
        (html(200), Protocol),
        (ResponseTemplate::new(200), Protocol),
        (ResponseTemplate::new(200).set_body_json(json!({"_embedded": {}})), Protocol),
        (ResponseTemplate::new(200).set_body_json(json!([])), Protocol),
        (ResponseTemplate::new(200).set_body_string("{".repeat(200_000)), Protocol),
        (ResponseTemplate::new(200).set_body_bytes(vec![b' '; 10 * 1024 * 1024 + 1]), Protocol),
    ] {
        assert_eq!(outcome(&answer).await, expected, "for {expected:?}");
    }
}

#[tokio::test]
async fn a_redirect_of_a_read_is_never_followed() {
    let elsewhere = answering(ResponseTemplate::new(200).set_body_json(json!({"id": 1}))).await;
    for status in [301, 302, 307, 308] {
        let redirect = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
        assert_eq!(outcome(&redirect).await, AmoError::Moved, "{status}");
    }
    for status in [410, 421] {
        assert_eq!(outcome(&ResponseTemplate::new(status)).await, AmoError::Moved, "{status}");
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_access_token_that_fits_into_no_header_is_as_good_as_refused() {
    let server = answering(ResponseTemplate::new(200)).await;
    let client = patient_client(*server.address());
    let outcome = client.account(permit(&host(*server.address())), &AccessToken::new("a\r\nX-Evil: 1")).await;
    assert_eq!(outcome, Err(AccessRefused));
    assert!(server.received_requests().await.unwrap().is_empty());
}
