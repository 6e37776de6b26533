//! Hosts that are called by names.

use amo_connect_sandbox::{AccountId, HostNames, Options, Sandbox, SandboxError};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, RIVAL, read, unlimited};

fn under(domain: &str) -> Options {
    Options { names: HostNames::Domain(domain.to_owned()), ..unlimited() }
}

/// The port that all hosts under a domain share.
fn port(amo: &Amo) -> String {
    amo.sandbox.hosts()[0].rsplit_once(':').unwrap().1.to_owned()
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_gives_every_account_a_sub_domain_on_one_port() {
    let amo = Amo::with(under("amo.test")).await;
    let port = port(&amo);
    let labels = ["foryou", "rivalhomes", "empty", "spare1", "spare2", "spare3"];
    assert_eq!(amo.sandbox.hosts(), labels.map(|label| format!("{label}.amo.test:{port}")));
    assert_eq!(amo.sandbox.auth_url(), format!("http://www.amo.test:{port}/oauth"));
    let mut names = amo.sandbox.names().to_vec();
    names.sort();
    let mut expected = [&["www", "api-b"][..], &labels].concat();
    expected.sort_unstable();
    assert_eq!(names, expected.iter().map(|label| format!("{label}.amo.test")).collect::<Vec<_>>());

    let (ours, theirs) = (amo.connect(AGENCY).await, amo.connect(RIVAL).await);
    let account = async |account, token: &str| amo.get(account, "/api/v4/account", token).await;
    assert_eq!(account(AGENCY, &ours.access).await.json()["name"], "For You Real Estate");
    assert_eq!(account(RIVAL, &theirs.access).await.json()["name"], "Rival Homes");
    assert_eq!(account(RIVAL, &ours.access).await.status, 401);
    let leads = amo.get(RIVAL, "/api/v4/leads", &theirs.access).await.json();
    assert_eq!(leads["_embedded"]["leads"].as_array().unwrap().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_stands_in_everything_that_says_where_an_account_is() {
    let amo = Amo::with(under("amo.test")).await;
    let host = format!("foryou.amo.test:{}", port(&amo));
    assert_eq!(amo.sandbox.issue_code(AGENCY).unwrap().referer, host);
    let pair = amo.connect(AGENCY).await;
    let account = amo.get(AGENCY, "/api/v4/account?with=drive_url", &pair.access).await.json();
    assert_eq!(account["subdomain"], "foryou");
    assert_eq!(account["drive_url"], format!("http://{host}"));
    assert_eq!(account["_links"]["self"]["href"], format!("http://{host}/api/v4/account"));
    let leads = amo.get(AGENCY, "/api/v4/leads?limit=1", &pair.access).await.json();
    assert_eq!(leads["_links"]["next"]["href"], format!("http://{host}/api/v4/leads?page=2&limit=1"));
    let lead = &leads["_embedded"]["leads"][0];
    assert_eq!(lead["_links"]["self"]["href"], format!("http://{host}/api/v4/leads/{}", lead["id"]));

    let claims = claims(&pair.access);
    assert_eq!(claims["base_domain"], "amo.test");
    let shared = format!("api-b.amo.test:{}", port(&amo));
    assert_eq!(claims["api_domain"], shared);
    let place = json!({"id": 31_920_194, "subdomain": "foryou", "domain": host, "top_level_domain": "test"});
    for shared in [shared, format!("www.amo.test:{}", port(&amo))] {
        let url = format!("http://{shared}/oauth2/account/subdomain");
        assert_eq!(amo.get_url(&url, &pair.access).await.json(), place);
    }
    let page = amo.open(&format!("{}?client_id=sandbox&user=10110001", amo.sandbox.auth_url())).await;
    assert_eq!(page.status, 200);
    let decision = [("client_id", "sandbox"), ("user", "10110001"), ("decision", "allow")];
    let back = read(amo.http.post(amo.sandbox.auth_url()).form(&decision).send().await.unwrap()).await.location;
    let referer = host.replace(':', "%3A");
    assert!(back.contains(&format!("&referer={referer}&")) && back.contains("&platform=1"), "{back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_the_domain_of_kommo_it_is_the_other_platform() {
    let amo = Amo::with(under("kommo.com")).await;
    let decision = [("client_id", "sandbox"), ("user", "10110001"), ("decision", "allow")];
    let back = read(amo.http.post(amo.sandbox.auth_url()).form(&decision).send().await.unwrap()).await.location;
    assert!(back.contains("&platform=2"), "{back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_has_is_not_found() {
    let amo = Amo::with(under("amo.test")).await;
    let pair = amo.connect(AGENCY).await;
    let ask = async |host: &str| {
        let url = format!("http://127.0.0.1:{}/api/v4/account", port(&amo));
        let request = amo.http.get(url).bearer_auth(&pair.access).header("host", host);
        read(request.send().await.unwrap()).await
    };
    for host in ["foryou.amo.test", "FORYOU.amo.test:443"] {
        assert_eq!(ask(host).await.status, 200, "{host}");
    }
    for host in ["nobody.amo.test", "www.amo.test", "foryou.amo.ru", "amo.test", "127.0.0.1"] {
        let gone = ask(host).await;
        assert_eq!(gone.status, 404, "{host}");
        assert_eq!(gone.json()["detail"], format!("Cannot GET http://{host}/api/v4/account!"));
    }
    let site = format!("http://www.amo.test:{}/oauth2/access_token", port(&amo));
    let request = amo.http.post(site).json(&Amo::refresh_fields(&pair.refresh));
    assert_eq!(read(request.send().await.unwrap()).await.hint(), "Send request to account");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_moves_to_a_spare_name() {
    let amo = Amo::with(under("amo.test")).await;
    let pair = amo.connect(AGENCY).await;
    let old = amo.url(AGENCY, "/api/v4/account");
    let new = amo.sandbox.move_account(AGENCY).unwrap();
    assert_eq!(new, format!("spare1.amo.test:{}", port(&amo)));
    assert_eq!(amo.get_url(&old, &pair.access).await.status, 404);
    let account = amo.get(AGENCY, "/api/v4/account", &pair.access).await.json();
    assert_eq!((&account["name"], &account["subdomain"]), (&json!("For You Real Estate"), &json!("spare1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn single_accounts_have_names_and_the_others_a_port_each() {
    let names = vec![(AGENCY, "you.amocrm.test".to_owned()), (RIVAL, "rival.kommo.test".to_owned())];
    let amo = Amo::with(Options { names: HostNames::Accounts(names), ..unlimited() }).await;
    let hosts = amo.sandbox.hosts();
    let port = port(&amo);
    assert_eq!(hosts[..2], [format!("you.amocrm.test:{port}"), format!("rival.kommo.test:{port}")]);
    assert!(hosts[2..].iter().all(|host| host.starts_with("127.0.0.1:") && !host.ends_with(&port)), "{hosts:?}");
    assert_eq!(amo.sandbox.auth_url(), format!("http://you.amocrm.test:{port}/oauth"));
    for account in [AGENCY, RIVAL, AccountId::EMPTY] {
        let pair = amo.connect(account).await;
        let answer = amo.get(account, "/api/v4/account", &pair.access).await.json();
        assert_eq!(answer["id"], account.get());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_cannot_be_are_refused_before_anything_starts() {
    let accounts = |names: &[(AccountId, &str)]| {
        HostNames::Accounts(names.iter().map(|(account, name)| (*account, (*name).to_owned())).collect())
    };
    for (names, why) in [
        (HostNames::Domain("amo test".to_owned()), "\"amo test\" cannot be the name of a host"),
        (HostNames::Domain("127.0.0.1".to_owned()), "it is an address"),
        (HostNames::Machine("amo:8081".to_owned()), "\"amo:8081\" cannot be"),
        (accounts(&[(AGENCY, "You.test")]), "it is written you.test"),
        (
            accounts(&[(AGENCY, "a.test"), (RIVAL, "a.test")]),
            "\"a.test\" cannot be the name of a host here: it is given twice",
        ),
        (accounts(&[(AGENCY, "a.test"), (AGENCY, "b.test")]), "account 31920194 has a name already"),
        (accounts(&[(AccountId::from(7), "a.test")]), "no account 7"),
    ] {
        let error: SandboxError = Sandbox::start(Options { names, ..unlimited() }).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}
