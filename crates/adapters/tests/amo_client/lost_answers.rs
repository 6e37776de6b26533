//! Requests whose answer is lost: which of them surely were not sent, and which are in doubt.

use crate::bench::permit;
use amo_connect_adapters::amo::{AmoLimits, OauthAmoClient};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{AmoError, CrmApi as _};
use tokio::net::TcpListener;

use crate::bench::{Ask, BOTH, RudeServer, Then, access, at_once, client_with, hasty_client, host, patient_client};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const REVOKED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 500\r\n\r\n{\"hint\":\"Token has been revoked\"";

/// Patient, but with a server that says nothing more: only the limit can end that.
fn client_for(server: &RudeServer, then: Then) -> OauthAmoClient {
    match then {
        Then::Hang => hasty_client(server.address),
        Then::Close | Then::Reset | Then::Babble => patient_client(server.address),
    }
}

#[tokio::test]
async fn a_token_request_that_was_sent_and_not_answered_is_in_doubt() {
    let part = "{\"token_type\":\"Bearer\",\"expires_in\":86400,\"access_token\":\"new-acc";
    let cases = [
        (String::new(), Then::Close),
        (String::new(), Then::Hang),
        ("HTTP/1.1 200 O".to_owned(), Then::Close),
        ("SSH-2.0-OpenSSH_9.6\r\n".to_owned(), Then::Close),
        (OK.to_owned(), Then::Hang),
        (format!("{OK}Content-Length: 500\r\n\r\n{part}"), Then::Close),
        (format!("{OK}Content-Length: 500\r\n\r\n{part}"), Then::Hang),
        (format!("{OK}Connection: close\r\n\r\n{part}"), Then::Close),
        (format!("{OK}Transfer-Encoding: chunked\r\n\r\n10\r\n{{\"access_token\":"), Then::Close),
        (format!("{OK}Transfer-Encoding: chunked\r\n\r\nno chunk\r\n"), Then::Close),
        (format!("{OK}Connection: close\r\n\r\n"), Then::Babble),
        (format!("{OK}Content-Length: 10485760\r\n\r\n"), Then::Babble),
        (REVOKED.to_owned(), Then::Close),
        (REVOKED.to_owned(), Then::Hang),
        ("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n".to_owned(), Then::Babble),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 500\r\n\r\n<html>".to_owned(), Then::Hang),
    ];
    let cases = cases.into_iter().flat_map(|case| BOTH.map(|ask| (ask, case.clone())));
    at_once(cases.map(|(ask, (head, then))| async move {
        let server = RudeServer::start(head.clone(), then).await;
        let outcome = ask.of(&client_for(&server, then), &host(server.address)).await;
        assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{ask:?} {then:?} {head}");
        assert_eq!(server.requests(), 1, "{ask:?} {then:?} {head}");
    }))
    .await;
}

/// What did not come may have been a pair, or the rest of one.
#[tokio::test]
async fn a_token_answer_that_is_cut_is_in_doubt_whatever_its_status() {
    let bodies = ["", "<html>", "{\"title\":\"Forb", "{\"hint\":\"Token has been revoked\"}", "{\"token_type\":\"Bea"];
    let statuses = [200, 302, 400, 401, 402, 403, 404, 410, 421, 422, 429, 500, 503];
    let cases = statuses.into_iter().flat_map(|status| bodies.map(|body| (status, body)));
    let cases = cases.flat_map(|case| [Then::Close, Then::Reset].map(|then| (case, then)));
    at_once(cases.map(|((status, body), then)| async move {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 99\r\nRetry-After: 7\r\n\r\n{body}");
        let server = RudeServer::start(head.clone(), then).await;
        for ask in BOTH {
            let outcome = ask.of(&patient_client(server.address), &host(server.address)).await;
            assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{ask:?} {then:?} {head}");
        }
    }))
    .await;
    let server = RudeServer::start("HTTP/1.1 403 X\r\nContent-Length: 50\r\n\r\n<html>", Then::Hang).await;
    let outcome = Ask::Refresh.of(&hasty_client(server.address), &host(server.address)).await;
    assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown));
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_surely_did_not_spend_the_token() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nameless = client_with("amo.invalid", AmoLimits::default());
    for ask in BOTH {
        assert_eq!(ask.of(&patient_client(closed), &host(closed)).await.err(), Some(AmoError::Unreachable));
        let host = AccountHost::stored("example.amo.invalid");
        assert_eq!(ask.of(&nameless, &host).await.err(), Some(AmoError::Unreachable));
    }
    assert_eq!(patient_client(closed).account(permit(&host(closed)), &access()).await, Err(AmoError::Unreachable));
}

#[tokio::test]
async fn every_token_request_has_a_connection_of_its_own() {
    // On a kept connection that the server closes, nobody could say whether the request was sent.
    let answer = format!("{OK}Content-Length: 2\r\n\r\n{{}}");
    let server = RudeServer::start(answer, Then::Hang).await;
    let client = hasty_client(server.address);
    for request in 1..=3 {
        assert!(Ask::Refresh.of(&client, &host(server.address)).await.is_err());
        assert_eq!(server.requests(), request);
    }
}

#[tokio::test]
async fn a_read_tells_a_slow_amocrm_from_one_that_is_down() {
    let part = format!("{OK}Content-Length: 500\r\n\r\n{{\"id\":");
    let cases = [
        (String::new(), Then::Hang, AmoError::TimedOut),
        (part.clone(), Then::Hang, AmoError::TimedOut),
        (String::new(), Then::Close, AmoError::ConnectionLost),
        (part, Then::Close, AmoError::ConnectionLost),
    ];
    // Whatever the status: a ban, a refusal, a move may have been said, and something else, too.
    let statuses = [200, 302, 400, 401, 402, 403, 404, 410, 421, 429, 500, 503, 504];
    let cut = statuses.map(|status| {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 60\r\n\r\n{{\"title\":\"Forbidden\"");
        (head, Then::Close, AmoError::ConnectionLost)
    });
    let cases = cases.into_iter().chain(cut);
    at_once(cases.map(|(head, then, expected)| async move {
        let server = RudeServer::start(head.clone(), then).await;
        let outcome = client_for(&server, then).account(permit(&host(server.address)), &access()).await;
        assert_eq!(outcome, Err(expected), "{then:?} {head}");
        assert_eq!(server.requests(), 1, "{then:?} {head}");
    }))
    .await;
}

#[tokio::test]
async fn a_read_without_an_end_is_given_up_at_its_limit() {
    let server = RudeServer::start(format!("{OK}Connection: close\r\n\r\n"), Then::Babble).await;
    let client = patient_client(server.address);
    assert_eq!(client.account(permit(&host(server.address)), &access()).await, Err(AmoError::Protocol));
}
