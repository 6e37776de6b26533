//! Pairs that arrived in an odd answer: each is kept, by a code and by a refresh token alike.

use std::io::Write as _;
use std::time::{Duration, Instant};

use amo_connect_adapters::amo::AmoLimits;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use serde_json::json;

use crate::bench::{BOTH, RudeServer, Then, client_with, host, pair, patient_client};

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\n";

pub(crate) fn body() -> String {
    pair().to_string()
}

pub(crate) fn gzip(body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// An answer with the length that its body has.
pub(crate) fn answer(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// An answer as these bytes.
pub(crate) fn bytes(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [head.as_bytes(), b"\r\n", body.as_ref()].concat()
}

/// Has both token requests answered so, and expects the pair each time.
pub(crate) async fn is_kept(cases: Vec<(&'static str, Vec<u8>, Then)>) {
    let cases = cases.into_iter().flat_map(|case| BOTH.map(|ask| (ask, case.clone())));
    let outcomes = cases.map(|(ask, (name, answer, then))| async move {
        let server = RudeServer::start(answer, then).await;
        let outcome = ask.of(&patient_client(server.address), &host(server.address)).await;
        let pair = outcome.map(|issued| [issued.access.expose().to_owned(), issued.refresh.expose().to_owned()]);
        let is_kept = pair.as_ref().is_ok_and(|pair| pair == &["new-access", "new-refresh"]) && server.requests() == 1;
        (!is_kept).then(|| format!("{ask:?}, {name}: {pair:?} after {} requests", server.requests()))
    });
    let lost: Vec<String> = join_all(outcomes).await.into_iter().flatten().collect();
    assert!(lost.is_empty(), "lost: {lost:#?}");
}

#[tokio::test]
async fn a_body_that_ends_early_is_read_as_far_as_it_goes() {
    let length = body().len();
    is_kept(vec![
        ("a length of 2 more", bytes(&format!("{OK}Content-Length: {}\r\n", length + 2), body()), Then::Close),
        ("the same, and a reset", bytes(&format!("{OK}Content-Length: {}\r\n", length + 2), body()), Then::Reset),
        ("a length of megabytes", bytes(&format!("{OK}Content-Length: 99999999\r\n"), body()), Then::Close),
        ("no length", bytes(OK, body()), Then::Close),
        ("no length, and a reset", bytes(OK, body()), Then::Reset),
        ("HTTP/1.0", bytes("HTTP/1.0 200 OK\r\n", body()), Then::Close),
        ("HTTP/1.0, and a reset", bytes("HTTP/1.0 200 OK\r\n", body()), Then::Reset),
        ("without the last brace", bytes(OK, &body()[..length - 1]), Then::Close),
        ("more than is read", bytes(OK, body()), Then::Babble),
    ])
    .await;
}

#[tokio::test]
async fn chunks_may_end_as_they_like() {
    let head = format!("{OK}Transfer-Encoding: chunked\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", body().len(), body());
    is_kept(vec![
        ("no last chunk", bytes(&head, &chunk), Then::Close),
        ("no last chunk, and a reset", bytes(&head, &chunk), Then::Reset),
        ("half a last chunk", bytes(&head, format!("{chunk}0\r\n")), Then::Close),
        ("no chunk at all next", bytes(&head, format!("{chunk}no chunk\r\n")), Then::Close),
        ("a chunk that is cut", bytes(&head, format!("fff\r\n{}", body())), Then::Close),
        ("a length besides", bytes(&format!("{head}Content-Length: 5\r\n"), format!("{chunk}0\r\n\r\n")), Then::Close),
        ("odd trailers", bytes(&head, format!("{chunk}0\r\nfoo bar\r\n\r\n")), Then::Close),
    ])
    .await;
}

#[tokio::test]
async fn any_final_status_is_good() {
    let statuses = [
        "200", "201", "202", "203", "206", "207", "299", "300", "301", "302", "303", "307", "308", "400", "401", "402",
        "403", "404", "409", "410", "422", "429", "500", "502", "503", "504", "599", "999",
    ];
    let cases = statuses.map(|status| {
        let head = format!("HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nRetry-After: 9\r\n");
        (status, answer(&head, body()), Then::Close)
    });
    is_kept(cases.to_vec()).await;
    is_kept(vec![
        ("without a reason", answer("HTTP/1.1 200\r\n", body()), Then::Close),
        ("after a 100", answer(&format!("HTTP/1.1 100 Continue\r\n\r\n{OK}"), body()), Then::Close),
        ("after a 103", answer(&format!("HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n{OK}"), body()), Then::Close),
        ("a redirect to nowhere", answer("HTTP/1.1 302 Found\r\nLocation: http://[x\r\n", body()), Then::Close),
        ("cut in a 400", bytes("HTTP/1.1 400 X\r\nContent-Length: 999\r\n", body()), Then::Close),
        ("cut in a 429", bytes("HTTP/1.1 429 X\r\nContent-Length: 999\r\n", body()), Then::Reset),
    ])
    .await;
}

#[tokio::test]
async fn headers_need_not_make_sense() {
    let many = "X-Many: y\r\n".repeat(400);
    let heads = [
        ("no content type", ""),
        ("an empty content type", "Content-Type: \r\n"),
        ("a content type of nonsense", "Content-Type: ;;/\u{441}\r\n"),
        ("a name with a blank", "X Powered By: PHP\r\n"),
        ("a blank before the colon", "X-Powered-By : PHP\r\n"),
        ("no colon", "PHP Notice\r\n"),
        ("no name", ": x\r\n"),
        ("a folded line", "X-Long: one\r\n two\r\n"),
        ("control characters", "X-Odd: \u{1}\u{7f}\r\n"),
        ("a name that is not ASCII", "X-\u{417}: y\r\n"),
        ("hundreds", many.as_str()),
        ("an encoding that is not there", "Content-Encoding: gzip\r\n"),
        ("an encoding that nobody knows", "Content-Encoding: rot13\r\n"),
        ("a charset", "Content-Type: text/html; charset=windows-1251\r\n"),
        ("keep-alive", "Connection: keep-alive\r\nKeep-Alive: timeout=60\r\n"),
    ];
    is_kept(heads.map(|(name, lines)| (name, answer(&format!("{OK}{lines}"), body()), Then::Close)).to_vec()).await;
    let no_http = [
        ("no head", body().into_bytes(), Then::Close),
        (
            "lines that end without a return",
            answer(OK, body()).into_iter().filter(|byte| *byte != b'\r').collect(),
            Then::Close,
        ),
    ];
    is_kept(no_http.to_vec()).await;
}

#[tokio::test]
async fn what_stands_around_a_pair_is_ignored() {
    let twice = body().replacen("\"expires_in\":86400", "\"expires_in\":86400,\"expires_in\":86400", 1);
    assert_ne!(twice, body());
    let notice = "<br />\n<b>Notice</b>: Undefined index: x in <b>/a.php</b> on line <b>{1}</b><br />\n";
    let cases = [
        ("a byte-order mark", format!("\u{feff}{}", body())),
        ("a notice before", format!("{notice}{}", body())),
        ("a notice after", format!("{}{notice}", body())),
        ("blanks", format!("\r\n\t {}\r\n\0", body())),
        ("expires_in twice", twice),
        ("all of it twice", format!("{}{}", body(), body())),
    ];
    is_kept(cases.map(|(name, body)| (name, answer(OK, body), Then::Close)).to_vec()).await;
}

/// The client would wait a minute for the end.
#[tokio::test]
async fn an_answer_that_stays_open_is_left_a_second_after_its_pair() {
    let length = body().len() + 9;
    let coded = gzip(body());
    let begun = Instant::now();
    is_kept(vec![
        ("no length", bytes(OK, body()), Then::Hang),
        ("a length that is not reached", bytes(&format!("{OK}Content-Length: {length}\r\n"), body()), Then::Hang),
        (
            "no last chunk",
            bytes(&format!("{OK}Transfer-Encoding: chunked\r\n"), format!("fff\r\n{}", body())),
            Then::Hang,
        ),
        (
            "gzip without its end",
            bytes(&format!("{OK}Content-Encoding: gzip\r\n"), &coded[..coded.len() - 8]),
            Then::Hang,
        ),
        ("a status of failure", bytes("HTTP/1.1 502 X\r\n", body()), Then::Hang),
    ])
    .await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_pair_that_came_when_time_was_over_is_kept() {
    let server = RudeServer::start(bytes(OK, body()), Then::Hang).await;
    let limits = AmoLimits { token_timeout: Duration::from_millis(700), ..AmoLimits::default() };
    let client = client_with(&server.address.to_string(), limits);
    for ask in BOTH {
        let issued = ask.of(&client, &host(server.address)).await.unwrap();
        assert_eq!(issued.refresh.expose(), "new-refresh");
    }
}

#[tokio::test]
async fn of_the_pairs_within_a_second_the_last_counts() {
    let (first, last) = (json!({"access_token": "old", "refresh_token": "old"}).to_string(), body());
    let server = RudeServer::start_in_parts(vec![bytes(OK, first), last.into_bytes()], Then::Hang).await;
    for ask in BOTH {
        let issued = ask.of(&patient_client(server.address), &host(server.address)).await.unwrap();
        assert_eq!(issued.refresh.expose(), "new-refresh");
    }
}
