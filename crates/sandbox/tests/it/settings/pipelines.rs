//! Pipelines: added whole, changed and deleted.

use amo_connect_sandbox::AccountId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{at, without};
use crate::{
    leads::Leads,
    leads_write::{MAIN, errors},
    support::{AGENCY, ids, read},
};

pub(super) const PIPELINES: &str = "leads/pipelines";
const LETTINGS: u64 = 7_301_204;
/// The next pipeline and the next stage of the agency.
const NEXT: u64 = 7_301_205;
const NEXT_STAGE: u64 = 65_710_853;

/// A new pipeline with all that it must have.
fn pipeline(name: &str) -> Value {
    json!({"name": name, "sort": 20, "is_main": false, "is_unsorted_on": true})
}

impl Leads {
    async fn pipelines(&self) -> Vec<Value> {
        self.listed(PIPELINES, "pipelines").await
    }

    /// The id of the main one; there is only one.
    async fn main_pipeline(&self) -> u64 {
        let mains: Vec<_> = self.pipelines().await.into_iter().filter(|one| one["is_main"] == true).collect();
        assert_eq!((mains.len(), &mains[0]["sort"]), (1, &json!(1)), "{mains:?}");
        mains[0]["id"].as_u64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pipeline_is_answered_whole_and_leads_begin_in_it() {
    let leads = Leads::start().await;
    let mut new = pipeline("Воронка доп продаж");
    new["request_id"] = json!("123");
    new["_embedded"] = json!({"statuses": [
        {"id": 142, "name": "Мое название для успешных сделок"},
        {"name": "Договор", "sort": 900, "color": "#C1E0FF"},
        {"name": "Первичный контакт", "sort": 10, "color": "#fffeb2"},
        {"name": "Оплата"},
    ]});
    let made = leads.made(PIPELINES, "pipelines", 200, new).await;
    assert_eq!(made["request_id"], "123");
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let link = |path: &str| json!({"self": {"href": format!("http://{host}/api/v4/leads/pipelines/{NEXT}{path}")}});
    let stage = |id: u64, name: &str, sort: u64, color: &str| {
        json!({
            "id": id, "name": name, "sort": sort, "is_editable": (20..10_000).contains(&sort), "pipeline_id": NEXT,
            "color": color, "type": u64::from(sort == 10), "account_id": 31_920_194,
            "_links": link(&format!("/statuses/{id}")),
        })
    };
    let expected = json!({
        "id": NEXT, "name": "Воронка доп продаж", "sort": 20, "is_main": false, "is_unsorted_on": true,
        "is_archive": false, "account_id": 31_920_194, "_links": link(""),
        "_embedded": {"statuses": [
            stage(NEXT_STAGE, "Неразобранное", 10, "#c1c1c1"),
            stage(NEXT_STAGE + 2, "Первичный контакт", 20, "#fffeb2"),
            stage(NEXT_STAGE + 1, "Договор", 30, "#c1e0ff"),
            stage(NEXT_STAGE + 3, "Оплата", 40, "#fffeb2"),
            stage(142, "Мое название для успешных сделок", 10_000, "#ccff66"),
            stage(143, "Закрыто и не реализовано", 11_000, "#d5d8db"),
        ]},
    });
    assert_eq!(without(made, &["request_id"]), expected);
    assert_eq!(leads.get(&format!("{PIPELINES}/{NEXT}")).await.json(), expected);
    assert_eq!(ids(&leads.get(PIPELINES).await.json(), "pipelines"), [MAIN, LETTINGS, NEXT]);
    let lead = leads.add(json!({"pipeline_id": NEXT})).await;
    assert_eq!(leads.one(lead).await["status_id"], NEXT_STAGE + 2);
    let bare = leads.made(PIPELINES, "pipelines", 200, pipeline("x")).await;
    let names: Vec<_> =
        bare["_embedded"]["statuses"].as_array().unwrap().iter().map(|stage| stage["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Неразобранное", "Первичный контакт", "Успешно реализовано", "Закрыто и не реализовано"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_pipeline_leaves_what_it_does_not_say() {
    let leads = Leads::start().await;
    let path = format!("{PIPELINES}/{LETTINGS}");
    let before = leads.get(&path).await.json();
    let body = json!({"name": "Новое название", "sort": 100, "request_id": "it"});
    let changed = leads.send(Method::PATCH, &path, &body).await;
    assert_eq!((changed.status.as_u16(), changed.content_type.as_str()), (200, "application/hal+json"));
    let mut expected = before.clone();
    (expected["name"], expected["sort"], expected["request_id"]) = (json!("Новое название"), json!(100), json!("it"));
    assert_eq!(changed.json(), expected);
    assert_eq!(leads.get(&path).await.json(), without(expected, &["request_id"]));
    assert_eq!(leads.send(Method::PATCH, &path, &json!({})).await.status, 400, "something must be said");
    let unknown = leads.send(Method::PATCH, &format!("{PIPELINES}/1"), &json!({"name": "x"})).await;
    assert_eq!(errors(&unknown)[0].1, [at("NotSupportedChoice", "id")]);
    for (method, path) in [(Method::PATCH, PIPELINES), (Method::DELETE, PIPELINES)] {
        assert_eq!(leads.send(method, path, &json!([{"id": LETTINGS, "name": "x"}])).await.status, 405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pipeline_is_the_main_one_whatever_is_said() {
    let leads = Leads::start().await;
    let mut new = pipeline("Нова головна");
    new["is_main"] = json!(true);
    let made = leads.made(PIPELINES, "pipelines", 200, new).await;
    assert_eq!((&made["id"], &made["sort"], leads.main_pipeline().await), (&json!(NEXT), &json!(1), NEXT));
    assert_eq!(ids(&leads.get(PIPELINES).await.json(), "pipelines")[0], NEXT, "it is the first of the list");
    let lead = leads.add(json!({})).await;
    assert_eq!(leads.one(lead).await["pipeline_id"], NEXT, "leads begin there");
    let path = format!("{PIPELINES}/{NEXT}");
    let changed = leads.send(Method::PATCH, &path, &json!({"is_main": false})).await.json();
    assert_eq!((&changed["is_main"], leads.main_pipeline().await), (&json!(false), MAIN));
    leads.send(Method::PATCH, &path, &json!({"is_main": true})).await;
    assert_eq!(leads.main_pipeline().await, NEXT);
    leads.patch(lead, json!({"pipeline_id": MAIN})).await;
    assert_eq!(leads.send(Method::DELETE, &path, &Value::Null).await.status, 204);
    assert_eq!(leads.main_pipeline().await, MAIN, "another takes the place of a deleted one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stage_of_the_unsorted_is_switched_off_and_on() {
    let leads = Leads::start().await;
    let made = leads.made(PIPELINES, "pipelines", 200, pipeline("x")).await;
    assert_eq!(made["_embedded"]["statuses"][0]["id"], NEXT_STAGE);
    let path = format!("{PIPELINES}/{NEXT}");
    let switch = async |path: &str, is_on: bool| {
        let answer = leads.send(Method::PATCH, path, &json!({"is_unsorted_on": is_on})).await;
        (answer.status.as_u16(), answer)
    };
    let (status, off) = switch(&path, false).await;
    let off = off.json();
    assert_eq!((status, &off["is_unsorted_on"]), (200, &json!(false)));
    assert_eq!(ids(&off, "statuses"), [NEXT_STAGE + 1, 142, 143]);
    let form = json!([{"source_name": "x", "source_uid": "x", "pipeline_id": NEXT,
        "metadata": {"form_id": "1", "form_name": "x", "form_page": "x", "form_sent_at": 1, "ip": "::1", "referer": "x"},
        "_embedded": {"leads": [{"name": "x"}]}}]);
    let refused = leads.send(Method::POST, "leads/unsorted/forms", &form).await;
    assert_eq!(errors(&refused)[0].1, [at("NotSupportedChoice", "pipeline_id")]);
    let refused = leads.post(json!([{"pipeline_id": NEXT, "status_id": NEXT_STAGE}])).await;
    assert_eq!(errors(&refused)[0].1, [at("NotSupportedChoice", "status_id")]);
    let (_, on) = switch(&path, true).await;
    assert_eq!(ids(&on.json(), "statuses"), [NEXT_STAGE, NEXT_STAGE + 1, 142, 143]);
    assert_eq!(leads.send(Method::POST, "leads/unsorted/forms", &form).await.status, 200);
    let (_, refused) = switch(&path, false).await;
    assert_eq!(errors(&refused)[0].1, [at("NotSupportedChoice", "is_unsorted_on")], "a lead stands there");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_pipeline_without_leads_is_deleted() {
    let leads = Leads::start().await;
    leads.made(PIPELINES, "pipelines", 200, pipeline("x")).await;
    let path = format!("{PIPELINES}/{NEXT}");
    let source = json!({"name": "Avito", "external_id": "avito", "pipeline_id": NEXT});
    let source = leads.made("sources", "sources", 200, source).await["id"].clone();
    let own = |pipeline: u64, stage: u64| {
        json!({"entity_type": "leads", "pipeline_id": pipeline, "status_id": stage,
               "rights": {"view": "D", "edit": "D", "delete": "D"}})
    };
    let role = json!({"name": "x", "rights": {"status_rights": [own(NEXT, NEXT_STAGE + 1), own(MAIN, 142)]}});
    let role = leads.made("roles", "roles", 201, role).await["id"].clone();
    let stages = json!([{"pipeline_id": NEXT, "status_id": 142}, {"pipeline_id": MAIN, "status_id": 142}]);
    let field = json!({"name": "x", "type": "text", "required_statuses": stages, "hidden_statuses": stages});
    let field = leads.made("leads/custom_fields", "custom_fields", 201, field).await["id"].clone();
    let (lead, binned) = (leads.add(json!({"pipeline_id": NEXT})).await, leads.add(json!({"pipeline_id": NEXT})).await);
    leads.amo.sandbox.delete_lead(AGENCY, binned).unwrap();
    let delete = async || leads.send(Method::DELETE, &path, &Value::Null).await;
    leads.patch(lead, json!({"pipeline_id": MAIN})).await;
    assert_eq!(errors(&delete().await)[0].1, [at("NotSupportedChoice", "id")], "one is in the bin");
    leads.amo.control("POST", "/leads", json!({"account": 31_920_194, "restore": binned})).await;
    assert_eq!(errors(&delete().await)[0].1, [at("NotSupportedChoice", "id")]);
    leads.patch(binned, json!({"pipeline_id": MAIN})).await;
    let deleted = delete().await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    assert_eq!(leads.get(&path).await.status, 204);
    assert_eq!(leads.get(&format!("{path}/statuses")).await.status, 204);
    assert_eq!(errors(&delete().await)[0].1, [at("NotSupportedChoice", "id")]);
    assert_eq!(leads.get(&format!("sources/{source}")).await.json()["pipeline_id"], MAIN);
    let rights = leads.get(&format!("roles/{role}")).await.json()["rights"]["status_rights"].clone();
    assert_eq!(rights, json!([own(MAIN, 142)]));
    let field = leads.get(&format!("leads/custom_fields/{field}")).await.json();
    let left = json!([{"status_id": 142, "pipeline_id": MAIN}]);
    assert_eq!((&field["required_statuses"], &field["hidden_statuses"]), (&left, &left));
    let again = leads.made(PIPELINES, "pipelines", 200, pipeline("x")).await;
    assert_eq!(again["id"], NEXT + 1, "no id comes twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_pipeline_stays() {
    let leads = Leads::start().await;
    let token = leads.amo.connect(AccountId::EMPTY).await.access;
    let url = leads.amo.url(AccountId::EMPTY, "/api/v4/leads/pipelines");
    let list = leads.amo.get_url(&url, &token).await.json();
    let [id] = ids(&list, "pipelines")[..] else { panic!("{list}") };
    let delete = leads.amo.http.delete(format!("{url}/{id}")).bearer_auth(&token);
    assert_eq!(errors(&read(delete.send().await.unwrap()).await)[0].1, [at("NotSupportedChoice", "id")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_that_cannot_be_are_refused_where_they_are() {
    let leads = Leads::start().await;
    let mut bad = pipeline(" ");
    bad["_embedded"] = json!({"statuses": [
        {"id": 144, "name": "x"},
        {"sort": "first", "color": "#99ccff"},
        {"name": "x", "descriptions": [{"level": "guru", "description": "x"}]},
    ]});
    let refused = leads.send(Method::POST, PIPELINES, &json!([{}, bad])).await;
    let missing = ["name", "sort", "is_main", "is_unsorted_on"].map(|name| at("FieldMissing", name));
    assert_eq!(errors(&refused), [("1".to_owned(), vec![at("InvalidType", "_embedded.statuses.1.sort")])]);
    bad["_embedded"]["statuses"][1]["sort"] = json!(1);
    let refused = leads.send(Method::POST, PIPELINES, &json!([{}, bad])).await;
    let of_second = vec![
        at("IsBlank", "name"),
        at("NotSupportedChoice", "_embedded.statuses.0.id"),
        at("FieldMissing", "_embedded.statuses.1.name"),
        at("NotSupportedChoice", "_embedded.statuses.1.color"),
        at("NotSupportedChoice", "_embedded.statuses.2.descriptions.0.level"),
    ];
    assert_eq!(errors(&refused), [("0".to_owned(), missing.to_vec()), ("1".to_owned(), of_second)]);
    let mut full = pipeline("x");
    let stages: Vec<_> = (0..97).map(|place| json!({"name": place.to_string()})).collect();
    full["_embedded"] = json!({"statuses": stages});
    let made = leads.made(PIPELINES, "pipelines", 200, full.clone()).await;
    assert_eq!(ids(&made, "statuses").len(), 100);
    full["_embedded"]["statuses"].as_array_mut().unwrap().push(json!({"name": "x"}));
    let refused = leads.send(Method::POST, PIPELINES, &json!([full])).await;
    assert_eq!(errors(&refused)[0].1, [at("TooMany", "_embedded.statuses")]);
    let many: Vec<_> = (0..47).map(|place| pipeline(&place.to_string())).collect();
    assert_eq!(leads.send(Method::POST, PIPELINES, &json!(many)).await.status, 200);
    assert_eq!(leads.pipelines().await.len(), 50);
    let refused = leads.send(Method::POST, PIPELINES, &json!([pipeline("x")])).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (422, &json!("Limit 50 per page")));
}
