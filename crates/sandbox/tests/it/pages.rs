//! The authorization pages, driven by plain HTML forms.

use amo_connect_sandbox::{DenyRedirect, Integration, Options};
use url::Url;

use crate::support::{AGENCY, Amo, Answer, REDIRECT_URI, read, unlimited};

const OLENA: &str = "10110001";

/// The second request of the two: the decision on the consent page.
async fn decide(amo: &Amo, fields: &[(&str, &str)]) -> Answer {
    let request = amo.http.post(amo.sandbox.auth_url()).form(fields);
    read(request.send().await.unwrap()).await
}

fn query(location: &str) -> Vec<(String, String)> {
    Url::parse(location).unwrap().query_pairs().into_owned().collect()
}

fn value(location: &str, name: &str) -> Option<String> {
    query(location).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_page_shows_everyone_who_can_log_in_and_asks_for_no_password() {
    let amo = Amo::start().await;
    let page = amo.open(&format!("{}?client_id=sandbox&state=s", amo.sandbox.auth_url())).await;
    assert_eq!(page.status, 200);
    for account in amo.sandbox.accounts() {
        assert!(page.body.contains(&account.name), "{}", account.name);
        for user in account.users {
            assert!(page.body.contains(&user.name), "{}", user.name);
            assert!(page.body.contains(&format!("name=\"user\" value=\"{}\"", user.id)));
        }
    }
    assert!(!page.body.contains("type=\"password\""));
    assert!(page.body.contains("<header class=\"sandbox\"><strong>Sandbox</strong> — this is not amoCRM"));
    assert!(page.body.contains("olena@<wbr>foryou.example"), "an address that a narrow phone can break");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_consent_page_names_the_integration_the_account_and_both_answers() {
    let amo = Amo::start().await;
    let url = format!("{}?client_id=sandbox&state=s&user={OLENA}", amo.sandbox.auth_url());
    let page = amo.open(&url).await;
    assert_eq!(page.status, 200);
    for text in [
        "For You asks for access",
        "For You Real Estate",
        "Олена Коваленко",
        "Разрешить / Allow",
        "Отказать / Deny",
        "this is not amoCRM",
        "name=\"state\" value=\"s\"",
    ] {
        assert!(page.body.contains(text), "no {text:?} in {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn allow_leads_back_with_a_code_that_works() {
    let amo = Amo::start().await;
    let state = "a&b=c #ї";
    let fields = [("client_id", "sandbox"), ("state", state), ("user", OLENA), ("decision", "allow")];
    let back = decide(&amo, &fields).await;
    assert_eq!(back.status, 302);
    assert!(back.location.starts_with(&format!("{REDIRECT_URI}?")), "{}", back.location);
    let host = amo.sandbox.host(AGENCY).unwrap();
    assert_eq!(value(&back.location, "state").as_deref(), Some(state));
    assert_eq!(value(&back.location, "referer"), Some(host));
    assert_eq!(value(&back.location, "client_id").as_deref(), Some("sandbox"));
    assert_eq!(value(&back.location, "platform").as_deref(), Some("1"));
    let code = value(&back.location, "code").unwrap();
    assert!(code.starts_with("def50200") && code.len() > 800);
    amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_of_the_person_who_logged_in() {
    let amo = Amo::start().await;
    let fields = [("client_id", "sandbox"), ("user", "10110002"), ("decision", "allow")];
    let back = decide(&amo, &fields).await;
    let code = value(&back.location, "code").unwrap();
    let pair = amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair();
    let account = amo.get(AGENCY, "/api/v4/account", &pair.access).await.json();
    assert_eq!(account["current_user_id"], 10_110_002);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_state_none_comes_back() {
    let amo = Amo::start().await;
    let fields = [("client_id", "sandbox"), ("user", OLENA), ("decision", "allow")];
    let back = decide(&amo, &fields).await;
    assert_eq!(value(&back.location, "state"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn deny_leads_back_with_access_denied_and_no_code() {
    let amo = Amo::start().await;
    let fields = [("client_id", "sandbox"), ("state", "s"), ("user", OLENA), ("decision", "deny")];
    let back = decide(&amo, &fields).await;
    assert_eq!(back.status, 302);
    assert_eq!(value(&back.location, "error").as_deref(), Some("access_denied"));
    assert!(value(&back.location, "error_description").is_some());
    assert_eq!(value(&back.location, "state").as_deref(), Some("s"));
    assert_eq!(value(&back.location, "client_id").as_deref(), Some("sandbox"));
    assert_eq!(value(&back.location, "referer"), amo.sandbox.host(AGENCY).ok());
    assert_eq!(value(&back.location, "code"), None);
    assert_eq!(amo.sandbox.stats().codes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_deny_leads_back_is_a_switch() {
    let amo = Amo::start().await;
    let fields = [("client_id", "sandbox"), ("state", "s"), ("user", OLENA), ("decision", "deny")];
    amo.switch(|switches| switches.deny_redirect = DenyRedirect::Bare);
    let back = decide(&amo, &fields).await;
    let names: Vec<_> = query(&back.location).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["error", "state"]);
    amo.switch(|switches| switches.deny_redirect = DenyRedirect::Stay);
    let page = decide(&amo, &fields).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Access denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdks_send_besides_is_tolerated() {
    let amo = Amo::start().await;
    for address in [
        "/oauth?client_id=sandbox&state=s&mode=popup",
        "/oauth?client_id=sandbox&state=s&mode=post_message",
        "/oauth/?state=s&scope=&response_type=code&approval_prompt=auto&redirect_uri=http%3A%2F%2Felsewhere%2F&client_id=sandbox",
    ] {
        for account in amo.sandbox.accounts() {
            let page = amo.open(&amo.url(account.id, address)).await;
            assert_eq!(page.status, 200, "{address}");
            assert!(!page.body.contains("elsewhere"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_stays_text() {
    let amo = Amo::start().await;
    let state = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for user in ["", "&user=10110001"] {
        let url = format!("{}?client_id=sandbox&state={state}{user}", amo.sandbox.auth_url());
        let page = amo.open(&url).await;
        assert!(!page.body.contains("<script"), "{}", page.body);
        assert!(page.body.contains("&lt;script&gt;"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_integrations_people_and_decisions_get_a_page_that_names_the_field() {
    let amo = Amo::start().await;
    let auth_url = amo.sandbox.auth_url();
    for (url, field) in [
        (auth_url.clone(), "client_id"),
        (format!("{auth_url}?client_id=nobody"), "client_id"),
        (format!("{auth_url}?client_id=sandbox&user=1"), "user"),
    ] {
        let page = amo.open(&url).await;
        assert_eq!(page.status, 400, "{url}");
        assert!(page.body.contains(&format!("<code>{field}</code>")), "{}", page.body);
    }
    let fields = [("client_id", "sandbox"), ("user", OLENA), ("decision", "maybe")];
    let page = decide(&amo, &fields).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("<code>decision</code>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_load_nothing_and_may_lead_back_to_the_integration() {
    let amo = Amo::start().await;
    let url = format!("{}?client_id=sandbox&user={OLENA}", amo.sandbox.auth_url());
    let response = amo.http.get(url).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:8080;"), "{policy}");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    let body = response.text().await.unwrap();
    for foreign in ["src=", "<link", "@import", "url(", "<script"] {
        assert!(!body.contains(foreign), "{foreign}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_with_a_query_keeps_it() {
    let other = Integration {
        client_id: "other".to_owned(),
        client_secret: "other-secret".to_owned(),
        redirect_uri: "https://app.example/cb?tenant=7".to_owned(),
        name: "Other".to_owned(),
        hook_url: None,
    };
    let amo = Amo::with(Options { other_integrations: vec![other], ..unlimited() }).await;
    let fields = [("client_id", "other"), ("user", OLENA), ("decision", "allow")];
    let back = decide(&amo, &fields).await;
    let start = "https://app.example/cb?tenant=7&code=def50200";
    assert!(back.location.starts_with(start), "{}", back.location);
}
