//! `kill -9` while a code is being exchanged: a reload of the page finds out what became of it.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Begun, Served, until};

use crate::stage::Stage;

on_both_databases!(a_code_whose_process_was_killed_is_sent_once_more_and_the_answer_is_the_truth);

async fn a_code_whose_process_was_killed_is_sent_once_more_and_the_answer_is_the_truth(stage: Stage) {
    let (service, another) = (stage.serve().await, stage.serve_elsewhere().await);
    // One code is spent by the request whose answer nobody reads, the other is not.
    let spent = under_way(&stage, &service, "olena", Failure::Pass, 1).await;
    let kept = under_way(&stage, &service, "ivan", Failure::Status(502), 2).await;
    service.into_process().kill().await;
    stage.sandbox.set_faults(Faults::default()).unwrap();

    assert_eq!(reloaded(&another, &spent).await, (400, Some("invalid_code".to_owned())));
    assert_eq!(reloaded(&another, &kept).await, (200, None));
    assert_eq!(another.state_of("olena").await, "not_connected");
    assert_eq!(another.state_of("ivan").await, "connected");
    assert_eq!(another.get("ivan", "/leads?limit=1").await.status, 200);
    assert_eq!((stage.sandbox.stats().token_requests, stage.sandbox.stats().exchanges), (4, 2));
}

/// An attempt that came back.
struct Back {
    attempt: Begun,
    code: String,
    referer: String,
}

/// The browser comes back to `service`, and its code is on the way to amoCRM when this ends.
async fn under_way(stage: &Stage, service: &Served, user: &str, fate: Failure, requests: u64) -> Back {
    let fail_token = vec![fate];
    stage.sandbox.set_faults(Faults { token_latency_ms: 1000, fail_token, ..Faults::default() }).unwrap();
    let attempt = service.attempt(user).await;
    let (code, referer) = stage.code(ACCOUNT);
    let query = [("code", &code), ("state", &attempt.state), ("referer", &referer)];
    // Nobody is left to be answered.
    tokio::spawn(service.http().get(service.url("/callback")).query(&query).send());
    stage.until_token_requests(requests).await;
    Back { attempt, code, referer }
}

/// The page, loaded again until it says what became of it: its status and error.
async fn reloaded(service: &Served, back: &Back) -> (u16, Option<String>) {
    let query = [("code", &*back.code), ("state", &back.attempt.state), ("referer", &back.referer)];
    let mut page = service.callback(&query).await;
    until("the page knows", async || {
        if page.status == 502 {
            page = service.callback(&query).await;
        }
        page.status != 502
    })
    .await;
    (page.status, page.link_parameter("error"))
}
