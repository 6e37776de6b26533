//! Undoing codings of a body that nobody asked for: servers that compress without a word.
//!
//! As far as a body can be read it is, up to a limit: of a compressed answer that was cut, what
//! came before the cut is wanted.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, TRANSFER_ENCODING};
use ruzstd::decoding::StreamingDecoder;

/// Nobody compresses more often.
const MOST_CODINGS: usize = 4;

/// Bytes of the window that an answer in `zstd` may need, by RFC 9659.
const ZSTD_WINDOW: u64 = 8 * 1024 * 1024;

/// Bytes that the decoder of `br` reads at a time.
const BROTLI_BUFFER: usize = 4096;

/// `body` without the codings that `headers` name, and at most `longest` bytes of it. What is in
/// a coding that we do not know, or in none though one is named, stays as it is.
pub(super) fn undone<'a>(headers: &HeaderMap, body: &'a [u8], longest: usize) -> Cow<'a, [u8]> {
    let codings = codings(headers);
    let mut body = Cow::Borrowed(body);
    if codings.len() > MOST_CODINGS {
        return body;
    }
    for coding in codings.iter().rev() {
        let plain = decoded(coding, &body, longest);
        if !plain.is_empty() {
            body = Cow::Owned(plain);
        }
    }
    body
}

/// What the body was coded with, the last coding last.
fn codings(headers: &HeaderMap) -> Vec<String> {
    let named = headers.get_all(CONTENT_ENCODING).iter().chain(headers.get_all(TRANSFER_ENCODING));
    let words = named.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    // Chunks are the HTTP library's.
    let codings = words.map(|word| word.trim().to_ascii_lowercase());
    codings.filter(|word| !["", "identity", "chunked"].contains(&word.as_str())).collect()
}

fn decoded(coding: &str, body: &[u8], longest: usize) -> Vec<u8> {
    match coding {
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(body), longest),
        "deflate" if is_zlib(body) => read(ZlibDecoder::new(body), longest),
        // Without the wrapper that the word stands for: some servers leave it out.
        "deflate" => read(DeflateDecoder::new(body), longest),
        "br" => read(brotli_decompressor::Decompressor::new(body, BROTLI_BUFFER), longest),
        "zstd" => {
            let decoder = StreamingDecoder::new_with_max_window_size(body, ZSTD_WINDOW);
            decoder.map(|decoder| read(decoder, longest)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Whether it begins as RFC 1950 has it.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0xf == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

fn read(decoder: impl Read, longest: usize) -> Vec<u8> {
    let mut plain = Vec::new();
    // An error ends it, and leaves what came before.
    let _ = decoder.take(longest as u64).read_to_end(&mut plain);
    plain
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    const LIMIT: usize = 64 * 1024;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(body: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(body: &[u8]) -> Vec<u8> {
        compress_to_vec(body, CompressionLevel::Fastest)
    }

    /// One block that is stored as it is (RFC 7932, section 9.2), and an empty last one.
    fn brotli(body: &[u8]) -> Vec<u8> {
        let head = u32::try_from(body.len() - 1).unwrap() << 4 | 1 << 20;
        [&head.to_le_bytes()[..3], body, &[3]].concat()
    }

    fn undone_of(named: &str, body: &[u8]) -> Vec<u8> {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, named.parse().unwrap())]);
        undone(&headers, body, LIMIT).into_owned()
    }

    #[test]
    fn every_usual_coding_is_undone() {
        let body = b"{\"access_token\":\"a\"} and more of it, and more of it";
        for (named, coded) in [
            ("gzip", gzip(body)),
            ("x-gzip", gzip(body)),
            (" GZip ", gzip(body)),
            ("deflate", zlib(body)),
            ("deflate", raw_deflate(body)),
            ("br", brotli(body)),
            ("zstd", zstd(body)),
            ("gzip, br", brotli(&gzip(body))),
            ("identity", body.to_vec()),
            ("gzip", [gzip(&body[..9]), gzip(&body[9..])].concat()),
            // Named, and not there.
            ("gzip", body.to_vec()),
            ("zstd", body.to_vec()),
            ("rot13", body.to_vec()),
            ("", body.to_vec()),
        ] {
            assert_eq!(undone_of(named, &coded), body, "{named}");
        }
        let headers = HeaderMap::from_iter([(TRANSFER_ENCODING, "gzip, chunked".parse().unwrap())]);
        assert_eq!(*undone(&headers, &gzip(body), LIMIT), *body);
        assert_eq!(*undone(&HeaderMap::new(), &gzip(body), LIMIT), *gzip(body));
    }

    #[test]
    fn what_came_before_a_cut_is_read() {
        let body: Vec<u8> = (0..9_000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        for (named, coded) in [("gzip", gzip(&body)), ("deflate", zlib(&body)), ("br", brotli(&body))] {
            let read = undone_of(named, &coded[..coded.len() - 100]);
            assert!(read.len() > body.len() / 2 && body.starts_with(&read), "{named}: {} bytes", read.len());
        }
    }

    #[test]
    fn a_bomb_is_read_up_to_the_limit() {
        let zeros = vec![0; 100 * LIMIT];
        for (named, bomb) in [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("zstd", zstd(&zeros))] {
            assert!(bomb.len() < 100 * 1024, "{named}: {}", bomb.len());
            assert_eq!(undone_of(named, &bomb).len(), LIMIT, "{named}");
        }
        let often = ["gzip"; MOST_CODINGS + 1].join(",");
        assert_eq!(undone_of(&often, &gzip(b"x")), gzip(b"x"));
    }
}
