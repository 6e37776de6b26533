//! Ways to answer with a token pair that no well-behaved server has, and that some servers have all the same.

mod answer;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use answer::{Dressed, End};

/// How the answer with a pair is dressed. The pair is issued in each, and can be had from each except
/// [`Dress::Nested`].
///
/// In JSON it is its name: `"bom"`, `"status_503"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Dress {
    /// As it should be (`"ok"`, to dress only the one after it).
    Plain,
    /// Another status, 200 to 599 without 204 and 304, which have no body (`"status_201"`). A
    /// redirect leads to the same address.
    Status(u16),
    /// A byte-order mark before the JSON (`"bom"`).
    Bom,
    /// A notice of PHP's before the JSON (`"junk_before"`).
    JunkBefore,
    /// The same after it (`"junk_after"`).
    JunkAfter,
    /// Blanks and line ends around the JSON (`"padding"`).
    Padding,
    /// `expires_in` twice (`"twice_expires_in"`).
    TwiceExpiresIn,
    /// `expires_in` in quotes (`"quoted_expires_in"`).
    QuotedExpiresIn,
    /// No `expires_in` (`"no_expires_in"`).
    NoExpiresIn,
    /// An `expires_in` that is no number (`"odd_expires_in"`).
    OddExpiresIn,
    /// The JSON twice (`"twice"`).
    Twice,
    /// The closing brace is missing (`"unclosed"`).
    Unclosed,
    /// A `Content-Length` of 2 more than there is, then closed (`"long_length"`).
    LongLength,
    /// The same, and the connection stays open (`"long_length_open"`).
    LongLengthOpen,
    /// No length, then closed, as is fair (`"no_length"`).
    NoLength,
    /// No length, and the connection stays open (`"no_length_open"`).
    NoLengthOpen,
    /// No length, and a TCP reset after the last byte (`"reset_after"`).
    ResetAfter,
    /// In chunks, as is fair (`"chunked"`).
    Chunked,
    /// In chunks, then closed without the last one (`"chunked_cut"`).
    ChunkedCut,
    /// In chunks, then something that is no chunk (`"chunked_odd"`).
    ChunkedOdd,
    /// Followed by a megabyte of blanks (`"oversized"`).
    Oversized,
    /// Compressed, though nobody asked for it (`"gzip"`).
    Gzip,
    /// The same in zlib's format (`"deflate"`).
    Deflate,
    /// The same in Brotli's (`"br"`).
    Brotli,
    /// The same in Zstandard's (`"zstd"`).
    Zstd,
    /// A compressed body that lacks its last 8 bytes, of a length of 8 more than there is
    /// (`"gzip_cut"`).
    GzipCut,
    /// A `Content-Encoding: gzip` that is not true (`"gzip_untrue"`).
    GzipUntrue,
    /// Compressed, and no header says so (`"gzip_unnamed"`).
    GzipUnnamed,
    /// The same, and `Content-Encoding: deflate` says otherwise (`"gzip_misnamed"`).
    GzipMisnamed,
    /// Compressed twice, and named once (`"gzip_twice"`).
    GzipTwice,
    /// UTF-16 with a byte-order mark (`"utf_16"`).
    Utf16,
    /// As a member of an error's JSON, which has a comma too many: no client may take it for its
    /// own (`"nested"`).
    Nested,
    /// Header lines that strict parsers refuse (`"bad_header"`).
    BadHeader,
    /// 300 headers (`"many_headers"`).
    ManyHeaders,
    /// A header over two lines (`"folded_header"`).
    FoldedHeader,
    /// No `Content-Type` (`"no_content_type"`).
    NoContentType,
    /// `Content-Type: text/html` (`"html_content_type"`).
    HtmlContentType,
    /// A 103 before the answer (`"early_hints"`).
    EarlyHints,
    /// HTTP/1.0 (`"http_1_0"`).
    Http10,
    /// The body alone, without any head (`"no_head"`).
    NoHead,
}

const NAMED: [(&str, Dress); 40] = [
    ("ok", Dress::Plain),
    ("bom", Dress::Bom),
    ("junk_before", Dress::JunkBefore),
    ("junk_after", Dress::JunkAfter),
    ("padding", Dress::Padding),
    ("twice_expires_in", Dress::TwiceExpiresIn),
    ("quoted_expires_in", Dress::QuotedExpiresIn),
    ("no_expires_in", Dress::NoExpiresIn),
    ("odd_expires_in", Dress::OddExpiresIn),
    ("twice", Dress::Twice),
    ("unclosed", Dress::Unclosed),
    ("long_length", Dress::LongLength),
    ("long_length_open", Dress::LongLengthOpen),
    ("no_length", Dress::NoLength),
    ("no_length_open", Dress::NoLengthOpen),
    ("reset_after", Dress::ResetAfter),
    ("chunked", Dress::Chunked),
    ("chunked_cut", Dress::ChunkedCut),
    ("chunked_odd", Dress::ChunkedOdd),
    ("oversized", Dress::Oversized),
    ("gzip", Dress::Gzip),
    ("deflate", Dress::Deflate),
    ("br", Dress::Brotli),
    ("zstd", Dress::Zstd),
    ("gzip_cut", Dress::GzipCut),
    ("gzip_untrue", Dress::GzipUntrue),
    ("gzip_unnamed", Dress::GzipUnnamed),
    ("gzip_misnamed", Dress::GzipMisnamed),
    ("gzip_twice", Dress::GzipTwice),
    ("utf_16", Dress::Utf16),
    ("nested", Dress::Nested),
    ("bad_header", Dress::BadHeader),
    ("many_headers", Dress::ManyHeaders),
    ("folded_header", Dress::FoldedHeader),
    ("no_content_type", Dress::NoContentType),
    ("html_content_type", Dress::HtmlContentType),
    ("early_hints", Dress::EarlyHints),
    ("http_1_0", Dress::Http10),
    ("no_head", Dress::NoHead),
    // An example of its kind; any other status is read too.
    ("status_201", Dress::Status(201)),
];

const STATUS: &str = "status_";

impl Dress {
    /// Every dress that has a name of its own, and one of those named after a status.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMED.iter().map(|(_, dress)| *dress)
    }
}

impl TryFrom<Value> for Dress {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let name = value.as_str().unwrap_or_default();
        let status = name.strip_prefix(STATUS).and_then(|status| status.parse::<u16>().ok());
        if let Some(status) = status.filter(|status| (200..600).contains(status) && ![204, 304].contains(status)) {
            return Ok(Self::Status(status));
        }
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, dress)| *dress).ok_or_else(|| {
            let names: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
            format!("{value} is not one of {}, nor another status_… with a body, from 200 to 599", names.join(", "))
        })
    }
}

impl From<Dress> for Value {
    fn from(dress: Dress) -> Self {
        if let Dress::Status(status) = dress {
            return format!("{STATUS}{status}").into();
        }
        let name = NAMED.iter().find(|(_, named)| *named == dress).map(|(name, _)| *name);
        Self::from(name)
    }
}
