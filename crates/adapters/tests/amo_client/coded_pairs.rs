//! Pairs in a coding that nobody asked for, named rightly, wrongly or not at all: each is kept.

use std::io::Write as _;

use amo_connect_domain::ports::AmoError;
use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use serde_json::json;

use crate::bench::{Ask, RudeServer, Then, host, patient_client};
use crate::wrapped_pairs::{OK, answer, body, bytes, gzip, is_kept};

/// In zlib's format.
pub(crate) fn zlib(body: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(body: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_coding_that_nobody_asked_for_is_undone() {
    let (coded, head) = (gzip(body()), format!("{OK}Content-Encoding: gzip\r\n"));
    let chunked = [format!("{:x}\r\n", coded.len()).as_bytes(), &coded, b"\r\n0\r\n\r\n"].concat();
    let chunks = format!("{OK}Transfer-Encoding: gzip, chunked\r\n");
    is_kept(vec![
        ("gzip", answer(&head, &coded), Then::Close),
        ("gzip without its checksum", answer(&head, &coded[..coded.len() - 8]), Then::Close),
        ("gzip that is cut", bytes(&format!("{head}Content-Length: 9999\r\n"), &coded), Then::Close),
        ("gzip in chunks", bytes(&format!("{head}Transfer-Encoding: chunked\r\n"), &chunked), Then::Close),
        ("gzip of the transfer", bytes(&chunks, &chunked), Then::Close),
        ("gzip under a 400", answer("HTTP/1.1 400 X\r\nContent-Encoding: gzip\r\n", &coded), Then::Close),
    ])
    .await;

    let refusal = gzip(json!({"hint": "Token has been revoked"}).to_string());
    let head = "HTTP/1.1 401 X\r\nContent-Encoding: gzip\r\n";
    let server = RudeServer::start(answer(head, refusal), Then::Close).await;
    let refused = Ask::Refresh.of(&patient_client(server.address), &host(server.address)).await;
    assert_eq!(refused.err(), Some(AmoError::GrantRevoked));
}

#[tokio::test]
async fn what_a_coding_is_called_does_not_matter() {
    let named = |name: &str, coded: &[u8]| {
        let head = [format!("{OK}Content-Encoding: ").as_bytes(), name.as_bytes(), b"\r\n"].concat();
        let length = format!("Content-Length: {}\r\n\r\n", coded.len());
        [&head, length.as_bytes(), coded].concat()
    };
    let (gz, zl, raw) = (gzip(body()), zlib(&body()), raw_deflate(&body()));
    let bad_byte = [format!("{OK}Content-Encoding: gzip, ").as_bytes(), b"\xff\r\n"].concat();
    let bad_byte = [&bad_byte[..], format!("Content-Length: {}\r\n\r\n", gz.len()).as_bytes(), &gz].concat();
    is_kept(vec![
        ("gzip, not named", answer(OK, &gz), Then::Close),
        ("gzip as deflate", named("deflate", &gz), Then::Close),
        ("gzip as br", named("br", &gz), Then::Close),
        ("gzip as utf-8", named("utf-8", &gz), Then::Close),
        ("gzip with a weight", named("gzip;q=1.0", &gz), Then::Close),
        ("gzip in quotes", named("\"gzip\"", &gz), Then::Close),
        ("gzip beside a byte that is no text", bad_byte, Then::Close),
        ("gzip named five times", named("gzip, gzip, gzip, gzip, gzip", &gz), Then::Close),
        ("gzip that should be in br, too", named("br, gzip", &gz), Then::Close),
        ("gzip in a type of its own", answer(&format!("{OK}Content-Type: application/gzip\r\n"), &gz), Then::Close),
        ("zlib as gzip", named("gzip", &zl), Then::Close),
        ("zlib, not named", answer(OK, &zl), Then::Close),
        ("deflate without its wrapper as gzip", named("gzip", &raw), Then::Close),
        ("deflate without its wrapper, not named", answer(OK, &raw), Then::Close),
    ])
    .await;
}

#[tokio::test]
async fn what_stands_around_a_compressed_pair_is_ignored() {
    let (coded, head) = (gzip(body()), format!("{OK}Content-Encoding: gzip\r\n"));
    let notice = b"<br />\n<b>Notice</b>: Undefined index: {x}<br />\n";
    let mut checked_wrongly = coded.clone();
    let checksum = checked_wrongly.len() - 8;
    checked_wrongly[checksum..].fill(0);
    is_kept(vec![
        ("a byte-order mark", answer(&head, [b"\xef\xbb\xbf", &coded[..]].concat()), Then::Close),
        ("a line end", answer(&head, [b"\r\n", &coded[..]].concat()), Then::Close),
        ("a notice before", answer(&head, [notice, &coded[..]].concat()), Then::Close),
        ("a notice behind", answer(&head, [&coded[..], notice].concat()), Then::Close),
        ("a compressed notice before", answer(&head, [gzip("<b>{x}</b>"), body().into_bytes()].concat()), Then::Close),
        ("compressed twice", answer(&head, gzip(&coded)), Then::Close),
        ("a wrong checksum", answer(&head, checked_wrongly), Then::Close),
        ("no length, and it stays open", bytes(OK, &coded), Then::Hang),
    ])
    .await;
}

#[tokio::test]
async fn a_pair_of_two_or_four_bytes_a_sign_is_kept() {
    let marked = format!("\u{feff}{}", body());
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let wide = |text: &str| text.chars().flat_map(|sign| u32::from(sign).to_le_bytes()).collect::<Vec<u8>>();
    is_kept(vec![
        ("UTF-16, with a mark", answer(OK, little(&marked)), Then::Close),
        ("UTF-16", answer(OK, little(&body())), Then::Close),
        ("UTF-16, big end first, with a mark", answer(OK, big(&marked)), Then::Close),
        ("UTF-16, big end first", answer(OK, big(&body())), Then::Close),
        ("UTF-32, with a mark", answer(OK, wide(&marked)), Then::Close),
        ("UTF-32", answer(OK, wide(&body())), Then::Close),
    ])
    .await;
}

#[tokio::test]
async fn a_member_of_any_depth_before_the_tokens_hides_nothing() {
    let deep = format!("{{\"x\":{}{},{}", "[".repeat(10_000), "]".repeat(10_000), &body()[1..]);
    is_kept(vec![("a list of lists", answer(OK, deep), Then::Close)]).await;
}
