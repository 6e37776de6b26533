//! Every lead of one's own, no other, and no call too many.

use amo_connect_sandbox::{DeletedLead, Faults, Switches};
use amo_connect_tests::RIVAL;
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::steps::{Amo, calls, ids, world};

/// *Empty*: an account with nothing in it.
const EMPTY: u64 = 40_000_002;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_leads_page_through_in_order_with_none_missing_and_none_foreign() {
    let world = world(10_000).await;
    world.connect("ivan", RIVAL).await;
    let amo = Amo::of(&world).await;
    let (mut ours, mut theirs, mut his, mut page) = (Vec::new(), Vec::new(), Vec::new(), 0);
    loop {
        page += 1;
        let path = format!("/leads?limit=250&page={page}");
        let (answer, cost) = calls(&world, world.get("olena", &path)).await;
        assert!(cost <= if page == 1 { 3 } else { 2 }, "page {page} cost {cost} calls");
        let answer = answer.json();
        ours.extend(ids(&answer));
        // Another account's, page by page between hers.
        let (rivals, truth) = join(
            world.get("ivan", &format!("/leads?limit=1&page={page}")),
            amo.get(&format!("{path}&order[updated_at]=desc")),
        )
        .await;
        his.extend(ids(&rivals.json()));
        theirs.extend(truth["_embedded"]["leads"].as_array().unwrap().iter().map(|lead| lead["id"].as_u64().unwrap()));
        assert_eq!((&answer["page"], &answer["limit"]), (&json!(page), &json!(250)));
        if answer["hasMore"] == false {
            break;
        }
    }
    assert_eq!((page, ours.len(), his.len()), (40, 10_000, 40));
    assert_eq!(ours, theirs);
    assert!(his.iter().all(|lead| !ours.contains(lead)));
    let beyond = world.get("olena", "/leads?limit=250&page=41").await.json();
    assert_eq!((&beyond["data"], &beyond["hasMore"]), (&json!([]), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_three_calls_cold_two_with_the_pipelines_and_one_with_the_contacts_too() {
    let world = world(630).await;
    for (path, cost) in [("/leads?page=1", 3), ("/leads?page=2", 2), ("/leads?page=1", 1), ("/pipelines", 0)] {
        let (answer, calls) = calls(&world, world.get("olena", path)).await;
        assert_eq!((answer.status, calls), (200, cost), "{path}");
    }
    let id = ids(&world.get("olena", "/leads?page=2").await.json())[0];
    let (_, cost) = calls(&world, world.get("olena", &format!("/leads/{id}"))).await;
    assert_eq!(cost, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_equal_requests_at_once_cost_one_set_of_calls() {
    let world = world(630).await;
    world.sandbox.set_faults(Faults { latency_ms: 500, ..Faults::default() }).unwrap();
    let eight = join_all((0..8).map(|_| world.get("olena", "/leads?limit=20")));
    let (answers, cost) = calls(&world, eight).await;
    assert_eq!(cost, 3);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_account_has_no_leads_and_that_is_no_error() {
    let world = world(630).await;
    world.connect("sam", EMPTY).await;
    let answer = world.get("sam", "/leads").await.json();
    assert_eq!(answer, json!({ "success": true, "data": [], "page": 1, "limit": 50, "hasMore": false }));
    assert_eq!(world.get("sam", "/pipelines").await.status, 200);
    assert_eq!(world.get("sam", "/leads/1").await.problem(), (404, "lead_not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_an_unknown_and_a_foreign_lead_are_not_found() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let shown = Switches { deleted_lead: DeletedLead::Shown, ..world.sandbox.switches() };
    world.sandbox.set_switches(shown).unwrap();
    let deleted = amo.get("/leads?with=only_deleted").await["_embedded"]["leads"][0]["id"].as_u64().unwrap();
    assert_eq!(amo.get(&format!("/leads/{deleted}")).await["is_deleted"], true);
    world.connect("ivan", RIVAL).await;
    let foreign = ids(&world.get("ivan", "/leads").await.json())[0];
    for id in [deleted, foreign, 1, u64::MAX / 2] {
        assert_eq!(world.get("olena", &format!("/leads/{id}")).await.problem(), (404, "lead_not_found"));
    }
    for page in 1..=3 {
        assert!(!ids(&world.get("olena", &format!("/leads?limit=250&page={page}")).await.json()).contains(&deleted));
    }
    let stages = world.get("olena", "/pipelines/1/stages").await;
    assert_eq!(stages.problem(), (404, "pipeline_not_found"));
}
