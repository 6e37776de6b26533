//! Stages of a pipeline: their order, their descriptions, and what becomes of the leads of a deleted one.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{at, pipelines::PIPELINES, without};
use crate::{
    leads::Leads,
    leads_write::{FIRST, MAIN, SECOND, errors},
    support::{AGENCY, ids},
};

/// The next stage of the agency.
const NEXT: u64 = 65_710_853;

/// The path of the stages of the main pipeline, or of one of them.
fn path(stage: Option<u64>) -> String {
    let end = stage.map(|id| format!("/{id}")).unwrap_or_default();
    format!("{PIPELINES}/{MAIN}/statuses{end}")
}

impl Leads {
    /// The ids and the numbers of the ordinary stages of the main pipeline.
    async fn order(&self) -> Vec<(u64, u64)> {
        let stages = self.listed(&path(None), "statuses").await;
        let number = |stage: &Value, name: &str| stage[name].as_u64().unwrap();
        let ordinary = stages.iter().filter(|stage| stage["is_editable"] == true);
        ordinary.map(|stage| (number(stage, "id"), number(stage, "sort"))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_are_added_where_their_numbers_say_and_numbered_anew() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let new = json!([
        {"name": "Новый этап", "sort": 200, "color": "#deff81", "request_id": "a"},
        {"name": "Новый этап 2", "sort": 25},
    ]);
    let answer = leads.send(Method::POST, &path(None), &new).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let answer = answer.json();
    assert_eq!(answer["_total_items"], 2);
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let expected = json!({
        "id": NEXT, "name": "Новый этап", "sort": 80, "is_editable": true, "pipeline_id": MAIN, "color": "#deff81",
        "type": 0, "account_id": 31_920_194, "request_id": "a",
        "_links": {"self": {"href": format!("http://{host}/api/v4/{}", path(Some(NEXT)))}}, "descriptions": [],
    });
    let [one, other] = &answer["_embedded"]["statuses"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!(*one, expected);
    assert_eq!(
        (&other["id"], &other["color"], &other["request_id"]),
        (&json!(NEXT + 1), &json!("#fffeb2"), &json!("1"))
    );
    let shown = leads.get(&path(Some(NEXT))).await.json();
    assert_eq!(shown, without(expected, &["request_id", "descriptions"]));
    let third = FIRST + 8;
    let expected = [FIRST, NEXT + 1, SECOND, third, third + 4, third + 8, NEXT];
    let numbers: Vec<_> = expected.into_iter().zip((20..).step_by(10)).collect();
    assert_eq!(leads.order().await, numbers);
    let moved = leads.send(Method::PATCH, &path(Some(NEXT)), &json!({"name": "Раньше", "sort": 1})).await.json();
    assert_eq!((&moved["name"], &moved["sort"], &moved["request_id"]), (&json!("Раньше"), &json!(20), &json!("0")),);
    let lead = leads.add(json!({})).await;
    assert_eq!(leads.one(lead).await["status_id"], NEXT, "leads begin in the first one");
    assert_eq!(leads.order().await[1], (FIRST, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_has_a_description_for_each_level() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let described = |level: &str, text: &str| json!({"level": level, "description": text});
    let new = json!({"name": "x", "sort": 100,
                     "descriptions": [described("master", "Для мастера"), described("newbie", "Для новичка 🙂")]});
    let stage = leads.made(&path(None), "statuses", 200, new).await;
    let [newbie, master] = &stage["descriptions"].as_array().unwrap()[..] else { panic!("{stage}") };
    let now = leads.amo.sandbox.clock().now;
    let written = |seconds: u64| {
        let time = jiff::Timestamp::from_second((seconds + 7200).cast_signed()).unwrap();
        time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    let expected = json!({
        "account_id": 31_920_194, "created_at": written(now), "created_by": 0, "description": "Для новичка 🙂", "id": 2,
        "level": "newbie", "pipeline_id": MAIN, "status_id": NEXT, "updated_at": written(now), "updated_by": null,
    });
    assert_eq!((newbie, &master["id"]), (&expected, &json!(1)));
    leads.amo.sandbox.advance_clock(Duration::from_mins(1)).unwrap();
    let change = json!({"descriptions": [
        {"id": 2, "level": "newbie", "description": "Иначе"},
        {"id": 1, "level": "master"},
        described("candidate", "Для кандидата"),
    ]});
    let changed = leads.send(Method::PATCH, &path(Some(NEXT)), &change).await.json();
    let mut expected = expected;
    (expected["description"], expected["updated_at"], expected["updated_by"]) =
        (json!("Иначе"), json!(written(now + 60)), json!(0));
    assert_eq!(changed["descriptions"][0], expected);
    let levels: Vec<_> = changed["descriptions"].as_array().unwrap().iter().map(|one| &one["level"]).collect();
    assert_eq!(levels, ["newbie", "candidate"]);
    assert_eq!(changed["name"], "x");
    let again = json!({"descriptions": [described("newbie", "Заново")]});
    let again = leads.send(Method::PATCH, &path(Some(NEXT)), &again).await.json();
    assert_eq!((&again["descriptions"][0]["id"], &again["descriptions"][0]["updated_by"]), (&json!(4), &Value::Null));
    let shown = leads.get(&format!("{}?with=descriptions", path(Some(NEXT)))).await.json();
    assert_eq!(shown["descriptions"], again["descriptions"]);
    let list = leads.listed(&format!("{}?with=descriptions", path(None)), "statuses").await;
    let of = |id: u64| list.iter().find(|stage| stage["id"] == id).unwrap()["descriptions"].clone();
    assert_eq!((of(NEXT), of(FIRST)), (again["descriptions"].clone(), json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leads_of_a_deleted_stage_go_to_the_first_one() {
    let leads = Leads::start().await;
    let stage = leads.made(&path(None), "statuses", 200, json!({"name": "x", "sort": 100})).await["id"].clone();
    assert_eq!(stage, NEXT);
    let elsewhere = leads.add(json!({"status_id": SECOND})).await;
    let lead = leads.add(json!({"status_id": NEXT})).await;
    let binned = leads.add(json!({"status_id": NEXT})).await;
    leads.amo.sandbox.delete_lead(AGENCY, binned).unwrap();
    let changes = leads.changes().await.len();
    leads.amo.sandbox.advance_clock(Duration::from_mins(1)).unwrap();
    let before = leads.one(lead).await;
    let deleted = leads.send(Method::DELETE, &path(Some(NEXT)), &Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    assert_eq!(leads.get(&path(Some(NEXT))).await.status, 204);
    let after = leads.one(lead).await;
    assert_eq!((&after["status_id"], &after["pipeline_id"]), (&json!(FIRST), &json!(MAIN)));
    assert!(after["updated_at"].as_u64().unwrap() >= before["updated_at"].as_u64().unwrap() + 60);
    assert_eq!(leads.one(elsewhere).await["status_id"], SECOND);
    let status = |id: u64| json!([{"lead_status": {"id": id, "pipeline_id": MAIN}}]);
    assert_eq!(leads.events().await[0], ("lead_status_changed".to_owned(), status(NEXT), status(FIRST)));
    let told = leads.changes().await.split_off(changes);
    let [told] = &told[..] else { panic!("the one in the bin is told, too: {told:?}") };
    assert_eq!((&told["entity_id"], &told["settings"]), (&json!(lead), &json!(["update_lead", "status_lead"])));
    leads.amo.control("POST", "/leads", json!({"account": 31_920_194, "restore": binned})).await;
    assert_eq!(leads.one(binned).await["status_id"], FIRST);
    assert_eq!(leads.send(Method::DELETE, &path(Some(FIRST)), &Value::Null).await.status, 204);
    assert_eq!(leads.one(lead).await["status_id"], SECOND, "what was the second is the first now");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stages_of_every_pipeline_and_the_last_one_of_its_own_stay() {
    let leads = Leads::start().await;
    let refused = vec![at("NotSupportedChoice", "id")];
    for stage in [MAIN * 9, 142, 143, 1] {
        let changed = leads.send(Method::PATCH, &path(Some(stage)), &json!({"name": "x"})).await;
        assert_eq!(errors(&changed), [("0".to_owned(), refused.clone())], "{stage}");
        let deleted = leads.send(Method::DELETE, &path(Some(stage)), &Value::Null).await;
        assert_eq!(errors(&deleted)[0].1, refused, "{stage}");
    }
    let own: Vec<_> = leads.order().await.into_iter().map(|(id, _)| id).collect();
    let (last, others) = own.split_last().unwrap();
    for stage in others {
        assert_eq!(leads.send(Method::DELETE, &path(Some(*stage)), &Value::Null).await.status, 204, "{stage}");
    }
    let deleted = leads.send(Method::DELETE, &path(Some(*last)), &Value::Null).await;
    assert_eq!(errors(&deleted)[0].1, refused);
    assert_eq!(ids(&leads.get(&path(None)).await.json(), "statuses"), [MAIN * 9, *last, 142, 143]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_that_cannot_be_are_refused_where_they_are() {
    let leads = Leads::start().await;
    let described = |level: &str, text: &str| json!({"level": level, "description": text});
    let bad = json!([
        {},
        {"name": "x", "sort": 1, "color": "red"},
        {"name": "x", "sort": 1, "descriptions": [
            described("newbie", "x"), described("newbie", "x"), {"level": "master"}, {"description": "x"},
            {"id": 1, "level": "candidate", "description": "x".repeat(1001)},
        ]},
    ]);
    let refused = leads.send(Method::POST, &path(None), &bad).await;
    let of_third = vec![
        at("NotUnique", "descriptions.1.level"),
        at("FieldMissing", "descriptions.2.description"),
        at("FieldMissing", "descriptions.3.level"),
        at("NotSupportedChoice", "descriptions.4.id"),
        at("TooLong", "descriptions.4.description"),
    ];
    assert_eq!(
        errors(&refused),
        [
            ("0".to_owned(), vec![at("FieldMissing", "name"), at("FieldMissing", "sort")]),
            ("1".to_owned(), vec![at("NotSupportedChoice", "color")]),
            ("2".to_owned(), of_third),
        ]
    );
    let refused =
        leads.send(Method::POST, &format!("{PIPELINES}/1/statuses"), &json!([{"name": "x", "sort": 1}])).await;
    assert_eq!(errors(&refused)[0].1, [at("NotSupportedChoice", "id")]);
    let many = |count: u64| (0..count).map(|place| json!({"name": "x", "sort": place})).collect::<Vec<_>>();
    assert_eq!(leads.send(Method::POST, &path(None), &json!(many(92))).await.status, 200);
    let refused = leads.send(Method::POST, &path(None), &json!(many(1))).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (422, &json!("Limit 100 per page")));
}
