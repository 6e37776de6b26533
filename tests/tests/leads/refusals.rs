//! What the app is told when there are no leads for it.

use amo_connect_sandbox::Faults;
use amo_connect_tests::{ACCOUNT, RIVAL};
use futures_util::future::select;

use crate::steps::{calls, ids, world};

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_named_and_costs_no_call() {
    let world = world(630).await;
    let bad = [
        ("/leads?page=0", "page"),
        ("/leads?limit=251", "limit"),
        ("/leads?status=WON", "status"),
        ("/leads?pipelineId=x", "pipelineId"),
        ("/leads?stageId=-1", "stageId"),
        ("/leads?updatedSince=yesterday", "updatedSince"),
        ("/leads?createdSince=yesterday", "createdSince"),
        ("/leads?order=price", "order"),
        ("/leads?responsibleUserId=0", "responsibleUserId"),
        ("/leads?include=notes", "include"),
        ("/leads/1?order=id", "order"),
        ("/leads?updatedSince=2026-11-23T10:00:00+02:00", "updatedSince"),
        ("/leads?query=%00", "query"),
        ("/leads?query=%FF%FE", "query"),
        ("/leads?status=NEW&status=CLOSED", "status"),
        ("/leads/abc", "amoLeadId"),
        ("/leads/0", "amoLeadId"),
        ("/leads/18446744073709551616", "amoLeadId"),
        ("/leads/+20408339", "amoLeadId"),
        ("/leads/%2B20408339", "amoLeadId"),
        ("/leads/%FF", "amoLeadId"),
        ("/pipelines/abc/stages", "id"),
        ("/pipelines/+1/stages", "id"),
    ];
    for (path, field) in bad {
        let (answer, cost) = calls(&world, world.get("olena", path)).await;
        assert_eq!(answer.problem(), (400, "invalid_request"), "{path}");
        assert_eq!(cost, 0, "{path}");
        assert_eq!(answer.json()["field"], field, "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(field), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_account_hears_it_within_its_budget_and_slows_nobody_else() {
    let world = world(630).await;
    world.connect("ivan", RIVAL).await;
    // Each call is within its own limit, two are not within the budget.
    world.sandbox.set_account_faults(ACCOUNT, Faults { latency_ms: 8_000, ..Faults::default() }).unwrap();
    let begun = std::time::Instant::now();
    let hers = Box::pin(world.get("olena", "/leads"));
    let his = Box::pin(async {
        for page in 1..=10 {
            assert_eq!(world.get("ivan", &format!("/leads?limit=4&page={page}")).await.status, 200);
        }
    });
    let futures_util::future::Either::Right(((), hers)) = select(hers, his).await else {
        panic!("he waited for her account");
    };
    assert_eq!(hers.await.problem(), (504, "crm_timeout"));
    assert!((14..18).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_guests_take_too_long_is_shown_without_them() {
    let world = world(630).await;
    world.sandbox.set_account_faults(ACCOUNT, Faults { latency_ms: 6_000, ..Faults::default() }).unwrap();
    let begun = std::time::Instant::now();
    let page = world.get("olena", "/leads?limit=4").await;
    assert!((14..15).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(page.status, 200, "{page:?}");
    let leads = page.json()["data"].as_array().unwrap().clone();
    assert!(leads.len() == 4 && leads.iter().all(|lead| lead["guestName"].is_null()), "{leads:?}");
    // They are there when they can be read.
    world.sandbox.set_account_faults(ACCOUNT, Faults::default()).unwrap();
    let leads = world.get("olena", "/leads?limit=4").await.json()["data"].as_array().unwrap().clone();
    assert!(leads.iter().any(|lead| lead["guestName"].is_string()), "{leads:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_down_is_a_502_and_works_again_at_once() {
    let world = world(630).await;
    let lead = format!("/leads/{}", ids(&world.get("olena", "/leads?limit=1").await.json())[0]);
    // What was read before its failing is not to answer for it.
    world.connect("olena", ACCOUNT).await;
    let failures = ["500", "\"drop\"", "\"cut\"", "\"bad_json\""];
    for failure in failures {
        let outage = serde_json::from_str(&format!("{{\"api_outage\":{failure}}}")).unwrap();
        world.sandbox.set_faults(outage).unwrap();
        for path in ["/leads", &lead, "/pipelines", "/pipelines/1/stages"] {
            assert_eq!(world.get("olena", path).await.problem(), (502, "crm_unavailable"), "{path}: {failure}");
        }
    }
    world.sandbox.set_faults(Faults::default()).unwrap();
    assert_eq!(world.get("olena", "/leads").await.status, 200);
}
