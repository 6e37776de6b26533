//! Where accounts live: the look-ups, and what happens when one moves.

use amo_connect_sandbox::{Failure, Faults, Options, SandboxError};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, Answer, RIVAL, read, unlimited};

const LOOKUP: &str = "/oauth2/account/current/subdomain";

async fn look_up(amo: &Amo, host: &str, refresh_token: &str) -> Answer {
    let request = amo.http.get(format!("http://{host}{LOOKUP}")).header("x-refresh-token", refresh_token);
    read(request.send().await.unwrap()).await
}

fn place(amo: &Amo) -> Value {
    let host = amo.sandbox.host(AGENCY).unwrap();
    json!({"id": 31_920_194, "subdomain": "foryou", "domain": host, "top_level_domain": "ru"})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_or_a_refresh_token_tells_where_its_account_lives() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    for host in amo.sandbox.hosts() {
        assert_eq!(look_up(&amo, &host, &pair.refresh).await.json(), place(&amo));
        let url = format!("http://{host}/oauth2/account/subdomain");
        assert_eq!(amo.get_url(&url, &pair.access).await.json(), place(&amo));
    }
    assert_eq!(amo.sandbox.stats().lookups, 12);
    amo.refresh(AGENCY, &pair.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_without_a_token_is_denied_and_with_a_bad_one_unauthorized() {
    let amo = Amo::start().await;
    for path in [LOOKUP, "/oauth2/account/subdomain"] {
        let denied = amo.open(&amo.url(AGENCY, path)).await;
        assert_eq!(denied.status, 403);
        assert_eq!(
            denied.body,
            "{\"title\":\"Access denied\",\"type\":\"https://developers.amocrm.ru/v3/errors/AccessDenied\",\
             \"status\":403,\"detail\":\"You need an authorization header\"}"
        );
    }
    let pair = amo.connect(AGENCY).await;
    amo.refresh(AGENCY, &pair.refresh).await.pair();
    let host = amo.sandbox.host(AGENCY).unwrap();
    for bad in ["x", pair.refresh.as_str()] {
        assert_eq!(look_up(&amo, &host, bad).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moved_is_followed_with_the_same_refresh_token() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let old = amo.sandbox.host(AGENCY).unwrap();
    let new = amo.sandbox.move_account(AGENCY).unwrap();
    assert_ne!(old, new);
    assert!(amo.sandbox.hosts().contains(&new));

    let url = format!("http://{old}/oauth2/access_token");
    let request = amo.http.post(&url).json(&Amo::refresh_fields(&pair.refresh));
    let gone = read(request.send().await.unwrap()).await;
    assert_eq!(gone.status, 404);
    assert_eq!(gone.json()["detail"], format!("Cannot POST {url}!"));
    let url = format!("http://{old}/api/v4/account");
    assert_eq!(amo.get_url(&url, &pair.access).await.status, 404);

    assert_eq!(look_up(&amo, &old, &pair.refresh).await.json()["domain"], new.as_str());
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 200);
    amo.refresh(AGENCY, &pair.refresh).await.pair();
    assert_eq!(amo.sandbox.issue_code(AGENCY).unwrap().referer, new);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authorization_page_stays_where_it_was() {
    let amo = Amo::start().await;
    let page = format!("{}?client_id=sandbox", amo.sandbox.auth_url());
    amo.sandbox.move_account(AGENCY).unwrap();
    assert_eq!(format!("{}?client_id=sandbox", amo.sandbox.auth_url()), page);
    assert_eq!(amo.open(&page).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_host_that_was_left_is_a_switch() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let old = amo.url(AGENCY, "/oauth2/access_token");
    amo.sandbox.move_account(AGENCY).unwrap();
    amo.switch(|switches| switches.moved_status = 401);
    let request = amo.http.post(old).json(&Amo::refresh_fields(&pair.refresh));
    assert_eq!(read(request.send().await.unwrap()).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_move_as_often_as_they_like_and_never_share_a_host() {
    let amo = Amo::start().await;
    for _ in 0..20 {
        amo.sandbox.move_account(AGENCY).unwrap();
        amo.sandbox.move_account(RIVAL).unwrap();
        assert_ne!(amo.sandbox.host(AGENCY).unwrap(), amo.sandbox.host(RIVAL).unwrap());
        let pair = amo.connect(AGENCY).await;
        assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 200);
    }
    let cramped = Amo::with(Options { spare_hosts: 0, ..unlimited() }).await;
    assert!(matches!(cramped.sandbox.move_account(AGENCY), Err(SandboxError::NoSpareHost)));
}

#[tokio::test(flavor = "multi_thread")]
async fn look_ups_can_fail_too() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let host = amo.sandbox.host(AGENCY).unwrap();
    let faults = Faults { fail_lookup: vec![Failure::Status(503)], ..Faults::default() };
    amo.sandbox.set_faults(faults).unwrap();
    assert_eq!(look_up(&amo, &host, &pair.refresh).await.status, 503);
    assert_eq!(look_up(&amo, &host, &pair.refresh).await.status, 200);
}
