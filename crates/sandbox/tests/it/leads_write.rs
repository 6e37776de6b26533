//! Leads that are added and changed: bodies, answers, refusals, stages.

use amo_connect_sandbox::{Reopening, SinglePatch, UnknownId, UnknownMembers};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    support::{AGENCY, Answer, ids, read},
};

/// The stages of the main pipeline: its first ones, won, and lost.
pub(crate) const MAIN: u64 = 7_301_200;
pub(crate) const FIRST: u64 = MAIN * 9 + 4;
pub(crate) const SECOND: u64 = MAIN * 9 + 8;
const LETTINGS: u64 = 7_301_204;
/// What the ids of events begin with that are not from before the start: the time of it.
const START: &str = "01m7x1v080";

impl Leads {
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = self.amo.url(AGENCY, &format!("/api/v4/{path}"));
        read(self.amo.http.request(method, url).bearer_auth(&self.token).json(body).send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.amo.get(AGENCY, &format!("/api/v4/{path}"), &self.token).await
    }

    pub(crate) async fn post(&self, body: Value) -> Answer {
        self.send(Method::POST, "leads", &body).await
    }

    /// Adds one lead and gives its id.
    pub(crate) async fn add(&self, lead: Value) -> u64 {
        let answer = self.post(json!([lead])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        ids(&answer.json(), "leads")[0]
    }

    pub(crate) async fn patch(&self, id: u64, body: Value) -> Answer {
        self.send(Method::PATCH, &format!("leads/{id}"), &body).await
    }

    /// Changes one lead and gives it as it is then.
    pub(crate) async fn changed(&self, id: u64, body: Value) -> Value {
        let answer = self.patch(id, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.one(id).await
    }

    pub(crate) async fn one(&self, id: u64) -> Value {
        self.amo.get(AGENCY, &format!("/api/v4/leads/{id}?with=contacts"), &self.token).await.json()
    }

    /// The types and values of the events since the start, the latest first.
    pub(crate) async fn events(&self) -> Vec<(String, Value, Value)> {
        let answer = self.amo.get(AGENCY, "/api/v4/events", &self.token).await;
        let mut list = answer.json()["_embedded"]["events"].as_array().unwrap().clone();
        list.retain(|event| event["id"].as_str().unwrap() >= START);
        let event = |event: Value| {
            let kind = event["type"].as_str().unwrap().to_owned();
            (kind, event["value_before"].clone(), event["value_after"].clone())
        };
        list.into_iter().map(event).collect()
    }

    /// What webhooks would be changes, in order.
    pub(crate) async fn changes(&self) -> Vec<Value> {
        let url = self.amo.url(AGENCY, "/_sandbox/changes?account=31920194");
        self.amo.open(&url).await.json()["changes"].as_array().unwrap().clone()
    }
}

/// The codes and paths of a refusal, item by item.
pub(crate) fn errors(refused: &Answer) -> Vec<(String, Vec<(String, String)>)> {
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.content_type, "application/problem+json");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let error = |error: &Value| (text(&error["code"]), text(&error["path"]));
    let item =
        |item: &Value| (text(&item["request_id"]), item["errors"].as_array().unwrap().iter().map(error).collect());
    refused.json()["validation-errors"].as_array().unwrap().iter().map(item).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_leads_are_answered_thinly_and_found_at_once() {
    let leads = Leads::start().await;
    let answer = leads.post(json!([{"name": "Квартира", "price": 90_000, "request_id": "a"}, {}])).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let [first, second] = ids(&answer.json(), "leads")[..] else { panic!("{answer:?}") };
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    assert_eq!(
        answer.body,
        format!(
            "{{\"_links\":{{\"self\":{{\"href\":\"http://{host}/api/v4/leads\"}}}},\"_embedded\":{{\"leads\":[\
             {{\"id\":{first},\"request_id\":\"a\",\"_links\":{{\"self\":{{\"href\":\"http://{host}/api/v4/leads/{first}\"}}}}}},\
             {{\"id\":{second},\"request_id\":\"1\",\"_links\":{{\"self\":{{\"href\":\"http://{host}/api/v4/leads/{second}\"}}}}}}]}}}}"
        )
    );
    let lead = leads.one(first).await;
    let now = leads.amo.sandbox.clock().now;
    assert!(lead["created_at"].as_u64().unwrap().abs_diff(now) < 60, "{lead}");
    for (name, value) in [
        ("name", json!("Квартира")),
        ("price", json!(90_000)),
        ("pipeline_id", json!(MAIN)),
        ("status_id", json!(FIRST)),
        ("responsible_user_id", json!(10_110_001)),
        ("created_by", json!(10_110_001)),
        ("updated_by", json!(10_110_001)),
        ("updated_at", lead["created_at"].clone()),
        ("closed_at", Value::Null),
        ("loss_reason_id", Value::Null),
        ("custom_fields_values", Value::Null),
        ("is_deleted", json!(false)),
    ] {
        assert_eq!(lead[name], value, "{name}");
    }
    assert_eq!(leads.one(second).await["name"], format!("Сделка #{second}"));
    assert_eq!(leads.list(&format!("filter[id]={first}")).await.len(), 1);
    assert_eq!(
        leads.list("query=%D0%9A%D0%92%D0%90%D0%A0%D0%A2%D0%98%D0%A0%D0%90&order[id]=desc").await[0]["id"],
        first
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_with_the_same_calls_give_the_same_ids() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let leads = Leads::start().await;
        let id = leads.add(json!({"tags_to_add": [{"name": "нове"}]})).await;
        let lead = leads.changed(id, json!({"price": 5})).await;
        let events = leads.amo.get(AGENCY, "/api/v4/events", &leads.token).await.json();
        let mut events: Vec<_> =
            events["_embedded"]["events"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        events.retain(|id| id.as_str().unwrap() >= START);
        runs.push((id, lead["_embedded"]["tags"].clone(), events));
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0].2.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_member_rejects_the_whole_request() {
    let leads = Leads::start().await;
    let before = leads.list("limit=1&order[id]=desc").await[0]["id"].clone();
    let refused = leads
        .post(json!([
            {"name": "good"},
            {"request_id": "x", "price": "90000", "name": 5, "_embedded": {"contacts": [{"is_main": true}]}},
            {"tags_to_add": [{}], "custom_fields_values": [7, {"values": []}]},
        ]))
        .await;
    let invalid_type = |path: &str| ("InvalidType".to_owned(), path.to_owned());
    let missing = |path: &str| ("FieldMissing".to_owned(), path.to_owned());
    assert_eq!(
        errors(&refused),
        [
            ("x".to_owned(), vec![invalid_type("name"), invalid_type("price"), missing("_embedded.contacts.0.id")]),
            (
                "2".to_owned(),
                vec![
                    invalid_type("custom_fields_values.0"),
                    missing("custom_fields_values.1.field_id"),
                    missing("tags_to_add.0.name")
                ]
            ),
        ]
    );
    let choice = |path: &str| ("NotSupportedChoice".to_owned(), path.to_owned());
    let refused = leads
        .post(json!([
            {"status_id": 1, "responsible_user_id": 1, "created_by": 0, "updated_by": 9},
            {"name": "good"},
            {"pipeline_id": LETTINGS, "status_id": FIRST, "loss_reason_id": 1},
            {"pipeline_id": 5, "_embedded": {"contacts": [{"id": 5}], "companies": [{"id": 6}], "tags": [{"id": 7}]}},
        ]))
        .await;
    assert_eq!(
        errors(&refused),
        [
            ("0".to_owned(), vec![choice("status_id"), choice("responsible_user_id"), choice("updated_by")]),
            ("2".to_owned(), vec![choice("status_id"), choice("loss_reason_id")]),
            (
                "3".to_owned(),
                vec![
                    choice("_embedded.contacts.0.id"),
                    choice("_embedded.companies.0.id"),
                    choice("pipeline_id"),
                    choice("_embedded.tags.0.id")
                ]
            ),
        ]
    );
    assert_eq!(leads.list("limit=1&order[id]=desc").await[0]["id"], before, "nothing was added");
    assert_eq!(leads.changes().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_empty_too_long_or_of_the_wrong_kind_are_refused() {
    let leads = Leads::start().await;
    for (method, path, body, status, detail) in [
        (Method::POST, "leads", json!([]), 400, "Request data can not be empty"),
        (Method::POST, "leads", json!({"name": "x"}), 400, "Request data is malformed"),
        (Method::PATCH, "leads/1", json!([{"name": "x"}]), 400, "Request data is malformed"),
        (Method::PATCH, "leads/1", json!({}), 400, "Request data can not be empty"),
        (Method::POST, "leads", json!(vec![json!({}); 251]), 422, "Limit 250 per page"),
        (Method::DELETE, "leads", json!([{"id": 1}]), 405, "Method Not Allowed"),
        (Method::DELETE, "leads/1", json!({}), 405, "Method Not Allowed"),
    ] {
        let refused = leads.send(method, path, &body).await;
        assert_eq!((refused.status.as_u16(), refused.json()["detail"].as_str()), (status, Some(detail)), "{path}");
        assert_eq!(refused.content_type, "application/problem+json");
    }
    let url = leads.amo.url(AGENCY, "/api/v4/leads");
    for (body, detail) in [("", "Request data can not be empty"), ("[{", "Request data is malformed")] {
        let refused = leads.amo.http.post(&url).bearer_auth(&leads.token).body(body).send().await.unwrap();
        let refused = read(refused).await;
        assert_eq!((refused.status.as_u16(), refused.json()["detail"].as_str()), (400, Some(detail)));
    }
    assert_eq!(leads.post(json!(vec![json!({}); 250])).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_nobody_knows_are_ignored_or_by_a_switch_refused() {
    let leads = Leads::start().await;
    let lead = json!({
        "nmae": "x", "visitor_uid": "v", "_embedded": {"tagz": []},
    });
    leads.add(lead.clone()).await;
    leads.amo.switch(|switches| switches.unknown_members = UnknownMembers::Refused);
    let extra = |path: &str| ("ExtraField".to_owned(), path.to_owned());
    assert_eq!(
        errors(&leads.post(json!([lead])).await),
        [("0".to_owned(), vec![extra("_embedded.tagz"), extra("nmae")])]
    );
    leads.add(json!({"name": "x", "request_id": 7})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_leaves_what_it_does_not_say() {
    let leads = Leads::start().await;
    let id = leads.list("limit=1").await[0]["id"].as_u64().unwrap();
    let before = leads.one(id).await;
    let answer = leads.patch(id, json!({"price": 7, "updated_at": 1_700_000_000})).await;
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    assert_eq!(
        answer.body,
        format!(
            "{{\"id\":{id},\"updated_at\":1700000000,\
             \"_links\":{{\"self\":{{\"href\":\"http://{host}/api/v4/leads/{id}\"}}}}}}"
        )
    );
    let mut expected = before.clone();
    (expected["price"], expected["updated_at"], expected["updated_by"]) =
        (json!(7), json!(1_700_000_000), json!(10_110_001));
    assert_eq!(leads.one(id).await, expected);
    leads.amo.switch(|switches| switches.single_patch = SinglePatch::Embedded);
    let wrapped = leads.patch(id, json!({"price": 8})).await.json();
    assert_eq!(ids(&wrapped, "leads"), [id]);
    let two = leads.add(json!({})).await;
    let batch = leads.send(Method::PATCH, "leads", &json!([{"id": id, "name": "A"}, {"id": two, "name": "B"}])).await;
    assert_eq!(ids(&batch.json(), "leads"), [id, two]);
    let entry = &batch.json()["_embedded"]["leads"][0];
    assert_eq!(entry.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "updated_at", "_links"]);
    assert_eq!((leads.one(id).await["name"].as_str(), leads.one(two).await["name"].as_str()), (Some("A"), Some("B")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_lead_that_is_not_there_is_refused_in_either_way() {
    let leads = Leads::start().await;
    let choice = vec![("NotSupportedChoice".to_owned(), "id".to_owned())];
    let deleted = leads.list("with=only_deleted").await[0]["id"].as_u64().unwrap();
    for id in [1, deleted] {
        assert_eq!(errors(&leads.patch(id, json!({"price": 1})).await), [("0".to_owned(), choice.clone())]);
    }
    let good = leads.add(json!({"price": 1})).await;
    let both = json!([{"id": good, "price": 2}, {"id": 1, "price": 2}]);
    assert_eq!(errors(&leads.send(Method::PATCH, "leads", &both).await), [("1".to_owned(), choice)]);
    assert_eq!(leads.one(good).await["price"], 1);
    let nameless = leads.send(Method::PATCH, "leads", &json!([{"price": 2}])).await;
    assert_eq!(errors(&nameless), [("0".to_owned(), vec![("FieldMissing".to_owned(), "id".to_owned())])]);
    leads.amo.switch(|switches| switches.unknown_id = UnknownId::NotFound);
    assert_eq!(leads.patch(1, json!({"price": 1})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_move_through_stages_close_and_open_again() {
    let leads = Leads::start().await;
    let place = |lead: &Value| (lead["pipeline_id"].as_u64().unwrap(), lead["status_id"].as_u64().unwrap());
    let id = leads.add(json!({"status_id": SECOND})).await;
    assert_eq!(place(&leads.one(id).await), (MAIN, SECOND));
    let letting = leads.changed(id, json!({"pipeline_id": LETTINGS})).await;
    assert_eq!(place(&letting), (LETTINGS, LETTINGS * 9 + 4), "the first stage of the other pipeline");
    assert_eq!(
        place(&leads.changed(id, json!({"status_id": SECOND})).await),
        (MAIN, SECOND),
        "a stage has one pipeline"
    );
    let reason = 18_240_002;
    let lost = leads.changed(id, json!({"status_id": 143, "pipeline_id": LETTINGS, "loss_reason_id": reason})).await;
    assert_eq!(place(&lost), (LETTINGS, 143));
    assert_eq!(lost["loss_reason_id"], reason);
    assert_eq!(lost["closed_at"], lost["updated_at"]);
    let open = leads.changed(id, json!({"status_id": FIRST})).await;
    assert_eq!((&open["closed_at"], &open["loss_reason_id"]), (&Value::Null, &Value::Null));
    assert_eq!(place(&leads.changed(id, json!({"status_id": 142})).await), (MAIN, 142), "where it is");
    assert_eq!(leads.changed(id, json!({"closed_at": 1_600_000_000})).await["closed_at"], 1_600_000_000);
    leads.amo.switch(|switches| switches.reopening = Reopening::Keeps);
    assert_eq!(leads.changed(id, json!({"status_id": FIRST})).await["closed_at"], 1_600_000_000);
}
