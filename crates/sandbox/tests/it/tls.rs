//! Over TLS: what clients trust, and that all else is as it is without.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use amo_connect_sandbox::{Dress, Failure, Faults, HostNames, Options, Sandbox, Tls};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;

use crate::support::{AGENCY, Amo, read, unlimited};

fn self_signed(folder: &Path) -> Options {
    let tls = Tls::SelfSigned { folder: folder.to_owned() };
    Options { names: HostNames::Domain("amo.test".to_owned()), tls: Some(tls), ..unlimited() }
}

/// A sandbox over TLS, and the folder of its authority.
async fn start() -> (Amo, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Amo::with(self_signed(folder.path())).await, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_trusts_the_authority_reaches_every_host() {
    let (amo, folder) = start().await;
    assert_eq!(amo.sandbox.ca_file().unwrap(), folder.path().join("ca.pem"));
    assert!(amo.sandbox.auth_url().starts_with("https://www.amo.test:"), "{}", amo.sandbox.auth_url());
    let pair = amo.connect(AGENCY).await;
    let account = amo.get(AGENCY, "/api/v4/account?with=drive_url", &pair.access).await.json();
    let host = amo.sandbox.host(AGENCY).unwrap();
    assert_eq!(account["drive_url"], format!("https://{host}"));
    assert_eq!(account["_links"]["self"]["href"], format!("https://{host}/api/v4/account"));
    let page = amo.get(AGENCY, "/api/v4/leads", &pair.access).await.json();
    let next = page["_links"]["next"]["href"].as_str().unwrap();
    assert_eq!(amo.get_url(next, &pair.access).await.json()["_page"], 2);
    amo.refresh(AGENCY, &pair.refresh).await.pair();

    let port = host.rsplit_once(':').unwrap().1;
    for machine in ["127.0.0.1", "localhost"] {
        let report = amo.open(&format!("https://{machine}:{port}/_sandbox")).await;
        assert_eq!(report.json()["auth_url"], amo.sandbox.auth_url(), "{machine}");
    }
    let gone = amo.get_url(&format!("https://{host}/api/v4/account1"), &pair.access).await;
    assert_eq!(gone.json()["detail"], format!("Cannot GET https://{host}/api/v4/account1!"));

    let stranger = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let stranger = stranger.resolve("www.amo.test", ([127, 0, 0, 1], 0).into()).build().unwrap();
    assert!(stranger.get(amo.sandbox.auth_url()).send().await.unwrap_err().is_connect());
    let plain = amo.sandbox.auth_url().replace("https:", "http:");
    assert!(amo.http.get(plain).send().await.is_err(), "nothing is answered without TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_without_names_are_reached_over_tls_too() {
    let folder = tempfile::tempdir().unwrap();
    let amo = Amo::with(Options { names: HostNames::Addresses, ..self_signed(folder.path()) }).await;
    for account in amo.sandbox.accounts() {
        let pair = amo.connect(account.id).await;
        let answer = amo.get(account.id, "/api/v4/account", &pair.access).await.json();
        assert_eq!(answer["id"], account.id.get());
        assert_eq!(answer["_links"]["self"]["href"], format!("https://{}/api/v4/account", account.host));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_is_kept_and_signs_for_other_names_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    let mut authorities = Vec::new();
    for domain in ["amo.test", "other.test"] {
        let names = HostNames::Domain(domain.to_owned());
        let amo = Amo::with(Options { names, ..self_signed(&deep) }).await;
        amo.connect(AGENCY).await;
        authorities.push(["ca.pem", "ca-key.pem"].map(|file| fs::read(deep.join(file)).unwrap()));
    }
    assert_eq!(authorities[0], authorities[1]);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(deep.join("ca-key.pem")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(&deep).unwrap().count(), 2);

    fs::remove_file(deep.join("ca.pem")).unwrap();
    Amo::with(self_signed(&deep)).await.connect(AGENCY).await;
    assert_eq!(fs::read(deep.join("ca-key.pem")).unwrap(), authorities[0][1], "its certificate is made again");
}

/// A certificate for this machine in a folder: the files of it and of its key.
fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}-key.pem")));
    fs::write(&certificate, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_ones_own_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path(), "own");
    let trusted = reqwest::Certificate::from_pem(&fs::read(&certificate).unwrap()).unwrap();
    let options = Options { tls: Some(Tls::Files { certificate, key }), ..unlimited() };
    let sandbox = Sandbox::start(options).await.unwrap();
    assert_eq!(sandbox.ca_file(), None);
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let page = http.get(format!("{}?client_id=sandbox", sandbox.auth_url())).send().await.unwrap();
    assert_eq!(page.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_used_are_named_and_nothing_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (certificate_a, key_a) = certificate(folder.path(), "a");
    let (_, key_b) = certificate(folder.path(), "b");
    fs::write(at("empty"), "").unwrap();
    fs::write(at("broken"), "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n").unwrap();
    fs::write(at("nonsense"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for name in ["keyless", "stranger", "garbled"] {
        fs::create_dir(at(name)).unwrap();
        fs::copy(&certificate_a, at(name).join("ca.pem")).unwrap();
    }
    fs::copy(&key_b, at("stranger/ca-key.pem")).unwrap();
    fs::write(at("garbled/ca-key.pem"), "?").unwrap();
    let files = |certificate: &Path, key: &Path| Tls::Files { certificate: certificate.into(), key: key.into() };
    let made = |name: &str| Tls::SelfSigned { folder: at(name) };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (tls, file, why) in [
        (files(&at("none"), &key_a), at("none"), "it cannot be read: No such file"),
        (files(&certificate_a, &at("none")), at("none"), "it cannot be read: No such file"),
        (files(folder.path(), &key_a), folder.path().to_owned(), "it cannot be read: Is a directory"),
        (files(&at("empty"), &key_a), at("empty"), "there is no certificate in it"),
        (files(&key_a, &key_a), key_a.clone(), "there is no certificate in it"),
        (files(&certificate_a, &certificate_a), certificate_a.clone(), "there is no private key in it"),
        (files(&at("broken"), &key_a), at("broken"), "it is not good PEM"),
        (files(&at("nonsense"), &key_a), at("nonsense"), "it cannot be used with the key"),
        (files(&certificate_a, &key_b), key_b.clone(), "it is not the key of the certificate"),
        (made("empty"), at("empty"), "this folder cannot be made"),
        (made("empty/under"), at("empty/under"), "this folder cannot be made"),
        (made("keyless"), at("keyless/ca-key.pem"), "it is not there, and ca.pem beside it is"),
        (made("stranger"), at("stranger/ca.pem"), "ca-key.pem is not its key"),
        (made("garbled"), at("garbled/ca-key.pem"), "it is no private key in PEM"),
    ] {
        let options = Options { amo_bind: port, tls: Some(tls), ..unlimited() };
        let said = Sandbox::start(options).await.unwrap_err().to_string();
        let (named, detail) = said.split_once(": ").unwrap();
        assert_eq!(Path::new(named), file, "{said}");
        assert!(detail.starts_with(why), "{said}");
        TcpListener::bind(port).unwrap_or_else(|error| panic!("{error}, after {said}"));
    }
    assert_eq!(fs::read_dir(at("keyless")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_leaves_the_others_free() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = Options { amo_bind: taken.local_addr().unwrap(), ..self_signed(folder.path()) };
    let said = Sandbox::start(options).await.unwrap_err().to_string();
    assert!(said.starts_with("cannot listen on 127.0.0.1:") && !said.contains("ports in a row"), "{said}");

    // Without names there are several; the one before a taken port is free.
    let before_a_taken_one = || {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let next = (free.ip(), free.port().checked_add(1)?);
        Some((free, TcpListener::bind(next).ok()?))
    };
    let (first, _taken) = std::iter::repeat_with(before_a_taken_one).flatten().next().unwrap();
    let options = Options { names: HostNames::Addresses, amo_bind: first, ..self_signed(folder.path()) };
    let said = Sandbox::start(options).await.unwrap_err().to_string();
    assert!(said.starts_with(&format!("cannot listen on 127.0.0.1:{}", first.port() + 1)), "{said}");
    TcpListener::bind(first).unwrap_or_else(|error| panic!("{error}, after {said}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_on_purpose_goes_wrong_over_tls_too() {
    let (amo, _folder) = start().await;
    let pair = amo.connect(AGENCY).await;
    let fail_api = vec![Failure::Drop, Failure::Cut, Failure::Status(503)];
    amo.sandbox.set_faults(Faults { fail_api, ..Faults::default() }).unwrap();
    let url = amo.url(AGENCY, "/api/v4/account");
    let ask = async || amo.http.get(&url).bearer_auth(&pair.access).send().await;
    assert!(ask().await.is_err(), "dropped");
    assert!(ask().await.unwrap().bytes().await.is_err(), "cut");
    assert_eq!(ask().await.unwrap().status(), 503);
    assert_eq!(ask().await.unwrap().status(), 200);

    let mut token = pair.refresh;
    for (dress, is_whole) in [(Dress::JunkBefore, true), (Dress::Chunked, true), (Dress::LongLength, false)] {
        amo.sandbox.set_faults(Faults { dress: vec![dress], ..Faults::default() }).unwrap();
        let request = amo.http.post(amo.url(AGENCY, "/oauth2/access_token")).json(&Amo::refresh_fields(&token));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let body = answer.text().await;
        assert_eq!(body.is_ok(), is_whole, "{dress:?}");
        if let Ok(body) = body {
            let json = &body[body.find("{\"token_type").unwrap()..];
            let pair: serde_json::Value = serde_json::from_str(json).unwrap();
            token = pair["refresh_token"].as_str().unwrap().to_owned();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_are_reached_at_every_name() {
    let (amo, _folder) = start().await;
    let names: Vec<_> = amo.sandbox.names().to_vec();
    let port = amo.sandbox.hosts()[0].rsplit_once(':').unwrap().1.to_owned();
    for name in names {
        let request = amo.http.post(format!("https://{name}:{port}/_sandbox/codes"));
        let issued = read(request.json(&json!({"account": 31_920_194})).send().await.unwrap()).await.json();
        assert_eq!(issued["referer"], amo.sandbox.host(AGENCY).unwrap(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_frees_the_ports_and_closes_connections() {
    let (amo, folder) = start().await;
    let port = amo.sandbox.hosts()[0].rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let mut idle = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    amo.sandbox.stop().await;
    amo.sandbox.stop().await;
    let closed = idle.read(&mut [0]).await;
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    let again = Options { amo_bind: ([127, 0, 0, 1], port).into(), ..self_signed(folder.path()) };
    Amo::with(again).await.connect(AGENCY).await;
}
