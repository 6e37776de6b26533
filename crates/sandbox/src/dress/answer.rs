//! The bytes of each dress.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};

use super::Dress;

/// What happens to the connection after the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
    /// It stays open until the client closes it.
    StayOpen,
}

/// An answer as bytes.
pub(crate) struct Dressed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

const NOTICE: &str =
    "<br />\n<b>Notice</b>:  Undefined index: {locale} in <b>/srv/oauth.php</b> on line <b>12</b><br />\n";
const JSON_TYPE: &str = "Content-Type: application/json\r\n";
const CHUNKS: &str = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";

impl Dress {
    /// The answer that has the pair in `json` as its body. `path` is where it was asked for.
    pub(crate) fn put_on(self, json: &str, path: &str) -> Dressed {
        let plain = |body: &str| sized("200 OK", JSON_TYPE, body.as_bytes());
        let headers = |lines: &str| sized("200 OK", &format!("{JSON_TYPE}{lines}"), json.as_bytes());
        let coded =
            |coding: &str, body: &[u8]| sized("200 OK", &format!("{JSON_TYPE}Content-Encoding: {coding}\r\n"), body);
        let length = |length: usize| headed("200 OK", &format!("{JSON_TYPE}Content-Length: {length}\r\n"), json);
        let chunk = format!("{:x}\r\n{json}\r\n", json.len());
        let bytes = match self {
            Self::Plain => plain(json),
            Self::Status(status @ 300..400) => {
                sized(&format!("{status} X"), &format!("Location: {path}\r\n"), json.as_bytes())
            }
            Self::Status(status) => sized(&format!("{status} X"), JSON_TYPE, json.as_bytes()),
            Self::Bom => plain(&format!("\u{feff}{json}")),
            Self::JunkBefore => plain(&format!("{NOTICE}{json}")),
            Self::JunkAfter => plain(&format!("{json}\n{NOTICE}")),
            Self::Padding => plain(&format!(" \r\n\t\n{json}\r\n\r\n ")),
            Self::TwiceExpiresIn => plain(&with_life(json, |life| format!("{life},{life}"))),
            Self::QuotedExpiresIn => plain(&with_life(json, |life| life.replacen("\":", "\":\"", 1) + "\"")),
            Self::NoExpiresIn => plain(&with_life(json, |_| "\"scope\":null".to_owned())),
            Self::OddExpiresIn => plain(&with_life(json, |_| "\"expires_in\":\"soon\"".to_owned())),
            Self::Twice => plain(&format!("{json}{json}")),
            Self::Unclosed => plain(json.trim_end_matches('}')),
            Self::LongLength | Self::LongLengthOpen => length(json.len() + 2),
            Self::NoLength | Self::NoLengthOpen | Self::ResetAfter => headed("200 OK", JSON_TYPE, json),
            Self::Chunked => headed("200 OK", CHUNKS, format!("{chunk}0\r\n\r\n")),
            Self::ChunkedCut => headed("200 OK", CHUNKS, chunk),
            Self::ChunkedOdd => headed("200 OK", CHUNKS, format!("{chunk}{NOTICE}")),
            Self::Oversized => plain(&format!("{json}{}", " ".repeat(1024 * 1024))),
            Self::Gzip => coded("gzip", &gzip(json.as_bytes())),
            Self::Deflate => coded("deflate", &deflate(json)),
            Self::Brotli => coded("br", &brotli(json)),
            Self::Zstd => coded("zstd", &zstd(json)),
            Self::GzipCut => {
                let mut whole = coded("gzip", &gzip(json.as_bytes()));
                whole.truncate(whole.len() - 8);
                whole
            }
            Self::GzipUntrue => coded("gzip", json.as_bytes()),
            Self::GzipUnnamed => sized("200 OK", JSON_TYPE, &gzip(json.as_bytes())),
            Self::GzipMisnamed => coded("deflate", &gzip(json.as_bytes())),
            Self::GzipTwice => coded("gzip", &gzip(&gzip(json.as_bytes()))),
            Self::Utf16 => {
                let units = "\u{feff}".encode_utf16().chain(json.encode_utf16());
                sized("200 OK", JSON_TYPE, &units.flat_map(u16::to_le_bytes).collect::<Vec<_>>())
            }
            Self::Nested => plain(&format!("{{\"error\":\"a proxy failed\",\"previous\":{json},}}")),
            Self::BadHeader => headers("X Powered By: PHP\r\nPHP Notice\r\n: x\r\nX-Odd: \u{1}\r\n"),
            Self::ManyHeaders => headers(&"X-Backend: 1\r\n".repeat(300)),
            Self::FoldedHeader => headers("X-Backend: one\r\n two\r\n"),
            Self::NoContentType => sized("200 OK", "", json.as_bytes()),
            Self::HtmlContentType => sized("200 OK", "Content-Type: text/html\r\n", json.as_bytes()),
            Self::EarlyHints => [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec(), plain(json)].concat(),
            Self::Http10 => [b"HTTP/1.0 200 OK\r\n\r\n", json.as_bytes()].concat(),
            Self::NoHead => json.as_bytes().to_vec(),
        };
        let end = match self {
            Self::ResetAfter => End::Reset,
            Self::LongLengthOpen | Self::NoLengthOpen => End::StayOpen,
            _ => End::Close,
        };
        Dressed { bytes, end }
    }
}

fn headed(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n").as_bytes(), body.as_ref()].concat()
}

fn sized(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    headed(status, &format!("{headers}Content-Length: {}\r\n", body.len()), body)
}

/// `json` with its member `expires_in` as `change` makes it.
fn with_life(json: &str, change: impl Fn(&str) -> String) -> String {
    let Some(begin) = json.find("\"expires_in\"") else { return json.to_owned() };
    let length = json[begin..].find(',').unwrap_or(json.len() - begin);
    let (member, rest) = json[begin..].split_at(length);
    format!("{}{}{rest}", &json[..begin], change(member))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

fn deflate(json: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(json.as_bytes()).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// One block that is stored as it is (RFC 7932, section 9.2), and an empty last one.
fn brotli(json: &str) -> Vec<u8> {
    let head = (json.len() as u64 - 1) << 4 | 1 << 20;
    [&head.to_le_bytes()[..3], json.as_bytes(), &[3]].concat()
}

/// One frame with one block that is stored as it is (RFC 8878, section 3.1.1).
fn zstd(json: &str) -> Vec<u8> {
    let length = json.len() as u64;
    // A single segment, whose length stands in four bytes; then a raw block that is the last.
    let head = [&[0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000], &length.to_le_bytes()[..4]].concat();
    [&head, &(length << 3 | 1).to_le_bytes()[..3], json.as_bytes()].concat()
}
