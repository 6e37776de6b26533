//! Hosts that come from outside: every one passes the one parser, and a hostile one is sent nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use amo_connect::config::Given;
use amo_connect_adapters::http::{HttpClient, HttpLimits, Loss, NoAnswer, TlsFault};
use amo_connect_contract::FakeAmo;
use amo_connect_sandbox::{Options, Sandbox, Tls};
use amo_connect_tests::{ACCOUNT, TestApp};
use serde_json::json;
use url::Url;

/// The corpus of the parser's own tests.
const CORPUS: &str = include_str!("../../crates/domain/src/host/corpus.txt");

/// The hosts that are refused.
fn hostile() -> Vec<String> {
    let hosts = CORPUS.lines().filter_map(|line| line.strip_prefix("refused "));
    hosts.map(|quoted| serde_json::from_str(quoted).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hostile_host_of_a_redirect_or_of_the_app_is_sent_a_code() {
    let amo = FakeAmo::new().with_accounts([1]);
    let unlimited = |settings: &mut Given| {
        settings.user_rate = Some("0".to_owned());
        settings.address_rate = Some("0".to_owned());
    };
    let app = TestApp::new().amo(amo.clone()).settings(unlimited).start().await;
    for (number, host) in hostile().iter().enumerate() {
        let code = format!("code-{number}");
        let page = app.callback(&[("code", &code), ("state", "of-the-app"), ("referer", host)]).await;
        let told = page.link_parameter("error");
        assert_eq!((page.status, told.as_deref()), (400, Some("invalid_account_host")), "{host:?}");
        let body = json!({ "code": format!("{code}-of-the-app"), "referer": host });
        let answer = app.post("olena", "/exchange-code", body).await;
        assert_eq!(answer.status, 400, "{host:?}: {answer:?}");
        assert_eq!(answer.json()["field"], "referer", "{host:?}: {answer:?}");
    }
    assert!(amo.asked().is_empty(), "{:?}", amo.asked());
    app.stop().await;
}

#[test]
fn no_hostile_host_is_a_default_one() {
    for host in hostile().into_iter().filter(|host| !host.is_empty()) {
        let given = Given { amo_domain: Some(host.clone()), ..Given::default() };
        let complaints = given.check().err().unwrap().0;
        assert!(complaints.iter().any(|line| line.starts_with("AMO_DOMAIN: ")), "{host:?}: {complaints:?}");
    }
}

/// `AccountHost::stored` asks nobody: it is for what was admitted before it was stored.
#[test]
fn only_stores_make_an_account_host_without_the_parser() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let rows = crates.join("adapters/src/rows");
    let mut seen = 0;
    for name in ["domain", "adapters", "app"] {
        for file in sources(&crates.join(name).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            let made = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let made = made.filter(|line| line.contains("AccountHost::stored")).count();
            assert!(made == 0 || file.starts_with(&rows), "{} makes a host by itself", file.display());
            seen += made;
        }
    }
    assert!(seen >= 5, "nothing was looked at");
}

/// The sources in a folder, without those that are tests alone.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| !["tests", "tests.rs"].iter().any(|name| path.ends_with(name)));
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// A server with a whole TLS handshake, whose certificate is by an authority that nobody trusts.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_a_certificate_of_an_unknown_authority_is_sent_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Some(Tls::SelfSigned { folder: folder.path().to_owned() });
    let impostor = Sandbox::start(Options { tls, ..Options::default() }).await.unwrap();
    let url = Url::parse(&impostor.url(ACCOUNT, "/oauth2/access_token").unwrap()).unwrap();
    assert_eq!(url.scheme(), "https");
    let limits = HttpLimits {
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(10),
        longest_body: 1_000,
        is_local: false,
        private_addresses: true,
    };
    for client in [HttpClient::for_tokens(limits), HttpClient::for_reads(limits), HttpClient::unpooled(limits)] {
        let answer = client.unwrap().status(url.clone()).await;
        assert_eq!(answer, Err(NoAnswer { loss: Loss::NotSent, tls: Some(TlsFault::Authority) }));
    }
    assert!(impostor.requests().is_empty(), "{:?}", impostor.requests());
    let trusting = HttpClient::for_authority(limits, &fs::read(folder.path().join("ca.pem")).unwrap()).unwrap();
    assert!(trusting.status(url).await.is_ok(), "nothing else is wrong with it");
}
