//! Answers with a pair that no web server would give: what each is on the wire.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use amo_connect_sandbox::{Dress, Failure, Faults};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, RIVAL};

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
    Open,
}

/// How long a connection that says nothing more is taken to stay open.
const QUIET: Duration = Duration::from_secs(1);

/// Refreshes with `token`, and gives the answer byte for byte.
fn refresh(amo: &Amo, token: &str) -> (Vec<u8>, End) {
    let host = amo.sandbox.host(AGENCY).unwrap();
    let body = Amo::refresh_fields(token).to_string();
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(QUIET)).unwrap();
    let head = format!("POST /oauth2/access_token HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => return (answer, End::Closed),
            Ok(read) => answer.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return (answer, End::Reset),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return (answer, End::Open),
            Err(error) => panic!("{error}"),
        }
    }
}

fn dressed(dress: &[Dress]) -> Faults {
    Faults { dress: dress.to_vec(), ..Faults::default() }
}

fn length_of(answer: &str) -> usize {
    let (_, rest) = answer.split_once("Content-Length: ").unwrap();
    rest.split_once("\r\n").unwrap().0.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_on_the_wire_as_its_name_says() {
    let amo = Amo::start().await;
    let mut seen = 0;
    for dress in Dress::all().filter(|dress| *dress != Dress::Plain) {
        let pair = amo.connect(AGENCY).await;
        amo.sandbox.set_faults(dressed(&[dress])).unwrap();
        let (bytes, end) = tokio::task::block_in_place(|| refresh(&amo, &pair.refresh));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or(("", &text));
        let has = |part: &str| head.contains(part);
        let pair_json: Option<Value> = serde_json::from_str(body.trim()).ok();
        let looks_right = match dress {
            Dress::Plain => true,
            Dress::Status(status) => head.starts_with(&format!("HTTP/1.1 {status} ")),
            Dress::Bom => body.starts_with("\u{feff}{"),
            Dress::JunkBefore => body.starts_with("<br />") && body.ends_with('}'),
            Dress::JunkAfter => body.starts_with('{') && body.ends_with("<br />\n"),
            Dress::Padding => body.starts_with(' ') && pair_json.is_some(),
            Dress::TwiceExpiresIn => body.matches("\"expires_in\":86400").count() == 2,
            Dress::QuotedExpiresIn => pair_json.unwrap()["expires_in"] == "86400",
            Dress::NoExpiresIn => pair_json.unwrap().get("expires_in").is_none(),
            Dress::OddExpiresIn => pair_json.unwrap()["expires_in"] == "soon",
            Dress::Twice => body.matches("refresh_token").count() == 2,
            Dress::Unclosed => !body.contains('}') && body.matches('"').count() % 2 == 0,
            Dress::LongLength | Dress::LongLengthOpen => length_of(&text) == body.len() + 2,
            Dress::NoLength | Dress::NoLengthOpen | Dress::ResetAfter => !has("Content-Length") && pair_json.is_some(),
            Dress::Chunked => body.ends_with("0\r\n\r\n") && has("chunked"),
            Dress::ChunkedCut => body.ends_with("}\r\n") && has("chunked"),
            Dress::ChunkedOdd => body.ends_with("<br />\n") && has("chunked"),
            Dress::Oversized => body.len() > 1024 * 1024,
            Dress::Gzip | Dress::GzipCut | Dress::GzipTwice => {
                has("Content-Encoding: gzip") && body.starts_with('\u{1f}')
            }
            Dress::Deflate => has("Content-Encoding: deflate") && body.starts_with('x'),
            Dress::Brotli => has("Content-Encoding: br") && body.ends_with("}\u{3}"),
            Dress::Zstd => has("Content-Encoding: zstd") && body.starts_with("(\u{fffd}/"),
            Dress::GzipUntrue => has("Content-Encoding: gzip") && pair_json.is_some(),
            Dress::GzipUnnamed => !has("Content-Encoding") && body.starts_with('\u{1f}'),
            Dress::GzipMisnamed => has("Content-Encoding: deflate") && body.starts_with('\u{1f}'),
            Dress::Utf16 => bytes.ends_with(b"\"\0}\0") && body.starts_with("\u{fffd}\u{fffd}{\0"),
            Dress::Nested => body.contains("\"previous\":{") && body.ends_with("},}") && pair_json.is_none(),
            Dress::BadHeader => has("\r\nPHP Notice\r\n"),
            Dress::ManyHeaders => head.matches("X-Backend").count() == 300,
            Dress::FoldedHeader => has("one\r\n two"),
            Dress::NoContentType => !has("Content-Type"),
            Dress::HtmlContentType => has("text/html"),
            Dress::EarlyHints => has("HTTP/1.1 103") && body.starts_with("HTTP/1.1 200 OK"),
            Dress::Http10 => head == "HTTP/1.0 200 OK",
            Dress::NoHead => head.is_empty() && pair_json.is_some(),
        };
        assert!(looks_right, "{dress:?}: {text}");
        let expected = match dress {
            Dress::ResetAfter => End::Reset,
            Dress::LongLengthOpen | Dress::NoLengthOpen => End::Open,
            _ => End::Closed,
        };
        assert_eq!(end, expected, "{dress:?}");
        // It was processed once, and the list is empty.
        seen += 1;
        assert_eq!((amo.sandbox.stats().refreshes, amo.sandbox.stats().faults_played), (seen, seen), "{dress:?}");
        assert_eq!(amo.sandbox.faults().dress, [], "{dress:?}");
        assert_eq!(amo.refresh(AGENCY, &pair.refresh).await.hint(), "Token has been revoked", "{dress:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_worn_one_entry_a_pair_and_refusals_and_failures_take_none() {
    let amo = Amo::start().await;
    let first = amo.connect(AGENCY).await;
    let dress = vec![Dress::Plain, Dress::Status(201)];
    amo.sandbox.set_faults(Faults { fail_token: vec![Failure::Status(503)], dress, ..Faults::default() }).unwrap();
    assert_eq!(amo.refresh(AGENCY, &first.refresh).await.status, 503);
    assert_eq!(amo.refresh(AGENCY, "garbage").await.status, 401);
    let second = amo.refresh(AGENCY, &first.refresh).await.pair();
    assert_eq!(amo.refresh(AGENCY, &second.refresh).await.status, 201);
    assert_eq!(amo.sandbox.stats().faults_played, 2);

    // What is dropped is not dressed.
    let third = amo.connect(AGENCY).await;
    let fail_token = vec![Failure::NoRefreshToken];
    amo.sandbox.set_faults(Faults { fail_token, dress: vec![Dress::Status(202)], ..Faults::default() }).unwrap();
    assert_eq!(amo.refresh(AGENCY, &third.refresh).await.status, 200);
    let code = amo.sandbox.issue_code(AGENCY).unwrap().code;
    assert_eq!(amo.token(AGENCY, &Amo::exchange_fields(&code)).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dress_is_named_over_http_for_everyone_or_for_one_account() {
    let amo = Amo::start().await;
    let names: Vec<Value> = Dress::all().map(Value::from).collect();
    assert_eq!(amo.control("PATCH", "/faults", json!({ "dress": names })).await.status, 200);
    assert_eq!(amo.sandbox.faults().dress, Dress::all().collect::<Vec<_>>());
    assert_eq!(amo.control("PATCH", "/faults", json!({ "dress": ["status_599", "status_302"] })).await.status, 200);
    assert_eq!(amo.sandbox.faults().dress, [Dress::Status(599), Dress::Status(302)]);
    for (dress, field) in [
        (json!(["bom", "explode"]), "dress[1]"),
        (json!(["status_204"]), "dress[0]"),
        (json!(["status_304"]), "dress[0]"),
        (json!(["status_199"]), "dress[0]"),
        (json!(["status_600"]), "dress[0]"),
        (json!(["status_"]), "dress[0]"),
        (json!([201]), "dress[0]"),
        (json!("bom"), "dress"),
    ] {
        let refused = amo.control("PATCH", "/faults", json!({ "dress": dress })).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (400, Some(field)), "{dress}");
    }
    assert_eq!(amo.sandbox.faults().dress.len(), 2, "nothing has changed");
    amo.control("PATCH", "/faults", json!({ "dress": null })).await;

    amo.control("PATCH", "/faults", json!({ "account": 40_000_001, "dress": ["status_203"] })).await;
    amo.connect(AGENCY).await;
    let code = amo.sandbox.issue_code(RIVAL).unwrap().code;
    assert_eq!(amo.token(RIVAL, &Amo::exchange_fields(&code)).await.status, 203);
}
