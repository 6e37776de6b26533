//! Undoing codings of a body that nobody asked for: servers that compress without a word, or
//! with the wrong one.
//!
//! What a body is coded with is seen in its bytes. Headers are not asked: they name codings that
//! are not there, and miss those that are. As far as a body can be read it is, up to a limit: of
//! a compressed answer that was cut, what came before the cut is wanted.

mod wide;

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

/// The ways that one body is read in, those included that make no sense of it.
const MOST_READINGS: usize = 12;

/// Compressed parts of one body, those included that only look like one.
const MOST_PARTS: usize = 16;

/// What `gzip` begins with.
const GZIP: &[u8] = &[0x1f, 0x8b, 8];

/// What `zstd` begins with.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Bytes of the window that an answer in `zstd` may need, by RFC 9659.
const ZSTD_WINDOW: u64 = 8 * 1024 * 1024;

/// Bytes that the decoder of `br` reads at a time.
const BROTLI_BUFFER: usize = 4096;

/// `body` in every way that it can be read, at most `longest` bytes each: as it is except for
/// parts that say how they are coded, and then, unless it is a text, in the codings that do not
/// say so. What one coding leaves may be in another one.
pub fn readings(body: &[u8], longest: usize) -> Vec<Cow<'_, [u8]>> {
    let mut readings = vec![Cow::Borrowed(body)];
    let (mut at, mut steps) = (0, 0);
    while at < readings.len() && steps < MOST_READINGS {
        steps += 1;
        let reading = &readings[at];
        let instead = without_parts(reading, longest).or_else(|| wide::text(reading));
        if !is_text(reading) {
            let coded = decoded_by_guess(reading, longest);
            readings.extend(coded.into_iter().filter(|plain| !plain.is_empty()).map(Cow::Owned));
        }
        match instead {
            Some(plain) => readings[at] = Cow::Owned(plain),
            None => at += 1,
        }
    }
    readings
}

/// The reading of `body` that a person would call its text.
pub fn words(body: &[u8], longest: usize) -> Cow<'_, [u8]> {
    let mut readings = readings(body, longest);
    let begins_well = |text: &[u8]| matches!(text.trim_ascii_start().first(), Some(b'{' | b'<'));
    let best = readings.iter().position(|text| is_text(text) && begins_well(text)).unwrap_or_default();
    readings.swap_remove(best)
}

/// `body` with what it holds in the place of each part that is compressed and says so.
fn without_parts(body: &[u8], longest: usize) -> Option<Vec<u8>> {
    let (mut plain, mut rest, mut has_one) = (Vec::new(), body, false);
    for _ in 0..MOST_PARTS {
        let Some(begin) = (0..rest.len()).find(|at| [GZIP, ZSTD].iter().any(|magic| rest[*at..].starts_with(magic)))
        else {
            break;
        };
        let (before, coded) = rest.split_at(begin);
        let (held, after) = part(coded, longest);
        plain.extend_from_slice(before);
        if held.is_empty() {
            plain.push(coded[0]);
            rest = &coded[1..];
        } else {
            plain.extend(held);
            rest = after;
            has_one = true;
        }
    }
    plain.extend_from_slice(rest);
    plain.truncate(longest);
    has_one.then_some(plain)
}

/// What the compressed part that begins here holds, and what stands behind it: nothing behind one
/// that is damaged.
fn part(coded: &[u8], longest: usize) -> (Vec<u8>, &[u8]) {
    let mut rest = coded;
    let (held, is_whole) = if coded.starts_with(GZIP) {
        read(GzDecoder::new(&mut rest), longest)
    } else {
        StreamingDecoder::new_with_max_window_size(&mut rest, ZSTD_WINDOW)
            .map(|decoder| read(decoder, longest))
            .unwrap_or_default()
    };
    (held, if is_whole { rest } else { &[] })
}

/// `body` decoded by each coding that cannot be told from its bytes.
fn decoded_by_guess(body: &[u8], longest: usize) -> [Vec<u8>; 3] {
    let zlib = if is_zlib(body) { read(ZlibDecoder::new(body), longest).0 } else { Vec::new() };
    // `deflate` means zlib's format; some servers leave its wrapper out.
    let deflate = read(DeflateDecoder::new(body), longest).0;
    let brotli = read(brotli_decompressor::Decompressor::new(body, BROTLI_BUFFER), longest).0;
    [zlib, deflate, brotli]
}

/// Whether it begins as RFC 1950 has it.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0xf == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

/// Whether it can be read as it is. Nothing that is compressed can.
pub fn is_text(body: &[u8]) -> bool {
    let is_control = |sign: char| sign.is_control() && !sign.is_ascii_whitespace();
    std::str::from_utf8(body).is_ok_and(|text| !text.contains(is_control))
}

/// What came out, and whether it ended well: an error ends it, and leaves what came before.
fn read(decoder: impl Read, longest: usize) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    let ended = decoder.take(longest as u64).read_to_end(&mut plain);
    (plain, ended.is_ok())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt as _, SeedableRng as _};
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

    fn is_read(coded: &[u8], body: &[u8]) -> bool {
        readings(coded, LIMIT).iter().any(|reading| **reading == *body)
    }

    #[test]
    fn every_usual_coding_is_undone_whatever_it_is_called() {
        let body = b"{\"access_token\":\"a\"} and more of it, and more of it";
        let empty = gzip(b"");
        for (name, coded) in [
            ("none", body.to_vec()),
            ("gzip", gzip(body)),
            ("zlib", zlib(body)),
            ("deflate", raw_deflate(body)),
            ("br", brotli(body)),
            ("zstd", zstd(body)),
            ("gzip, br", brotli(&gzip(body))),
            ("br, gzip", gzip(&brotli(body))),
            ("deflate, deflate", raw_deflate(&raw_deflate(body))),
            ("gzip, gzip, zstd", zstd(&gzip(&gzip(body)))),
            ("two members", [gzip(&body[..9]), gzip(&body[9..])].concat()),
            ("gzip and zstd", [gzip(&body[..9]), zstd(&body[9..])].concat()),
            ("a part of it", [&body[..9], &gzip(&body[9..20]), &body[20..]].concat()),
        ] {
            assert!(is_read(&coded, body), "{name}");
            assert_eq!(*words(&coded, LIMIT), *body, "{name}");
        }
        for before in ["\u{feff}", "\r\n", "<b>Notice</b>: x\n"].map(str::as_bytes).into_iter().chain([&empty[..]]) {
            let coded = [before, &gzip(body)].concat();
            assert!(is_read(&coded, &[before, body].concat()), "{before:?}");
        }
        let often = (0..20).fold(body.to_vec(), |coded, _| gzip(&coded));
        assert!(!is_read(&often, body));
    }

    /// In `zstd` a token may stand nearly as it is, without what was said before.
    #[test]
    fn what_is_compressed_is_not_read_as_it_is() {
        for coded in [gzip(b"some words"), zstd(b"some words")] {
            let body = [b"before ", &coded[..], b" behind"].concat();
            assert!(readings(&body, LIMIT).iter().all(|reading| reading.windows(3).all(|bytes| bytes != &coded[..3])));
            assert!(is_read(&body, b"before some words behind"));
            let only_a_number = &body[..10];
            assert!(is_read(only_a_number, only_a_number));
        }
    }

    #[test]
    fn what_came_before_a_cut_is_read() {
        let body: Vec<u8> = (0..9_000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        for (name, coded) in [("gzip", gzip(&body)), ("zlib", zlib(&body)), ("br", brotli(&body))] {
            let readings = readings(&coded[..coded.len() - 100], LIMIT);
            let is_begin = |read: &Cow<'_, [u8]>| read.len() > body.len() / 2 && body.starts_with(read);
            assert!(readings.iter().any(is_begin), "{name}");
        }
        let mut damaged = gzip(&body);
        let end = damaged.len() - 8;
        damaged[end..].fill(0);
        assert!(is_read(&damaged, &body));
    }

    #[test]
    fn a_bomb_is_read_up_to_the_limit() {
        let zeros = vec![0; 100 * LIMIT];
        for (name, bomb) in [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("zstd", zstd(&zeros))] {
            assert!(bomb.len() < 100 * 1024, "{name}: {}", bomb.len());
            let longest = readings(&bomb, LIMIT).iter().map(|reading| reading.len()).max();
            assert!(longest <= Some(LIMIT.max(bomb.len())), "{name}: {longest:?}");
            assert!(is_read(&bomb, &zeros[..LIMIT]), "{name}");
        }
        let many = zstd(&zeros).repeat(64);
        assert!(readings(&many, LIMIT)[0].len() <= LIMIT);
    }

    #[test]
    fn no_bytes_make_it_panic_or_take_long() {
        let mut dice = ChaCha8Rng::seed_from_u64(3);
        let begun = std::time::Instant::now();
        for magic in [GZIP, ZSTD, &[0x78, 0x9c], &[0x1f, 0x8b, 8, 8], b"{\0\"\0", b""] {
            let mut noise = vec![0; LIMIT];
            dice.fill(&mut noise[..]);
            for body in [magic.repeat(LIMIT / magic.len().max(1)), [magic, &noise].concat()] {
                assert!(!readings(&body, LIMIT).is_empty());
            }
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
