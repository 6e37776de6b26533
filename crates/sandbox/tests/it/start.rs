//! Starting and stopping.

use std::{net::TcpListener, time::Duration};

use amo_connect_sandbox::{HostNames, Options, Sandbox, SandboxError, Tls};

use crate::support::{AGENCY, Amo, unlimited};

/// A port with five free ones after it, and the listener that keeps the first. They are below those
/// that the system gives to the connections of other tests.
fn six_ports() -> (TcpListener, u16) {
    let own = u16::try_from(std::process::id() % 3000).unwrap();
    let mut ports = (0..3000).map(|next| 10_000 + (own + next) % 3000 * 6);
    let six = |port: u16| {
        let first = TcpListener::bind(("127.0.0.1", port)).ok()?;
        (1..6).all(|next| TcpListener::bind(("127.0.0.1", port + next)).is_ok()).then_some((first, port))
    };
    ports.find_map(six).unwrap()
}

fn at(address: &str) -> Options {
    Options { amo_bind: address.parse().unwrap(), ..unlimited() }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_as_soon_as_it_has_started() {
    let amo = Amo::start().await;
    let page = amo.open(&format!("{}?client_id=sandbox", amo.sandbox.auth_url())).await;
    assert_eq!(page.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fixed_ports_follow_one_another_and_are_free_again_after_stop() {
    let (first, port) = six_ports();
    drop(first);
    for _ in 0..2 {
        let sandbox = Sandbox::start(at(&format!("127.0.0.1:{port}"))).await.unwrap();
        let expected: Vec<_> = (0..6).map(|next| format!("127.0.0.1:{}", port + next)).collect();
        assert_eq!(sandbox.hosts(), expected);
        assert_eq!(sandbox.host(40_000_001).unwrap(), expected[1]);
        assert_eq!(sandbox.host(40_000_002).unwrap(), expected[2]);
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let (_taken, port) = six_ports();
    let error = Sandbox::start(at(&format!("127.0.0.1:{port}"))).await.unwrap_err();
    assert!(matches!(error, SandboxError::Bind { .. }));
    let said = error.to_string();
    assert!(said.contains(&port.to_string()) && said.contains("--amo-bind"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_too_close_to_the_last_is_refused() {
    let error = Sandbox::start(at("127.0.0.1:65533")).await.unwrap_err();
    assert!(matches!(error, SandboxError::PortsExhausted { first: 65_533, needed: 6 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_are_let_in_only_on_demand() {
    let error = Sandbox::start(at("0.0.0.0:0")).await.unwrap_err();
    assert!(error.to_string().contains("--i-know-this-is-not-amocrm"), "{error}");
    let open = Options { allow_non_loopback: true, ..at("0.0.0.0:0") };
    let sandbox = Sandbox::start(open).await.unwrap();
    assert!(sandbox.auth_url().starts_with("http://127.0.0.1:"), "{}", sandbox.auth_url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_name_stands_in_every_host() {
    let options = Options { names: HostNames::Machine("amo.internal".to_owned()), ..unlimited() };
    let sandbox = Sandbox::start(options).await.unwrap();
    assert!(sandbox.hosts().iter().all(|host| host.starts_with("amo.internal:")));
    assert!(sandbox.issue_code(AGENCY).unwrap().referer.starts_with("amo.internal:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_name_may_be_an_address_which_no_name_need_lead_to() {
    let folder = tempfile::tempdir().unwrap();
    for (address, tls) in [("127.0.0.1", false), ("192.0.2.7", true), ("[2001:db8::7]", true)] {
        let tls = tls.then(|| Tls::SelfSigned { folder: folder.path().to_owned() });
        let options = Options { names: HostNames::Machine(address.to_owned()), tls, ..unlimited() };
        let sandbox = Sandbox::start(options).await.unwrap();
        assert!(sandbox.hosts().iter().all(|host| host.starts_with(&format!("{address}:"))), "{address}");
        assert_eq!(sandbox.names(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_that_is_no_url_is_refused() {
    let options = Options { redirect_uri: "callback".to_owned(), ..unlimited() };
    let error = Sandbox::start(options).await.unwrap_err();
    assert!(matches!(error, SandboxError::RedirectUri { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_leaves_this_machine_only_on_demand() {
    let hook_url = Some("https://app.example/hook".to_owned());
    let error = Sandbox::start(Options { hook_url: hook_url.clone(), ..unlimited() }).await.unwrap_err();
    assert!(matches!(error, SandboxError::HookNotLoopback(_)));
    let said = error.to_string();
    assert!(said.contains("app.example") && said.contains("--i-know-this-is-not-amocrm"), "{said}");
    Sandbox::start(Options { hook_url, allow_non_loopback: true, ..unlimited() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_handle_stops_it() {
    let amo = Amo::start().await;
    let host = amo.sandbox.host(AGENCY).unwrap();
    drop(amo);
    let closed = async {
        while tokio::net::TcpStream::connect(&host).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("still listening");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sandboxes_know_nothing_of_each_other() {
    let (one, other) = (Amo::start().await, Amo::start().await);
    let code = one.sandbox.issue_code(AGENCY).unwrap().code;
    let refused = other.token(AGENCY, &Amo::exchange_fields(&code)).await;
    assert_eq!(refused.hint(), "Cannot decrypt the authorization code");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seed_gives_the_same_leads_in_every_run() {
    let mut lists = Vec::new();
    for seed in [7, 7, 8] {
        let amo = Amo::with(Options { seed, ..unlimited() }).await;
        let pair = amo.connect(AGENCY).await;
        let list = amo.get(AGENCY, "/api/v4/leads?limit=250", &pair.access).await.json();
        let leads = list["_embedded"]["leads"].as_array().unwrap().clone();
        let plain = |lead: &serde_json::Value| (lead["id"].clone(), lead["name"].clone(), lead["updated_at"].clone());
        lists.push(leads.iter().map(plain).collect::<Vec<_>>());
    }
    assert_eq!(lists[0], lists[1]);
    assert_ne!(lists[0], lists[2]);
}
