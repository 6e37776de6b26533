//! The control plane over HTTP, and the disconnect hook.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use amo_connect_sandbox::{Failure, Options};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, unlimited};

/// Answers one request for each of `statuses`; gives the request lines.
fn hook_receiver(statuses: &'static [u16]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/amo-crm/hooks/disconnected", listener.local_addr().unwrap());
    let receiver = thread::spawn(move || {
        let mut lines = Vec::new();
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
            lines.push(head.next().unwrap().unwrap());
            head.find(|line| line.as_ref().unwrap().is_empty()).unwrap().unwrap();
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
        lines
    });
    (url, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_has_counters_grants_switches_and_clock_and_no_token() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    for account in amo.sandbox.accounts() {
        let report = amo.open(&amo.url(account.id, "/_sandbox")).await;
        assert!(!report.body.contains(&pair.access) && !report.body.contains("def50200"));
        let report = report.json();
        assert_eq!(report["counters"]["exchanges"], 1);
        assert_eq!(report["counters"]["token_requests"], 1);
        assert_eq!(report["grants"][0]["account"], 31_920_194);
        assert_eq!(report["switches"]["expires_in"], 86_400);
        assert_eq!(report["clock"]["frozen"], false);
        assert_eq!(report["accounts"][0]["leads"], 630);
        assert_eq!(report["client_id"], "sandbox");
        assert_eq!(report["auth_url"], amo.sandbox.auth_url());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_can_be_had_without_the_pages() {
    let amo = Amo::start().await;
    let issued = amo.control("POST", "/codes", json!({"account": 31_920_194})).await.json();
    assert_eq!(issued["referer"], amo.sandbox.host(AGENCY).unwrap());
    let code = issued["code"].as_str().unwrap();
    amo.token(AGENCY, &Amo::exchange_fields(code)).await.pair();
    let of_agent = json!({"account": 31_920_194, "user": 10_110_002});
    let code = amo.control("POST", "/codes", of_agent).await.json()["code"].as_str().unwrap().to_owned();
    amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair();
    assert_eq!(amo.sandbox.grants()[1].user.get(), 10_110_002);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_switches_are_patched_by_name() {
    let amo = Amo::start().await;
    let patch = json!({
        "latency_ms": 1, "token_latency_ms": 2, "fail_token": [503, "html403", "drop", "drop_after", "bad_json",
        "no_refresh_token", "cut", "ok"], "rate_limit": 3, "expires_in": 60, "code_ttl": 30, "kill_old_access": true,
        "deny_redirect": "bare",
    });
    let answer = amo.control("PATCH", "/faults", patch).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(amo.sandbox.faults().fail_token.len(), 8);
    assert_eq!(amo.sandbox.faults().fail_token[3], Failure::DropAfter);
    assert_eq!((amo.sandbox.switches().rate_limit, amo.sandbox.switches().code_ttl), (3, 30));
    assert!(amo.sandbox.switches().kill_old_access);
    amo.control("PATCH", "/faults", json!({"fail_token": null, "expires_in": null})).await;
    assert_eq!(amo.sandbox.faults().fail_token, []);
    assert_eq!((amo.sandbox.faults().latency_ms, amo.sandbox.switches().expires_in), (1, 86_400));

    let own = json!({"account": 40_000_001, "api_outage": "html403"});
    amo.control("PATCH", "/faults", own).await;
    let report = amo.sandbox.report();
    assert_eq!(report.faults.api_outage, None);
    assert_eq!(report.account_faults[&40_000_001.into()].api_outage, Some(Failure::Html403));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_a_400_that_names_the_field_and_changes_nothing() {
    let amo = Amo::start().await;
    let before = amo.sandbox.report();
    for (method, path, body, field) in [
        ("POST", "/codes", json!({}), "account"),
        ("POST", "/codes", json!({"account": 1}), "account"),
        ("POST", "/codes", json!({"account": "x"}), "account"),
        ("POST", "/codes", json!({"account": 31_920_194, "user": 1}), "user"),
        ("POST", "/codes", json!({"account": 31_920_194, "client_id": "x"}), "client_id"),
        ("POST", "/codes", json!({"account": 31_920_194, "colour": 1}), "colour"),
        ("POST", "/revoke", json!({"account": 1}), "account"),
        ("POST", "/expire", json!({"account": null}), "account"),
        ("POST", "/disable", json!({"account": 2}), "account"),
        ("POST", "/move", json!({"account": 3}), "account"),
        ("POST", "/clock", json!({}), "advance_s"),
        ("POST", "/clock", json!({"advance_s": -1}), "advance_s"),
        ("POST", "/clock", json!({"advance_s": "soon"}), "advance_s"),
        ("POST", "/clock", json!({"advance_s": 1e300}), "advance_s"),
        ("POST", "/clock", json!({"advance_s": 400_000_000}), "advance_s"),
        ("POST", "/clock", json!({"frozen": 1}), "frozen"),
        ("POST", "/reset", json!({"hard": true}), "hard"),
        ("POST", "/reset", json!([]), "body"),
        ("PATCH", "/faults", json!({"latency_ms": 5, "explode": true}), "explode"),
        ("PATCH", "/faults", json!({"fail_token": [503, "explode"]}), "fail_token[1]"),
        ("PATCH", "/faults", json!({"fail_token": 503}), "fail_token"),
        ("PATCH", "/faults", json!({"fail_api": [99]}), "fail_api[0]"),
        ("PATCH", "/faults", json!({"fail_api": ["no_refresh_token"]}), "fail_api[0]"),
        ("PATCH", "/faults", json!({"latency_ms": -1}), "latency_ms"),
        ("PATCH", "/faults", json!({"latency_ms": 99_999_999}), "latency_ms"),
        ("PATCH", "/faults", json!({"deny_redirect": "loud"}), "deny_redirect"),
        ("PATCH", "/faults", json!({"moved_status": 500}), "moved_status"),
        ("PATCH", "/faults", json!({"account": 9, "latency_ms": 1}), "account"),
        ("PATCH", "/faults", json!({"account": 31_920_194, "rate_limit": 1}), "rate_limit"),
    ] {
        let refused = amo.control(method, path, body.clone()).await;
        assert_eq!(refused.status, 400, "{path} {body}: {refused:?}");
        assert_eq!(refused.json()["field"], field, "{path} {body}");
        assert!(refused.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    let no_json = amo.http.post(amo.url(AGENCY, "/_sandbox/clock")).body("{").send().await.unwrap();
    assert_eq!(no_json.status(), 400);
    let after = amo.sandbox.report();
    assert_eq!((&after.faults, &after.switches), (&before.faults, &before.switches));
    assert_eq!(after.counters, before.counters);
    assert!(after.clock.advanced_s.abs() < f64::EPSILON && !after.clock.frozen);
    assert_eq!(amo.control("POST", "/nothing", json!({})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_advanced_and_stopped() {
    let amo = Amo::start().await;
    let before = amo.sandbox.clock().now;
    let shown = amo.control("POST", "/clock", json!({"advance_s": 86_400, "frozen": true})).await.json();
    assert_eq!(shown["frozen"], true);
    assert!(shown["now"].as_u64().unwrap() >= before + 86_400);
    let shown = amo.control("POST", "/clock", json!({"advance_s": 0.5})).await.json();
    assert_eq!(shown["advanced_s"], 86_400.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn revoke_expire_and_move_do_what_the_handle_does() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let account = json!({"account": 31_920_194});
    assert_eq!(amo.control("POST", "/expire", account.clone()).await.json(), json!({"expired": 1}));
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 401);
    assert_eq!(amo.control("POST", "/revoke", account.clone()).await.json(), json!({"ended": 1}));
    let old = amo.sandbox.host(AGENCY).unwrap();
    let moved = amo.http.post(format!("http://{old}/_sandbox/move")).json(&account).send().await.unwrap();
    let new = moved.json::<Value>().await.unwrap()["host"].as_str().unwrap().to_owned();
    assert_eq!(amo.sandbox.host(AGENCY).unwrap(), new);
    assert_ne!(new, old);
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_makes_everything_as_it_was() {
    let amo = Amo::start().await;
    let host = amo.sandbox.host(AGENCY).unwrap();
    let pair = amo.connect(AGENCY).await;
    amo.control("POST", "/clock", json!({"advance_s": 5, "frozen": true})).await;
    amo.control("PATCH", "/faults", json!({"latency_ms": 1, "code_ttl": 1})).await;
    amo.sandbox.move_account(AGENCY).unwrap();
    let report = amo.control("POST", "/reset", json!({})).await.json();
    assert_eq!(report["grants"], json!([]));
    assert_eq!(report["counters"]["exchanges"], 0);
    assert_eq!(report["faults"]["latency_ms"], 0);
    assert_eq!(report["switches"]["code_ttl"], 1200);
    assert_eq!(report["switches"]["rate_limit"], 0);
    assert_eq!(report["clock"]["frozen"], false);
    assert_eq!(amo.sandbox.host(AGENCY).unwrap(), host);
    assert_eq!(amo.refresh(AGENCY, &pair.refresh).await.hint(), "Cannot decrypt the refresh token");
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_sends_the_signed_hook_after_the_grants_have_ended() {
    let (url, receiver) = hook_receiver(&[200]);
    let amo = Amo::with(Options { hook_url: Some(url), ..unlimited() }).await;
    amo.connect(AGENCY).await;
    let done = amo.control("POST", "/disable", json!({"account": 31_920_194})).await.json();
    assert_eq!(done, json!({"ended": 1, "hook": {"attempts": 1, "status": 200}}));
    // The signature as `printf 'sandbox|31920194' | openssl dgst -sha256 -hmac sandbox-secret` has it.
    assert_eq!(
        receiver.join().unwrap(),
        ["GET /api/amo-crm/hooks/disconnected?account_id=31920194&client_uuid=sandbox&\
          signature=556e3dbb5f9cc01b14e7613b4ccbe362303e0b5d613f49d2b2844d7480d2d926 HTTP/1.1"]
    );
    assert!(amo.sandbox.grants().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_not_taken_is_sent_again_only_by_a_switch() {
    let (url, receiver) = hook_receiver(&[500, 302, 500, 200]);
    let amo = Amo::with(Options { hook_url: Some(url), ..unlimited() }).await;
    let once = amo.sandbox.disable(AGENCY).await.unwrap();
    assert_eq!((once.attempts, once.status), (1, Some(500)));
    amo.switch(|switches| switches.hook_retries = 5);
    let thrice = amo.sandbox.disable(AGENCY).await.unwrap();
    assert_eq!((thrice.attempts, thrice.status), (3, Some(200)));
    assert_eq!(receiver.join().unwrap().len(), 4);
    assert_eq!((amo.sandbox.stats().hooks_sent, amo.sandbox.stats().hooks_failed), (4, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_hook_and_on_revoke_nothing_is_sent() {
    let amo = Amo::start().await;
    let outcome = amo.sandbox.disable(AGENCY).await.unwrap();
    assert_eq!((outcome.attempts, outcome.status), (0, None));
    amo.sandbox.revoke(AGENCY).unwrap();
    assert_eq!(amo.sandbox.stats().hooks_sent, 0);
}
