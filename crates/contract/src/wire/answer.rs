//! An answer as bytes, with what can go wrong on any line.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Dialect, Words};
use crate::fake::{Asked, Dress, Reply};

/// What goes over the wire.
pub(super) enum Answer {
    /// These bytes, if any, and the end of the connection.
    Whole(Vec<u8>),
    /// These bytes, and another request may come.
    Kept(Vec<u8>),
    /// These bytes, and a reset.
    Reset(Vec<u8>),
    /// These bytes, if any, and the connection stays.
    Open(Vec<u8>),
    /// This head, and a body in chunks without an end.
    Endless(Vec<u8>),
}

const BAN: &str =
    "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body><center>nginx</center></body>\r\n</html>";

impl Answer {
    pub(super) fn to(asked: &Asked, reply: &Reply, dialect: &dyn Dialect) -> Self {
        let said = |reply| dialect.answer(asked, reply).map(|words| spoken(&words, &closing("")));
        match reply {
            Reply::Unreachable | Reply::CutBeforeTheDeed | Reply::CutAfterTheDeed | Reply::KeptConnectionsLost => {
                Self::Whole(Vec::new())
            }
            Reply::CutWithinTheAnswer => {
                let mut whole = said(&Reply::Incomplete).unwrap_or_default();
                whole.truncate(whole.len().saturating_sub(5));
                Self::Whole(whole)
            }
            Reply::Silence => Self::Open(Vec::new()),
            Reply::Endless => Self::Endless(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            ),
            Reply::Garbled => Self::Whole(http(
                200,
                "application/json",
                &closing(""),
                r#"{"token_type":"Bearer","access_token":"acc"#,
            )),
            Reply::IssuesIn(dress, issued) => match dialect.answer(asked, &Reply::Issues(issued.clone())) {
                Some(words) => dressed(*dress, &words),
                None => Self::Whole(Vec::new()),
            },
            reply => match dialect.answer(asked, reply) {
                Some(words) if words.status == 200 && !asked.is_for_tokens() => Self::Kept(spoken(&words, "")),
                Some(words) => Self::Whole(spoken(&words, &closing(""))),
                None => Self::by_default(reply),
            },
        }
    }

    /// What most web servers would say for a CRM that has no words of its own.
    fn by_default(reply: &Reply) -> Self {
        let page = |status, headers: &str, body: &str| Self::Whole(http(status, "text/html", &closing(headers), body));
        match reply {
            Reply::Nothing => Self::Kept(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
            Reply::TooManyCalls(None) => page(429, "", "Too many requests"),
            Reply::TooManyCalls(Some(wait)) => {
                page(429, &format!("Retry-After: {}\r\n", wait.as_secs()), "Too many requests")
            }
            Reply::Banned => page(403, "", BAN),
            Reply::Fails(status) => page(*status, "", "<html>An error of ours</html>"),
            Reply::Redirects => page(307, "Location: /elsewhere\r\n", ""),
            _ => Self::Whole(Vec::new()),
        }
    }
}

const NOTICE: &str = "<br />\n<b>Notice</b>: Undefined index: {x} in <b>/srv/oauth.php</b> on line <b>12</b>\n";

/// These headers, and the word that the connection ends.
fn closing(headers: &str) -> String {
    format!("{headers}Connection: close\r\n")
}

/// A pair in these words, in an answer that is odd otherwise.
fn dressed(dress: Dress, words: &Words) -> Answer {
    let Words { status, kind, body, .. } = words;
    let whole = |status, headers: &str, body: &str| Answer::Whole(http(status, kind, &closing(headers), body));
    let plain = |headers: &str, body: &[u8]| headed(*status, kind, &closing(headers), body);
    match dress {
        Dress::Status(status) => whole(status, "", body),
        Dress::ByteOrderMark => whole(*status, "", &format!("\u{feff}{body}")),
        Dress::Notices => whole(*status, "", &format!("{NOTICE}{body}{NOTICE}")),
        Dress::MembersTwice => {
            let members = body.trim_matches(['{', '}']);
            whole(*status, "", &format!("{{{members},{members}}}"))
        }
        Dress::EndsEarly => {
            let length = format!("Content-Length: {}\r\n", body.len() + 2);
            Answer::Whole(plain(&length, body.as_bytes()))
        }
        Dress::Reset => Answer::Reset(plain("", body.as_bytes())),
        Dress::StaysOpen => Answer::Open(plain("", body.as_bytes())),
        Dress::Compressed => Answer::Whole(plain("Content-Encoding: gzip\r\n", &gzip(body))),
        Dress::OddHeaders => whole(*status, "PHP Notice\r\nX Powered By: PHP\r\n: x\r\n", body),
    }
}

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    encoder.write_all(body.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn spoken(words: &Words, headers: &str) -> Vec<u8> {
    let own = words.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let all: Vec<String> = own.chain([headers.to_owned()]).collect();
    http(words.status, words.kind, &all.concat(), &words.body)
}

fn http(status: u16, kind: &str, headers: &str, body: &str) -> Vec<u8> {
    headed(status, kind, &format!("Content-Length: {}\r\n{headers}", body.len()), body.as_bytes())
}

fn headed(status: u16, kind: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}
