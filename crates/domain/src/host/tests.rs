use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use url::Url;

use super::*;

/// Hosts as they come from outside, and whether they are account hosts.
const CORPUS: &str = include_str!("corpus.txt");

fn hosts() -> AllowedHosts {
    AllowedHosts::parse("amocrm.ru, kommo.com").unwrap()
}

/// What must hold of every text.
#[track_caller]
fn assert_sound(hosts: &AllowedHosts, text: &str) -> bool {
    let Some(host) = hosts.admit(text) else { return false };
    assert_eq!(host.as_str(), text, "it is changed");
    assert_eq!(hosts.admit(host.as_str()), Some(host.clone()), "{text:?} is read otherwise the second time");
    assert!(hosts.permits(&host), "{text:?}");
    assert_eq!(host.scheme(), "https", "{text:?}");
    let url = Url::parse(&format!("https://{text}/")).unwrap();
    assert_eq!((url.host_str(), url.port(), url.path()), (Some(text), None, "/"), "{text:?}");
    assert_eq!((url.username(), url.password(), url.query(), url.fragment()), ("", None, None, None), "{text:?}");
    true
}

#[test]
fn each_host_of_the_corpus_is_judged_as_it_stands_there() {
    let lines: Vec<_> = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for line in &lines {
        let (verdict, quoted) = line.split_once(' ').unwrap();
        let host: String = serde_json::from_str(quoted).unwrap_or_else(|error| panic!("{line}: {error}"));
        let expected = match verdict {
            "account" => true,
            "refused" => false,
            _ => panic!("{line}"),
        };
        assert_eq!(assert_sound(&hosts(), &host), expected, "{line}");
    }
    assert!(lines.len() > 100, "{}", lines.len());
}

#[test]
fn a_host_of_any_length_is_refused_unless_it_is_one() {
    for length in [64, 255, 4096, 1 << 20] {
        for host in [
            format!("{}.amocrm.ru", "a".repeat(length)),
            format!("{}amocrm.ru", "a.".repeat(length)),
            format!("a.amocrm.ru{}", ".".repeat(length)),
            format!("a.amocrm.ru{}", "\0".repeat(length)),
        ] {
            assert!(!assert_sound(&hosts(), &host), "{length}");
        }
    }
}

/// What hostile hosts are made of.
const PIECES: &[&str] = &[
    "a",
    "example",
    "amocrm.ru",
    "amocrm.ru",
    "kommo.com",
    ".",
    ".",
    ".",
    "-",
    "--",
    "xn--",
    "xn--80ak6aa92e",
    "www",
    "0x7f",
    "127",
    "1",
    "@",
    ":",
    ":443",
    ":80",
    "/",
    "\\",
    "?",
    "#",
    "%2e",
    "%00",
    "[",
    "]",
    "::1",
    " ",
    "\t",
    "\r\n",
    "\0",
    "\u{ad}",
    "\u{200b}",
    "\u{3002}",
    "\u{ff0e}",
    "\u{ff41}",
    "\u{430}",
    "\u{2024}",
    "ß",
    "İ",
    "ﬀ",
    "_",
    "~",
    "*",
    "https://",
    "A",
];

#[test]
fn no_text_panics_and_what_is_admitted_is_what_its_url_names() {
    let (hosts, mut dice) = (hosts(), ChaCha8Rng::seed_from_u64(1));
    let mut admitted = 0;
    for _ in 0..200_000 {
        let pieces = dice.random_range(0..7);
        let mut host: String = (0..pieces)
            .map(|_| match dice.random_range(0..12) {
                0 => char::from_u32(dice.random_range(0..0x0003_0000)).unwrap_or('a').to_string(),
                _ => PIECES[dice.random_range(0..PIECES.len())].to_owned(),
            })
            .collect();
        if dice.random_bool(0.5) {
            host += ".amocrm.ru";
        }
        admitted += usize::from(assert_sound(&hosts, &host));
    }
    assert!(admitted > 1000, "{admitted}");
}

#[test]
fn a_loopback_entry_matches_itself_alone_over_http() {
    let hosts = AllowedHosts::parse("127.0.0.1:4010,[::1]:4010").unwrap();
    assert_eq!(hosts.admit("127.0.0.1:4010").unwrap().scheme(), "http");
    for host in [
        "127.0.0.1:4011",
        "127.0.0.1",
        "localhost:4010",
        "x.127.0.0.1:4010",
        "127.0.0.2:4010",
        "127.0.0.1:04010",
        "127.0.0.1:4010/",
        "127.0.0.1:4010@evil.example",
        "127.1:4010",
        "2130706433:4010",
        "0x7f000001:4010",
        "0177.0.0.1:4010",
        "[::ffff:127.0.0.1]:4010",
        "[0:0:0:0:0:0:0:1]:4010",
        "[::1%25lo]:4010",
    ] {
        assert_eq!(hosts.admit(host), None, "{host}");
    }
}

#[test]
fn bad_lists_say_why() {
    assert_eq!(AllowedHosts::parse(" , "), Err(InvalidHosts::Empty));
    assert_eq!(AllowedHosts::parse("amocrm.ru,127.0.0.1:1"), Err(InvalidHosts::Mixed));
    for bad in [
        "https://amocrm.ru",
        "ru",
        "10.0.0.1:80",
        "127.0.0.1",
        "127.1",
        "example.0x7f",
        "AMOCRM.ru",
        "amocrm.ru.",
        "xn--a.ru",
        "127.0.0.1:0",
    ] {
        assert_eq!(AllowedHosts::parse(&format!("amocrm.ru,, {bad}")), Err(InvalidHosts::Entry(3)), "{bad}");
    }
}
