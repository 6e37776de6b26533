//! An answer as bytes, with what can go wrong on any line.

use super::{Dialect, Words};
use crate::fake::{Asked, Reply};

/// What goes over the wire.
pub(super) enum Answer {
    /// These bytes, if any, and the end of the connection.
    Whole(Vec<u8>),
    /// These bytes, and another request may come.
    Kept(Vec<u8>),
    /// Nothing, and the connection stays.
    Never,
    /// This head, and a body in chunks without an end.
    Endless(Vec<u8>),
}

const BAN: &str =
    "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body><center>nginx</center></body>\r\n</html>";

impl Answer {
    pub(super) fn to(asked: &Asked, reply: &Reply, dialect: &dyn Dialect) -> Self {
        let closing = |headers: &str| format!("{headers}Connection: close\r\n");
        let page = |status, headers: &str, body: &str| Self::Whole(http(status, "text/html", &closing(headers), body));
        let words = dialect.answer(asked, reply);
        if let Some(words) = words.as_ref().filter(|words| words.status == 200 && !asked.is_for_tokens()) {
            return Self::Kept(spoken(words, ""));
        }
        let said = |reply| dialect.answer(asked, reply).map(|words| spoken(&words, &closing(""))).unwrap_or_default();
        match reply {
            Reply::Nothing => Self::Kept(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
            Reply::TooManyCalls(None) => page(429, "", "Too many requests"),
            Reply::TooManyCalls(Some(wait)) => {
                page(429, &format!("Retry-After: {}\r\n", wait.as_secs()), "Too many requests")
            }
            Reply::Banned => page(403, "", BAN),
            Reply::Fails(status) => page(*status, "", "<html>An error of ours</html>"),
            Reply::Redirects => page(307, "Location: /elsewhere\r\n", ""),
            Reply::Unreachable | Reply::CutBeforeTheDeed | Reply::CutAfterTheDeed | Reply::KeptConnectionsLost => {
                Self::Whole(Vec::new())
            }
            Reply::CutWithinTheAnswer => {
                let mut whole = said(&Reply::Incomplete);
                whole.truncate(whole.len().saturating_sub(5));
                Self::Whole(whole)
            }
            Reply::Silence => Self::Never,
            Reply::Endless => Self::Endless(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            ),
            Reply::Garbled => Self::Whole(http(
                200,
                "application/json",
                &closing(""),
                r#"{"token_type":"Bearer","access_token":"acc"#,
            )),
            in_its_own_words => Self::Whole(said(in_its_own_words)),
        }
    }
}

fn spoken(words: &Words, headers: &str) -> Vec<u8> {
    http(words.status, words.kind, headers, &words.body)
}

fn http(status: u16, kind: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}
