//! Roles and users: added, changed, and what a user may do then.

use reqwest::Method;
use serde_json::{Value, json};

use super::ANDREW;
use crate::{
    leads::Leads,
    leads_write::errors,
    support::{AGENCY, ids},
};

/// Letters of one kind of entities.
fn letters(view: &str) -> Value {
    json!({"view": view, "edit": "A", "add": "D", "delete": "A", "export": "M"})
}

/// Rights as the official SDK writes them.
fn rights() -> Value {
    json!({
        "leads": letters("M"), "contacts": letters("M"), "companies": letters("M"),
        "tasks": {"edit": "A", "delete": "A"}, "mail_access": false, "catalog_access": true, "catalog_rights": null,
        "status_rights": [{"entity_type": "leads", "pipeline_id": 7_301_200, "status_id": 142,
                           "rights": {"add": "D", "view": "M", "delete": "A", "export": "A"}}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_gives_its_rights_to_its_users_and_leaves_them_when_it_goes() {
    let leads = Leads::start().await;
    let list = leads.get("roles?with=users").await.json();
    assert_eq!((&list["_total_items"], ids(&list, "roles")), (&json!(2), vec![120_001, 120_002]));
    let seller = &list["_embedded"]["roles"][0];
    assert_eq!(seller["_embedded"]["users"][0]["id"], ANDREW);
    assert_eq!(seller["rights"]["leads"]["view"], "A");
    let role = leads.made("roles", "roles", 201, json!({"name": "Новая роль", "rights": rights()})).await;
    assert_eq!((&role["id"], &role["rights"]["leads"]), (&json!(120_003), &letters("M")));
    let status_right = json!({"entity_type": "leads", "pipeline_id": 7_301_200, "status_id": 142,
                              "rights": {"view": "M", "edit": "D", "delete": "A"}});
    assert_eq!(role["rights"]["status_rights"], json!([status_right]));
    assert_eq!(role.get("_embedded"), None, "users come only with=users");

    let andrew = leads.token_of(ANDREW).await;
    let count = async || {
        let page = leads.send_as(&andrew, Method::GET, "leads?limit=250", &Value::Null).await;
        if page.status == 204 { 0 } else { ids(&page.json(), "leads").len() }
    };
    assert_eq!(count().await, 250);
    let narrow = json!({"name": "Продавець", "rights": {"leads": {"view": "D"}}});
    let changed = leads.send(Method::PATCH, "roles/120001", &narrow).await;
    assert_eq!(changed.status, 202, "{changed:?}");
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["rights"]["leads"]["view"]), (&json!("Продавець"), &json!("D")));
    assert_eq!(changed["rights"]["contacts"]["view"], "A", "what is not said stays");
    assert_eq!(count().await, 0);
    let user = leads.get(&format!("users/{ANDREW}?with=role,group")).await.json();
    assert_eq!((&user["rights"]["role_id"], &user["rights"]["leads"]["view"]), (&json!(120_001), &json!("D")));
    assert_eq!(user["_embedded"]["roles"][0]["name"], "Продавець");
    assert_eq!(leads.send(Method::DELETE, "roles/120001", &Value::Null).await.status, 204);
    assert_eq!(leads.get("roles/120001").await.status, 204);
    let user = leads.get(&format!("users/{ANDREW}?with=role")).await.json();
    assert_eq!((&user["rights"]["role_id"], &user["rights"]["leads"]["view"]), (&Value::Null, &json!("D")));
    assert_eq!(user["_embedded"]["roles"], json!([]));
    assert_eq!(count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_gets_rights_of_their_own_has_no_role() {
    let leads = Leads::start().await;
    let body = json!({"account": 31_920_194, "user": ANDREW, "rights": {"leads": {"view": "M"}}});
    let set = leads.amo.control("PATCH", "/users", body).await.json();
    assert_eq!((&set["rights"]["leads"]["view"], &set["rights"]["contacts"]["view"]), (&json!("M"), &json!("A")));
    let user = leads.get(&format!("users/{ANDREW}")).await.json();
    assert_eq!((&user["rights"]["role_id"], &user["rights"]["leads"]["view"]), (&Value::Null, &json!("M")));
    assert_eq!(leads.get("roles/120001").await.json()["rights"]["leads"]["view"], "A");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_says_who_changes_tasks_too() {
    let leads = Leads::start().await;
    let andrew = leads.token_of(ANDREW).await;
    let task = json!([{"text": "Call", "complete_till": 1_800_000_000, "responsible_user_id": ANDREW}]);
    let task = ids(&leads.send(Method::POST, "tasks", &task).await.json(), "tasks")[0];
    let path = format!("tasks/{task}");
    let change = async || leads.send_as(&andrew, Method::PATCH, &path, &json!({"text": "Write"})).await.status.as_u16();
    assert_eq!(change().await, 200);
    let narrow = json!({"rights": {"tasks": {"edit": "D"}}});
    assert_eq!(leads.send(Method::PATCH, "roles/120001", &narrow).await.status, 202);
    assert_eq!(change().await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_users_are_added_with_a_role_with_rights_or_free() {
    let leads = Leads::start().await;
    let mut own = rights();
    own["group_id"] = json!(311_001);
    let body = json!([
        {"name": "Иван Петров", "email": "ivan@foryou.example", "password": "ExAmPlE2o20!", "rights": own, "request_id": "0"},
        {"name": "Иван Мещеряков", "email": "free@foryou.example", "password": "p", "lang": "en",
         "rights": {"is_free": true}, "request_id": "1"},
        {"name": "Елена", "email": "elena@foryou.example", "password": "p", "rights": {"role_id": 120_002}, "request_id": "2"},
    ]);
    let answer = leads.send(Method::POST, "users", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(!answer.body.contains("ExAmPlE2o20!"));
    let users = answer.json()["_embedded"]["users"].clone();
    assert_eq!(ids(&answer.json(), "users"), [10_110_005, 10_110_006, 10_110_007]);
    let right = |place: usize, name: &str| users[place]["rights"][name].clone();
    assert_eq!(
        (right(0, "group_id"), right(0, "leads"), right(0, "role_id")),
        (json!(311_001), letters("M"), Value::Null)
    );
    assert_eq!(
        (right(1, "is_free"), right(1, "is_active"), &users[1]["lang"]),
        (json!(true), json!(true), &json!("en"))
    );
    assert_eq!((right(2, "role_id"), right(2, "is_admin")), (json!(120_002), json!(false)));
    assert_eq!(right(2, "leads"), json!({"view": "M", "edit": "M", "add": "A", "delete": "D", "export": "D"}));
    assert_eq!(users[2]["request_id"], "2");
    assert_eq!(leads.get("users").await.json()["_total_items"], 7);
    let lead = leads.add(json!({"responsible_user_id": 10_110_007})).await;
    let elena = leads.token_of(10_110_007).await;
    let own = leads.send_as(&elena, Method::GET, "leads", &Value::Null).await.json();
    assert_eq!(ids(&own, "leads"), [lead]);

    let url = leads.amo.url(AGENCY, "/api/v4/account");
    let as_user = async |user: u64| {
        let request = leads.amo.http.get(&url).bearer_auth(&leads.token).header("X-Context-User-ID", user);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((as_user(10_110_006).await, as_user(10_110_007).await), (401, 200), "no request runs as a free user");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_cannot_be_are_refused_and_no_more_than_ten_come_at_once() {
    let leads = Leads::start().await;
    let at = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    let body = json!([
        {},
        {"name": "x", "email": "ANDREW@foryou.example", "lang": "xx", "rights": {"role_id": 1, "group_id": 2}},
        {"name": "x", "email": "nobody", "rights": {"leads": {"view": "X"}}},
    ]);
    let refused = leads.send(Method::POST, "users", &body).await;
    assert_eq!(errors(&refused), [("2".to_owned(), vec![at("NotSupportedChoice", "rights.leads.view")])]);
    let mut body = body;
    body[2]["rights"] = Value::Null;
    let refused = leads.send(Method::POST, "users", &body).await;
    assert_eq!(
        errors(&refused),
        [
            ("0".to_owned(), vec![at("FieldMissing", "name"), at("FieldMissing", "email")]),
            (
                "1".to_owned(),
                vec![
                    at("NotUnique", "email"),
                    at("NotSupportedChoice", "lang"),
                    at("NotSupportedChoice", "rights.group_id"),
                    at("NotSupportedChoice", "rights.role_id"),
                ]
            ),
            ("2".to_owned(), vec![at("InvalidFormat", "email")]),
        ]
    );
    let many: Vec<_> = (0..11).map(|it| json!({"name": "x", "email": format!("{it}@x.example")})).collect();
    let refused = leads.send(Method::POST, "users", &json!(many)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (422, &json!("Limit 10 per page")));
    assert_eq!(leads.send(Method::PATCH, "users", &json!([{"id": ANDREW}])).await.status, 405);
    let missing = leads.get("users/77").await;
    assert_eq!((missing.status.as_u16(), &missing.json()["status"]), (404, &json!(404)));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_deactivated_and_activated_but_administrators_are_not() {
    let leads = Leads::start().await;
    let andrew = leads.token_of(ANDREW).await;
    let set =
        async |word: &str, body: Value| leads.send(Method::POST, &format!("users/{word}"), &body).await.status.as_u16();
    let account = async || leads.send_as(&andrew, Method::GET, "account", &Value::Null).await.status.as_u16();
    let is_active = async || leads.get(&format!("users/{ANDREW}")).await.json()["rights"]["is_active"].clone();
    assert_eq!(set("deactivate", json!([{"id": ANDREW}])).await, 204);
    assert_eq!((account().await, is_active().await), (401, json!(false)));
    assert_eq!(set("activate", json!([{"id": ANDREW}])).await, 202);
    assert_eq!((account().await, is_active().await), (200, json!(true)));
    assert_eq!(set("deactivate", json!([{"id": ANDREW}, {"id": 77}])).await, 404);
    assert_eq!(set("deactivate", json!([{"id": ANDREW}, {"id": 10_110_001}])).await, 403);
    assert_eq!(is_active().await, json!(true), "all or none");
    let own = leads.send_as(&andrew, Method::POST, "users/deactivate", &json!([{"id": 10_110_003}])).await;
    assert_eq!(own.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_may_come_without_a_list_around_it_and_nothing_else_may() {
    let leads = Leads::start().await;
    let answer = leads.send(Method::POST, "roles", &json!({"name": "Новая роль", "rights": rights()})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let answer = answer.json();
    assert_eq!((&answer["_total_items"], ids(&answer, "roles")), (&json!(1), vec![120_003]));
    assert_eq!(answer["_embedded"]["roles"][0]["request_id"], "0");
    let refused = leads.send(Method::POST, "roles", &json!({"name": 5})).await;
    assert_eq!(errors(&refused), [("0".to_owned(), vec![("InvalidType".to_owned(), "name".to_owned())])]);
    for (body, detail) in [(json!({}), "Request data can not be empty"), (json!("x"), "Request data is malformed")] {
        let refused = leads.send(Method::POST, "roles", &body).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (400, &json!(detail)));
    }
    for list in [
        "leads",
        "contacts",
        "companies",
        "leads/complex",
        "leads/tags",
        "leads/notes",
        "tasks",
        "leads/link",
        "leads/unsorted/sip",
        "leads/pipelines",
        "leads/loss_reasons",
        "leads/custom_fields",
        "leads/custom_fields/groups",
        "users",
        "sources",
    ] {
        let refused = leads.send(Method::POST, list, &json!({"name": "x"})).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["detail"]),
            (400, &json!("Request data is malformed")),
            "{list}"
        );
    }
}
