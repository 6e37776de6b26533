//! Refreshing: one compare-and-swap, no grace period, and what ends a grant.

use std::time::Duration;

use amo_connect_sandbox::{DisabledGrant, GarbageRefresh, RefreshRace};
use tokio::{net::TcpStream, task::JoinSet};

use crate::{
    exchange::{CLIENT, assert_bad},
    support::{AGENCY, Amo, Answer, RIVAL, read},
};

/// Sends the same refresh `times` times at once and gives all answers.
async fn refresh_at_once(amo: &Amo, token: &str, times: usize) -> Vec<Answer> {
    let mut all = JoinSet::new();
    for _ in 0..times {
        let request = amo.http.post(amo.url(AGENCY, "/oauth2/access_token")).json(&Amo::refresh_fields(token));
        all.spawn(async move { read(request.send().await.unwrap()).await });
    }
    all.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_successor_after_it() {
    let amo = Amo::start().await;
    let first = amo.connect(AGENCY).await;
    let second = amo.refresh(AGENCY, &first.refresh).await.pair();
    assert_ne!(first, second);
    let again = amo.refresh(AGENCY, &first.refresh).await;
    assert_bad(&again, 401, "Token has been revoked");
    amo.refresh(AGENCY, &second.refresh).await.pair();
    assert_eq!(amo.sandbox.stats().refreshes, 2);
    assert_eq!(amo.sandbox.grants()[0].refreshes, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_simultaneous_refreshes_one_wins() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let answers = refresh_at_once(&amo, &pair.refresh, 200).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 199));
    for answer in lost {
        assert_bad(answer, 401, "Token has been revoked");
    }
    amo.refresh(AGENCY, &won[0].pair().refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_only_one_wins_is_a_switch() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    amo.switch(|switches| switches.refresh_race = RefreshRace::AllWin);
    let mut faults = amo.sandbox.faults();
    faults.token_latency_ms = 1000;
    amo.sandbox.set_faults(faults).unwrap();
    let answers = refresh_at_once(&amo, &pair.refresh, 5).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    amo.sandbox.set_faults(amo_connect_sandbox::Faults::default()).unwrap();
    let late = amo.refresh(AGENCY, &pair.refresh).await;
    assert_bad(&late, 401, "Token has been revoked");
    assert_eq!(amo.sandbox.stats().most_refreshes_of_one_token, 5);
    assert_eq!(amo.sandbox.stats().most_refreshes_at_once, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_months_end_a_refresh_token_and_each_refresh_restarts_them() {
    let amo = Amo::start().await;
    let month = Duration::from_hours(30 * 24);
    let mut pair = amo.connect(AGENCY).await;
    for _ in 0..4 {
        amo.sandbox.advance_clock(month).unwrap();
        pair = amo.refresh(AGENCY, &pair.refresh).await.pair();
    }
    amo.sandbox.advance_clock(3 * month).unwrap();
    assert_bad(&amo.refresh(AGENCY, &pair.refresh).await, 401, "Token has expired");
    assert!(amo.sandbox.grants().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_lives_a_day() {
    let amo = Amo::start().await;
    amo.sandbox.freeze_clock(true);
    let pair = amo.connect(AGENCY).await;
    amo.sandbox.advance_clock(Duration::from_secs(86_399)).unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 200);
    amo.sandbox.advance_clock(Duration::from_secs(1)).unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 401);
    amo.refresh(AGENCY, &pair.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_access_token_lives_on_unless_a_switch_kills_it() {
    let amo = Amo::start().await;
    let first = amo.connect(AGENCY).await;
    let second = amo.refresh(AGENCY, &first.refresh).await.pair();
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &first.access).await.status, 200);
    amo.switch(|switches| switches.kill_old_access = true);
    let third = amo.refresh(AGENCY, &second.refresh).await.pair();
    for dead in [&first, &second] {
        assert_eq!(amo.get(AGENCY, "/api/v4/account", &dead.access).await.status, 401);
    }
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &third.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn authorizing_again_leaves_the_earlier_grant_alive() {
    let amo = Amo::start().await;
    let (first, second) = (amo.connect(AGENCY).await, amo.connect(AGENCY).await);
    assert_eq!(amo.sandbox.grants().len(), 2);
    amo.refresh(AGENCY, &first.refresh).await.pair();
    amo.refresh(AGENCY, &second.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refresh_token_cannot_be_decrypted_or_by_a_switch_is_invalid() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    for garbage in ["def50200ab", pair.access.as_str()] {
        let refused = amo.refresh(AGENCY, garbage).await;
        assert_bad(&refused, 401, "Cannot decrypt the refresh token");
    }
    amo.switch(|switches| switches.garbage_refresh = GarbageRefresh::Invalid);
    assert_bad(&amo.refresh(AGENCY, "def50200ab").await, 400, "Invalid refresh token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_taken_only_on_its_accounts_host_and_not_spent_elsewhere() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    assert_bad(&amo.refresh(RIVAL, &pair.refresh).await, 400, "Invalid account");
    amo.refresh(AGENCY, &pair.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_ends_every_grant_of_the_account_and_no_other() {
    let amo = Amo::start().await;
    let (ours, theirs) = (amo.connect(AGENCY).await, amo.connect(RIVAL).await);
    assert_eq!(amo.sandbox.revoke(AGENCY).unwrap(), 1);
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &ours.access).await.status, 401);
    assert_bad(&amo.refresh(AGENCY, &ours.refresh).await, 401, "Token has been revoked");
    assert_eq!(amo.get(RIVAL, "/api/v4/account", &theirs.access).await.status, 200);
    amo.connect(AGENCY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_disabled_integration_is_refused_is_a_switch() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    amo.sandbox.disable(AGENCY).await.unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 401);
    assert_bad(&amo.refresh(AGENCY, &pair.refresh).await, 401, "Token has been revoked");
    amo.switch(|switches| switches.disabled_grant = DisabledGrant::Client);
    let refused = amo.refresh(AGENCY, &pair.refresh).await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (401, CLIENT));
}

#[tokio::test(flavor = "multi_thread")]
async fn expiring_access_leaves_the_refresh_token() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    assert_eq!(amo.sandbox.expire_access(AGENCY).unwrap(), 1);
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 401);
    let pair = amo.refresh(AGENCY, &pair.refresh).await.pair();
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 200);
}

/// Waits for a condition, not for a time.
async fn until(is_so: impl Fn() -> bool) {
    let outcome = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), outcome).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_finished_though_its_client_hung_up() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let mut faults = amo.sandbox.faults();
    faults.token_latency_ms = 300;
    amo.sandbox.set_faults(faults).unwrap();
    let body = Amo::refresh_fields(&pair.refresh).to_string();
    let host = amo.sandbox.host(AGENCY).unwrap();
    let head = format!("POST /oauth2/access_token HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}", body.len());
    let stream = TcpStream::connect(&host).await.unwrap();
    stream.writable().await.unwrap();
    let request = format!("{head}\r\n\r\n{body}");
    assert_eq!(stream.try_write(request.as_bytes()).unwrap(), request.len());
    until(|| amo.sandbox.stats().most_refreshes_at_once == 1).await;
    // The connection is reset, not merely closed: the server knows that nobody listens any more.
    stream.set_zero_linger().unwrap();
    drop(stream);
    until(|| amo.sandbox.stats().refreshes == 1).await;
    amo.sandbox.set_faults(amo_connect_sandbox::Faults::default()).unwrap();
    assert_bad(&amo.refresh(AGENCY, &pair.refresh).await, 401, "Token has been revoked");
}
