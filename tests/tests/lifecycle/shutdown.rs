//! `SIGTERM` while a token is being renewed.

use std::time::Duration;

use amo_connect_tests::{Process, Served, Way, until};
use tokio::net::TcpStream;

use crate::phone::Phone;
use crate::stage::Stage;

on_both_databases!(
    a_stop_takes_no_more_requests_waits_for_the_refresh_and_saves_the_pair,
    a_stop_that_may_not_wait_says_what_it_left_undone,
);

/// The phone is gone: nothing but the refresh itself is waited for.
async fn a_stop_takes_no_more_requests_waits_for_the_refresh_and_saves_the_pair(stage: Stage) {
    let service = stage.serve_when_due().await;
    let address = service.base.strip_prefix("http://").unwrap().to_owned();
    let process = told_to_stop_in_a_refresh(&stage, service, Duration::from_secs(3)).await;

    let said = process.until_logged("waiting for requests, exchanges, refreshes and saves").await;
    assert!(said.contains("\"pairs_to_save\":0"), "{said}");
    until("new connections are refused", async || TcpStream::connect(&address).await.is_err()).await;
    assert_eq!(stage.sandbox.stats().refreshes, 0, "amoCRM was quicker than the stop");

    let (exit, _, log) = process.ended().await;
    assert_eq!(exit, Some(0), "{log}");
    assert!(log.contains("\"stopped\""), "{log}");
    assert_eq!((stage.grant().refreshes, stage.generation().await), (1, 2));

    let service = stage.serve().await;
    assert_eq!(service.get("olena", "/leads?limit=5").await.status, 200);
    assert_eq!(stage.sandbox.stats().token_requests, 2);
}

async fn a_stop_that_may_not_wait_says_what_it_left_undone(mut stage: Stage) {
    stage.world.settings.shutdown_timeout = Some("1s".to_owned());
    let service = stage.serve_when_due().await;
    let process = told_to_stop_in_a_refresh(&stage, service, Duration::from_secs(8)).await;

    let (exit, _, log) = process.ended().await;
    assert_eq!(exit, Some(1), "{log}");
    let (tasks, pairs) = left_undone(&log);
    assert!(tasks > 0, "{log}");
    assert_eq!(pairs, 0, "no pair had come: {log}");
    assert_eq!((stage.sandbox.stats().refreshes, stage.generation().await), (0, 1));
}

/// Somebody who would end the delay may come too late for it.
#[tokio::test(flavor = "multi_thread")]
async fn one_interrupt_in_a_stop_ends_no_refresh_and_a_second_one_does() {
    for (is_again, exit, refreshes) in [(false, 0, 1), (true, 1, 0)] {
        let stage = Stage::on_sqlite().await;
        let service = stage.serve_when_due().await;
        let process = told_to_stop_in_a_refresh(&stage, service, Duration::from_secs(3)).await;
        process.until_logged("waiting for requests, exchanges, refreshes and saves").await;
        process.interrupt();
        process.until_logged("a second interrupt waits for no exchange").await;
        if is_again {
            process.interrupt();
        }
        let (code, _, log) = process.ended().await;
        assert_eq!((code, stage.sandbox.stats().refreshes), (Some(exit), refreshes), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_answers_who_asked_before_it() {
    let stage = Stage::on_sqlite().await;
    let service = stage.serve_when_due().await;
    stage.slow_down(Duration::from_secs(2));
    let stop = async {
        stage.until_token_requests(2).await;
        service.process().terminate();
    };
    let (leads, ()) = tokio::join!(service.get("olena", "/leads?limit=5"), stop);
    assert_eq!(leads.status, 200, "{leads:?}");
    assert_eq!(service.into_process().ended().await.0, Some(0));
}

/// The one loss that a stop can bring about, and it is counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_a_pair_that_cannot_be_saved_counts_it_as_lost() {
    let mut stage = Stage::on_postgres().await;
    let proxy = stage.behind_a_proxy().await;
    stage.world.settings.shutdown_timeout = Some("2s".to_owned());
    let service = stage.serve_when_due().await;
    stage.slow_down(Duration::from_secs(2));
    let _phone = Phone::asks(&service, "olena").await;
    stage.until_token_requests(2).await;
    proxy.set(Way::Cut);
    service.process().until_logged("refreshed tokens not saved").await;

    service.process().terminate();
    let (exit, _, log) = service.into_process().ended().await;
    assert_eq!(exit, Some(1), "{log}");
    assert!(log.contains("\"pairs_to_save\":1"), "{log}");
    assert_eq!(left_undone(&log).1, 1, "{log}");
}

/// Tells `service` to stop when a refresh, which takes so long, has reached amoCRM and its caller
/// has closed its connection.
async fn told_to_stop_in_a_refresh(stage: &Stage, service: Served, latency: Duration) -> Process {
    stage.slow_down(latency);
    let phone = Phone::asks(&service, "olena").await;
    stage.until_token_requests(2).await;
    phone.hangs_up();
    service.process().terminate();
    service.into_process()
}

/// How many tasks and pairs the log says were left when the time was up.
fn left_undone(log: &str) -> (u64, u64) {
    let number_before = |mark: &str| {
        let end = log.find(mark).unwrap_or_else(|| panic!("no word of it: {log}"));
        let start = log[..end].rfind(|c: char| !c.is_ascii_digit()).unwrap() + 1;
        log[start..end].parse().unwrap()
    };
    let tasks = number_before(" requests, exchanges, refreshes or saves were not done in time");
    (tasks, number_before(" token pairs were not saved and are lost"))
}
