//! What the memory of the real process holds of a user's tokens after they have disconnected.
//!
//! `docs/security.md` has the figures: `cargo xtask test -E 'package(amo-connect-tests) and binary(memory)' --success-output final` prints them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use amo_connect::config::Given;
use amo_connect_tests::{Served, World, until};
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ACCESS: &str = "planted-access-token-that-stands-nowhere-else-0123456789abcdef";
const REFRESH: &str = "planted-refresh-token-that-stands-nowhere-else-0123456789abcdef";

/// The allocator of glibc overwrites what is freed, and so what is found is still held by somebody.
const OVERWRITES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.perturb=85:glibc.malloc.tcache_count=0");

/// An amoCRM that gives these tokens for any code.
async fn amocrm() -> MockServer {
    let server = MockServer::start().await;
    let pair =
        json!({ "token_type": "Bearer", "expires_in": 86_400, "access_token": ACCESS, "refresh_token": REFRESH });
    let account = json!({ "id": 7, "name": "An account", "subdomain": "a", "currency": "UAH", "current_user_id": 8 });
    let leads = json!({ "_embedded": { "leads": [] } });
    let pipelines = json!({ "_embedded": { "pipelines": [] } });
    for (verb, place, body) in [
        ("POST", "/oauth2/access_token", pair),
        ("GET", "/api/v4/account", account),
        ("GET", "/api/v4/leads", leads),
        ("GET", "/api/v4/leads/pipelines", pipelines),
    ] {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(method(verb)).and(path(place)).respond_with(answer).mount(&server).await;
    }
    server
}

/// How often either token stands in the memory that a process can write.
fn copies(process: u32) -> usize {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (begin, end) = range.split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap()];
        // A mapping may have gone meanwhile, and the kernel's own pages cannot be read.
        if memory.read_exact_at(&mut bytes, begin).is_ok() {
            found += [ACCESS, REFRESH].map(|token| times(token.as_bytes(), &bytes)).iter().sum::<usize>();
        }
    }
    found
}

/// How often `needle` stands in `text`, by Horspool's search.
fn times(needle: &[u8], text: &[u8]) -> usize {
    let (mut end, mut found) = (needle.len(), 0);
    while end <= text.len() {
        found += usize::from(text[end - needle.len()..end] == *needle);
        let before = needle[..needle.len() - 1].iter().rev();
        let last = text[end - 1];
        end += before.clone().position(|byte| *byte == last).map_or(needle.len(), |distance| distance + 1);
    }
    found
}

#[test]
fn the_search_finds_what_is_there() {
    assert_eq!(times(b"abab", b"abababxxabab"), 3);
    assert_eq!(times(b"abab", b"aba"), 0);
    assert_eq!(times(b"ab", b"xxxxab"), 1);
}

/// A service that has connected olena, and has used her tokens.
async fn connected(world: &World, amocrm: &MockServer, further: &[(&str, &str)]) -> Served {
    let settings = Given {
        amo_allowed_hosts: Some(amocrm.address().to_string()),
        amo_auth_url: Some(format!("{}/oauth", amocrm.uri())),
        ..world.settings.clone()
    };
    let served = Served::start_with(&settings, further, &world.folder()).await;
    served.connect_with("olena", "a-code", &amocrm.address().to_string()).await;
    assert_eq!(served.get("olena", "/leads").await.status, 200);
    served
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_disconnect_nothing_in_the_process_holds_the_tokens() {
    let (world, amocrm) = (World::without_service().await, amocrm().await);
    let served = connected(&world, &amocrm, &[OVERWRITES]).await;
    let before = copies(served.process().id());
    assert!(before > 0, "the search finds nothing of what is held");
    assert_eq!(served.post("olena", "/disconnect", json!({})).await.status, 200);
    let at_once = copies(served.process().id());
    // A kept connection has what was sent over it until it is closed, 20 s later.
    until("no token is in memory", async || copies(served.process().id()) == 0).await;
    eprintln!("copies of two tokens, freed memory overwritten: {before} connected, {at_once} disconnected, 0 later");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_allocator_keeps_of_the_tokens_is_counted() {
    let (world, amocrm) = (World::without_service().await, amocrm().await);
    let served = connected(&world, &amocrm, &[]).await;
    let before = copies(served.process().id());
    assert!(before > 0, "the search finds nothing of what is held");
    assert_eq!(served.post("olena", "/disconnect", json!({})).await.status, 200);
    let after = copies(served.process().id());
    assert!(after <= before, "a disconnect makes copies: {before}, then {after}");
    eprintln!("copies of two tokens, memory as it is: {before} connected, {after} disconnected");
}
