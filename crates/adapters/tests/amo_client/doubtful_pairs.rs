//! Answers to a token request in which a pair was meant, and that are in doubt all the same.

use crate::bench::permit;
use amo_connect_domain::ports::{AmoError, TokenEndpoint as _};
use amo_connect_domain::token::RefreshToken;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::bench::{Ask, BOTH, REFRESH, RudeServer, Then, at_once, hasty_client, host, patient_client};
use crate::coded_pairs::zlib;
use crate::wrapped_pairs::{OK, answer, body, bytes, gzip};

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[tokio::test]
async fn a_bomb_is_in_doubt_and_is_read_up_to_a_limit() {
    let bomb = gzip(" ".repeat(10 * 1024 * 1024));
    let hidden = gzip(format!("{}{}", " ".repeat(10 * 1024 * 1024), body()));
    for coded in [bomb, hidden] {
        let server = RudeServer::start(answer(&format!("{OK}Content-Encoding: gzip\r\n"), coded), Then::Close).await;
        let outcome = Ask::Refresh.of(&patient_client(server.address), &host(server.address)).await;
        assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown));
    }
}

#[tokio::test]
async fn the_refresh_token_that_was_sent_makes_no_pair() {
    let same = json!({"access_token": "new-access", "refresh_token": REFRESH, "expires_in": 86_400}).to_string();
    let server = RudeServer::start(answer(OK, same), Then::Close).await;
    let (client, host) = (patient_client(server.address), host(server.address));
    assert_eq!(client.refresh(permit(&host), &RefreshToken::new(REFRESH)).await.err(), Some(AmoError::OutcomeUnknown));
    assert!(client.refresh(permit(&host), &RefreshToken::new("another")).await.is_ok());
    // A code is compared with nothing.
    assert_eq!(Ask::Exchange.of(&client, &host).await.unwrap().refresh.expose(), REFRESH);
}

#[tokio::test]
async fn half_a_pair_is_in_doubt_whatever_the_status() {
    for status in ["200 OK", "201 X", "400 X", "401 X", "402 X", "403 X", "404 X", "429 X", "500 X"] {
        for half in [r#"{"access_token":"new-access","refresh_token":"new-ref"#, r#"{"access_token":"new-access"}"#] {
            let server = RudeServer::start(answer(&format!("HTTP/1.1 {status}\r\n"), half), Then::Close).await;
            for ask in BOTH {
                let outcome = ask.of(&patient_client(server.address), &host(server.address)).await;
                assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{status} {half}");
            }
        }
    }
}

/// An answer may quote the pair before. Kept, it would be saved over the good one.
#[tokio::test]
async fn a_pair_in_another_object_is_never_handed_out() {
    let quoted = body();
    let gone = [
        format!(r#"{{"error":"x","previous":{quoted},}}"#),
        format!(r#"{{"previous":{quoted}<br>Fatal error"#),
        format!(r#"{{"previous":{quoted}}}"#),
        format!("<script>window.cfg={{demo:{quoted}}}</script>"),
    ];
    for body in gone {
        for body in [body.clone().into_bytes(), gzip(&body)] {
            for head in [OK, "HTTP/1.1 500 X\r\n"] {
                let server = RudeServer::start(answer(head, &body), Then::Close).await;
                for ask in BOTH {
                    let outcome = ask.of(&patient_client(server.address), &host(server.address)).await;
                    assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{head}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_pair_of_another_integration_is_never_handed_out() {
    for (audience, is_ours) in [(json!("an id"), true), (json!(["x", "an id"]), true), (json!("theirs"), false)] {
        let claims = URL_SAFE_NO_PAD.encode(json!({"aud": audience, "account_id": 7}).to_string());
        let pair = json!({"access_token": format!("e30.{claims}.c2ln"), "refresh_token": "new-refresh"}).to_string();
        for head in [OK, "HTTP/1.1 401 X\r\n"] {
            let server = RudeServer::start(answer(head, &pair), Then::Close).await;
            for ask in BOTH {
                let outcome = ask.of(&hasty_client(server.address), &host(server.address)).await;
                let expected = if is_ours { Ok(()) } else { Err(AmoError::OutcomeUnknown) };
                assert_eq!(outcome.map(drop), expected, "{audience}");
            }
        }
    }
}

/// What the HTTP library cannot hand out. `docs/reliability.md` has the list.
#[tokio::test]
async fn what_http_cannot_carry_stays_in_doubt() {
    let length = body().len();
    let chunks = format!("{length:x}\r\n{}\r\n0\r\n\r\n", body());
    let (head, long_extension) = (format!("{OK}{CHUNKED}"), format!(";{}\r\n", "x".repeat(20_000)));
    let cases = vec![
        ("a length shorter than the pair", bytes(&format!("{OK}Content-Length: {}\r\n", length - 9), body())),
        ("two lengths", bytes(&format!("{OK}Content-Length: 5\r\nContent-Length: {length}\r\n"), body())),
        ("a length that is no number", bytes(&format!("{OK}Content-Length: {length}x\r\n"), body())),
        ("a status without a body: 204", answer("HTTP/1.1 204 No Content\r\n", body())),
        ("a status without a body: 304", answer("HTTP/1.1 304 Not Modified\r\n", body())),
        ("a switch of protocols: 101", answer("HTTP/1.1 101 X\r\n", body())),
        ("a status of two digits", answer("HTTP/1.1 20 X\r\n", body())),
        ("chunks that were not made", bytes(&format!("{OK}Transfer-Encoding: chunked\r\n"), body())),
        ("a status that begins with 0", answer("HTTP/1.1 099 X\r\n", body())),
        ("HTTP/1.0 in chunks", bytes(&format!("HTTP/1.0 200 OK\r\n{CHUNKED}"), &chunks)),
        ("HTTP/1.0, said to be in chunks", bytes(&format!("HTTP/1.0 200 OK\r\n{CHUNKED}"), body())),
        ("HTTP/1.0 with a coding", answer("HTTP/1.0 200 OK\r\nTransfer-Encoding: identity\r\n", body())),
        ("a header with a NUL", answer(&format!("{OK}X: a\0b\r\n"), body())),
        ("a header with a return alone", answer(&format!("{OK}X: a\rb\r\n"), body())),
        ("a name of 70 kB", answer(&format!("{OK}{}: x\r\n", "a".repeat(70_000)), body())),
        ("chunks in lines without a return", bytes(&head, chunks.replace("\r\n", "\n"))),
        ("an empty line before a chunk", bytes(&head, format!("\r\n{chunks}"))),
        ("blanks before a chunk", bytes(&head, format!("  {chunks}"))),
        ("a length of a chunk with 0x", bytes(&head, format!("0x{chunks}"))),
        ("a length of a chunk beyond 64 bits", bytes(&head, format!("ffffffffffffffff{chunks}"))),
        ("a length beyond 64 bits", bytes(&format!("{OK}Content-Length: {}\r\n", "9".repeat(30)), body())),
        ("a length with a sign", bytes(&format!("{OK}Content-Length: +{length}\r\n"), body())),
        ("an extension of a chunk of 20 kB", bytes(&head, chunks.replacen("\r\n", &long_extension, 1))),
        ("a head of megabytes", answer(&format!("{OK}X: {}\r\n", "y".repeat(1 << 20)), body())),
        ("thousands of headers", answer(&format!("{OK}{}", "X: y\r\n".repeat(2_000)), body())),
    ];
    let cases = cases.into_iter().flat_map(|case| BOTH.map(|ask| (ask, case.clone())));
    at_once(cases.map(|(ask, (name, answer))| async move {
        let server = RudeServer::start(answer, Then::Close).await;
        let outcome = ask.of(&hasty_client(server.address), &host(server.address)).await;
        assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{ask:?} {name}");
        assert_eq!(server.requests(), 1, "{ask:?} {name}");
    }))
    .await;
}

/// What we could read, and do not. `docs/reliability.md` has the list.
#[tokio::test]
async fn what_is_not_looked_for_stays_in_doubt() {
    let (notice, pair) = ("<b>Notice</b>: x\n", body());
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let often = (0..20).fold(pair.clone().into_bytes(), |coded, _| gzip(coded));
    let cases = [
        ("a notice in the object", format!("{{{notice}{}", &pair[1..]).into_bytes()),
        ("a comment in the object", format!("{{/* x */{}", &pair[1..]).into_bytes()),
        ("an object that broke off at a colon", format!("{{\"level\":5,\"context\":{pair}").into_bytes()),
        ("an object that is closed behind it", format!("{{\"error\":\"x\n{pair}\"}}").into_bytes()),
        ("deflate behind a notice", [notice.as_bytes(), &zlib(&pair)].concat()),
        ("UTF-16 behind a byte", [b"\n".as_slice(), &wide(&pair)].concat()),
        ("UTF-16 between other signs", wide(&format!("{0}{pair}{0}", "ы".repeat(pair.len())))),
        ("gzip upon gzip", often),
    ];
    for (name, body) in cases {
        let server = RudeServer::start(answer(OK, body), Then::Close).await;
        let outcome = Ask::Refresh.of(&patient_client(server.address), &host(server.address)).await;
        assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{name}");
    }
}
