//! Requests, calls to amoCRM, permits and circuit breakers.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, until};
use futures_util::future::join_all;

use crate::stage::Stage;

const OPENED: &str = r#"amo_connect_circuit_changes_total{change="opened"}"#;
const HALF_OPENED: &str = r#"amo_connect_circuit_changes_total{change="half_opened"}"#;
const CLOSED: &str = r#"amo_connect_circuit_changes_total{change="closed"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_counted_by_its_route_and_not_by_its_path() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let paths = stage.lead_paths(2).await;
    let before = stage.scrape().await;
    assert_eq!(stage.leads().await, 200);
    for path in paths.iter().map(String::as_str).chain(["/leads/99999999"]) {
        stage.get("olena", path).await;
    }
    stage.http().get(format!("{}/wp-admin/secret", stage.base)).send().await.unwrap();
    let after = stage.scrape().await;
    let leads = "/api/amo-crm/leads";
    let one = "/api/amo-crm/leads/{amoLeadId}";
    let series = [
        format!(r#"amo_connect_http_requests_total{{route="{leads}",method="GET",status="200"}}"#),
        format!(r#"amo_connect_http_requests_total{{route="{one}",method="GET",status="200"}}"#),
        format!(r#"amo_connect_http_requests_total{{route="{one}",method="GET",status="404"}}"#),
        r#"amo_connect_http_requests_total{route="none",method="GET",status="404"}"#.to_owned(),
        format!(r#"amo_connect_http_request_duration_seconds_count{{route="{leads}",method="GET"}}"#),
        r#"amo_connect_crm_calls_total{endpoint="lead",outcome="ok"}"#.to_owned(),
        r#"amo_connect_crm_call_duration_seconds_count{endpoint="leads"}"#.to_owned(),
    ];
    let rise = after.rise(&before, series.each_ref().map(String::as_str));
    assert_eq!(rise, [1, 2, 1, 1, 1, 3, 1], "{after:?}");
    assert!(after.rise(&before, [r#"amo_connect_permits_total{outcome="given"}"#])[0] >= 4);
    assert!(after.rise(&before, ["amo_connect_permit_wait_seconds_count"])[0] >= 4);

    let named: Vec<_> =
        after.0.keys().filter(|series| series.contains("olena") || series.contains("127.0.0.1")).collect();
    assert!(named.is_empty(), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_wait_for_a_permit_are_seen_and_those_turned_away_are_counted() {
    let stage = Stage::at_rate(1).await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let paths = stage.lead_paths(12).await;
    let callers = join_all(paths.iter().map(async |path| stage.get("olena", path).await.status));
    let queue = async || stage.scrape().await.count("amo_connect_permit_queue");
    let watch = until("callers wait", async || queue().await >= 2);
    let (statuses, ()) = tokio::join!(callers, watch);
    let busy = statuses.iter().filter(|status| **status == 503).count();
    assert!(busy >= 1 && statuses.contains(&200), "{statuses:?}");
    let scrape = stage.scrape().await;
    assert!(scrape.count(r#"amo_connect_permits_total{outcome="queue_full"}"#) >= 1, "{statuses:?}");
    assert_eq!(queue().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_opens_the_circuit_and_an_answer_to_the_probe_closes_it() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    stage.faults(Faults { api_outage: Some(Failure::Html403), ..Faults::default() });
    let before = stage.scrape().await;
    for _ in 0..2 {
        assert_eq!(stage.leads().await, 502);
    }
    let banned = stage.scrape().await;
    let series = [OPENED, HALF_OPENED, CLOSED, r#"amo_connect_permits_total{outcome="blocked"}"#];
    assert_eq!(banned.rise(&before, series), [1, 0, 0, 1]);

    stage.faults(Faults::default());
    until("amoCRM is asked again", async || stage.leads().await == 200).await;
    assert_eq!(stage.scrape().await.rise(&before, [OPENED, HALF_OPENED, CLOSED]), [1, 1, 1]);
}
