//! Each fault does what its name says, once an entry or until it is taken back.

use std::time::{Duration, Instant};

use amo_connect_sandbox::{Failure, Faults};
use reqwest::RequestBuilder;

use crate::{
    exchange::{CLIENT, assert_bad},
    support::{AGENCY, Amo, RIVAL},
};

fn tokens(failures: &[Failure]) -> Faults {
    Faults { fail_token: failures.to_vec(), ..Faults::default() }
}

fn api(failures: &[Failure]) -> Faults {
    Faults { fail_api: failures.to_vec(), ..Faults::default() }
}

/// Whether the whole answer to a request arrives.
async fn is_answered(request: RequestBuilder) -> bool {
    match request.send().await {
        Ok(response) => response.text().await.is_ok(),
        Err(_) => false,
    }
}

/// Sends a refresh that no answer to comes.
async fn lost_refresh(amo: &Amo, token: &str) {
    let request = amo.http.post(amo.url(AGENCY, "/oauth2/access_token")).json(&Amo::refresh_fields(token));
    assert!(!is_answered(request).await);
}

/// Asks for a lead that is not there.
fn ask(amo: &Amo, token: &str) -> RequestBuilder {
    amo.http.get(amo.url(AGENCY, "/api/v4/leads/1")).bearer_auth(token)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_first_spends_no_token() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let failures = [Failure::Status(503), Failure::Html403, Failure::Status(429), Failure::Status(400)];
    amo.sandbox.set_faults(tokens(&failures)).unwrap();
    for status in [503, 403, 429, 400] {
        assert_eq!(amo.refresh(AGENCY, &pair.refresh).await.status, status);
    }
    amo.sandbox.set_faults(tokens(&[Failure::Drop])).unwrap();
    lost_refresh(&amo, &pair.refresh).await;
    assert_eq!(amo.sandbox.stats().refreshes, 0);
    amo.refresh(AGENCY, &pair.refresh).await.pair();
    assert_eq!(amo.sandbox.stats().faults_played, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_afterwards_has_spent_the_token() {
    for failure in [Failure::DropAfter, Failure::Cut] {
        let amo = Amo::start().await;
        let pair = amo.connect(AGENCY).await;
        amo.sandbox.set_faults(tokens(&[failure])).unwrap();
        lost_refresh(&amo, &pair.refresh).await;
        assert_eq!(amo.sandbox.stats().refreshes, 1, "{failure:?}");
        assert_bad(&amo.refresh(AGENCY, &pair.refresh).await, 401, "Token has been revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_answer_and_one_without_a_refresh_token_have_spent_it_too() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    amo.sandbox.set_faults(tokens(&[Failure::BadJson])).unwrap();
    let broken = amo.refresh(AGENCY, &pair.refresh).await;
    assert_eq!(broken.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&broken.body).is_err());
    assert_bad(&amo.refresh(AGENCY, &pair.refresh).await, 401, "Token has been revoked");

    let pair = amo.connect(AGENCY).await;
    amo.sandbox.set_faults(tokens(&[Failure::NoRefreshToken])).unwrap();
    let bereft = amo.refresh(AGENCY, &pair.refresh).await;
    assert_eq!(bereft.status, 200);
    assert!(bereft.json().get("access_token").is_some());
    assert_eq!(bereft.json().get("refresh_token"), None);
    assert_bad(&amo.refresh(AGENCY, &pair.refresh).await, 401, "Token has been revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_played_one_entry_a_request_and_ok_is_an_entry() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let failures = [Failure::Status(502), Failure::Pass, Failure::Status(504)];
    amo.sandbox.set_faults(api(&failures)).unwrap();
    for status in [502, 200, 504, 200] {
        assert_eq!(amo.get(AGENCY, "/api/v4/leads", &pair.access).await.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_can_be_cut_off_and_broken() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    for failure in [Failure::Drop, Failure::DropAfter, Failure::Cut] {
        amo.sandbox.set_faults(api(&[failure])).unwrap();
        let request = amo.http.get(amo.url(AGENCY, "/api/v4/leads")).bearer_auth(&pair.access);
        assert!(!is_answered(request).await, "{failure:?}");
    }
    amo.sandbox.set_faults(api(&[Failure::BadJson])).unwrap();
    let broken = amo.get(AGENCY, "/api/v4/leads", &pair.access).await;
    assert_eq!(broken.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&broken.body).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_can_be_cut_off_too() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    assert!(is_answered(ask(&amo, &pair.access)).await);
    amo.sandbox.set_faults(api(&[Failure::Cut])).unwrap();
    assert!(!is_answered(ask(&amo, &pair.access)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_gets_lost_as_a_good_answer_does() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    amo.sandbox.set_faults(api(&[Failure::DropAfter])).unwrap();
    assert!(!is_answered(ask(&amo, "no token")).await);
    assert_eq!(amo.sandbox.stats().unauthorized, 1);

    amo.sandbox.freeze_clock(true);
    amo.switch(|switches| switches.rate_limit = 1);
    assert!(is_answered(ask(&amo, &pair.access)).await);
    amo.sandbox.set_faults(Faults { fail_token: vec![Failure::DropAfter], ..api(&[Failure::DropAfter]) }).unwrap();
    assert!(!is_answered(ask(&amo, &pair.access)).await);
    lost_refresh(&amo, &pair.refresh).await;
    assert_eq!((amo.sandbox.stats().over_limit, amo.sandbox.stats().refreshes), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_to_the_same_address() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    amo.sandbox.set_faults(tokens(&[Failure::Status(307)])).unwrap();
    let redirect = amo.refresh(AGENCY, &pair.refresh).await;
    assert_eq!((redirect.status.as_u16(), redirect.location.as_str()), (307, "/oauth2/access_token"));
    assert_eq!(amo.sandbox.stats().refreshes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_lasts_until_it_is_taken_back() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let down = Some(Failure::Status(503));
    let outage = Faults { api_outage: down, token_outage: Some(Failure::Html403), ..Faults::default() };
    amo.sandbox.set_faults(outage).unwrap();
    for _ in 0..3 {
        assert_eq!(amo.get(AGENCY, "/api/v4/leads", &pair.access).await.status, 503);
        assert_eq!(amo.refresh(AGENCY, &pair.refresh).await.status, 403);
    }
    amo.sandbox.set_faults(Faults::default()).unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/leads", &pair.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_can_have_a_bad_day_alone_and_before_everyones() {
    let amo = Amo::start().await;
    let (ours, theirs) = (amo.connect(AGENCY).await, amo.connect(RIVAL).await);
    amo.sandbox.set_account_faults(AGENCY, api(&[Failure::Status(502)])).unwrap();
    amo.sandbox.set_faults(api(&[Failure::Status(504)])).unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/leads", &ours.access).await.status, 502);
    assert_eq!(amo.get(RIVAL, "/api/v4/leads", &theirs.access).await.status, 504);
    assert_eq!(amo.get(AGENCY, "/api/v4/leads", &ours.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_pay_is_refused_by_both() {
    let amo = Amo::start().await;
    let (ours, theirs) = (amo.connect(AGENCY).await, amo.connect(RIVAL).await);
    let unpaid = Faults { unpaid: true, ..Faults::default() };
    amo.sandbox.set_account_faults(AGENCY, unpaid).unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/leads", &ours.access).await.status, 402);
    let refused = amo.refresh(AGENCY, &ours.refresh).await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (401, CLIENT));
    assert_eq!(amo.get(RIVAL, "/api/v4/leads", &theirs.access).await.status, 200);
    amo.sandbox.set_account_faults(AGENCY, Faults::default()).unwrap();
    amo.refresh(AGENCY, &ours.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_delays_the_api_and_token_latency_the_token_endpoint_alone() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let faults = Faults { token_latency_ms: 400, ..Faults::default() };
    amo.sandbox.set_faults(faults).unwrap();
    let started = Instant::now();
    let pair = amo.refresh(AGENCY, &pair.refresh).await.pair();
    assert!(started.elapsed() >= Duration::from_millis(400));
    let faults = Faults { latency_ms: 400, ..Faults::default() };
    amo.sandbox.set_faults(faults).unwrap();
    let started = Instant::now();
    amo.get(AGENCY, "/api/v4/leads", &pair.access).await;
    assert!(started.elapsed() >= Duration::from_millis(400));
    amo.sandbox.freeze_clock(true);
    amo.switch(|switches| switches.rate_limit = 1);
    amo.get(AGENCY, "/api/v4/leads", &pair.access).await;
    let started = Instant::now();
    assert_eq!(amo.get(AGENCY, "/api/v4/leads", &pair.access).await.status, 429);
    assert!(started.elapsed() >= Duration::from_millis(400), "over the limit, and late all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_does_not_have_cannot_fail_there() {
    let amo = Amo::start().await;
    let error = amo.sandbox.set_faults(api(&[Failure::Pass, Failure::NoRefreshToken])).unwrap_err();
    assert_eq!(error.field(), Some("fail_api[1]"));
    let slow = Faults { latency_ms: u64::MAX, ..Faults::default() };
    assert_eq!(amo.sandbox.set_faults(slow).unwrap_err().field(), Some("latency_ms"));
}
