//! Tags of leads, contacts and companies: lists, and new ones.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::errors,
    support::{AGENCY, ids},
};

async fn names(leads: &Leads, query: &str) -> Vec<String> {
    let answer = leads.get(&format!("leads/tags?{query}")).await;
    if answer.status == 204 {
        return Vec::new();
    }
    let tags = answer.json()["_embedded"]["tags"].as_array().unwrap().clone();
    tags.iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_listed_and_found_by_id_name_and_part_of_a_name() {
    let leads = Leads::start().await;
    assert_eq!(names(&leads, "").await, ["VIP", "іпотека", "срочно", "instagram"]);
    assert_eq!(names(&leads, "filter[id][]=301&filter[id][]=304&filter[id][]=7").await, ["VIP", "instagram"]);
    assert_eq!(names(&leads, "filter[name]=VIP").await, ["VIP"]);
    assert_eq!(names(&leads, "filter[name]=vip").await, Vec::<String>::new(), "the name is exact");
    assert_eq!(names(&leads, "query=INSTA").await, ["instagram"]);
    assert_eq!(names(&leads, "limit=3&page=2").await, ["instagram"]);
    let first = leads.get("leads/tags?limit=1").await.json();
    assert_eq!(first["_embedded"]["tags"], json!([{"id": 301, "name": "VIP", "color": "FF8F92"}]));
    assert!(first["_links"].get("next").is_some() && first.get("_total_items").is_none());
    assert_eq!(leads.get("contacts/tags").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tag_has_an_id_of_its_kind_and_a_known_name_keeps_its_own() {
    let leads = Leads::start().await;
    let new = json!([{"name": "VIP", "color": "DDEBB5"}, {"name": "дача", "color": "ddebb5", "request_id": "x"},
                     {"name": "дача"}]);
    let answer = leads.send(Method::POST, "leads/tags", &new).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    assert_eq!(
        answer.json(),
        json!({
            "_total_items": 3,
            "_links": {"self": {"href": format!("http://{host}/api/v4/leads/tags")}},
            "_embedded": {"tags": [
                {"id": 301, "name": "VIP", "color": "FF8F92", "request_id": "0"},
                {"id": 305, "name": "дача", "color": "DDEBB5", "request_id": "x"},
                {"id": 305, "name": "дача", "color": "DDEBB5", "request_id": "2"},
            ]},
        })
    );
    for (list, id) in [("contacts", 40_301), ("companies", 80_301)] {
        let answer = leads.send(Method::POST, &format!("{list}/tags"), &new).await.json();
        assert_eq!(ids(&answer, "tags"), [id, id + 1, id + 1], "{list}");
        assert_eq!(answer["_embedded"]["tags"][0]["color"], Value::Null, "only those of leads have a colour");
    }
    let lead = leads.add(json!({"tags_to_add": [{"id": 305}, {"name": "instagram"}]})).await;
    let tags = leads.one(lead).await["_embedded"]["tags"].clone();
    assert_eq!(tags[0], json!({"id": 305, "name": "дача", "color": "DDEBB5"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_cannot_be_are_refused() {
    let leads = Leads::start().await;
    let at = |code: &str, path: &str| vec![(code.to_owned(), path.to_owned())];
    let refused = leads
        .send(Method::POST, "leads/tags", &json!([{}, {"name": ""}, {"name": "a", "color": "D7EAFF"}, {"name": "b"}]))
        .await;
    assert_eq!(
        errors(&refused),
        [
            ("0".to_owned(), at("FieldMissing", "name")),
            ("1".to_owned(), at("IsBlank", "name")),
            ("2".to_owned(), at("NotSupportedChoice", "color")),
        ]
    );
    assert_eq!(names(&leads, "").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_tag_of_leads_changes_in_all_that_have_it() {
    let leads = Leads::start().await;
    let id = leads.add(json!({"tags_to_add": [{"id": 301}, {"id": 302}]})).await;
    let body = json!([{"id": 301, "color": "ffc8c8"}, {"id": 302, "name": "іпотека+", "request_id": "x"}]);
    let answer = leads.send(Method::PATCH, "leads/tags", &body).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let changed =
        json!([{"id": 301, "name": "VIP", "color": "FFC8C8"}, {"id": 302, "name": "іпотека+", "color": null}]);
    let mut answered = answer.json()["_embedded"]["tags"].clone();
    for tag in answered.as_array_mut().unwrap() {
        tag.as_object_mut().unwrap().shift_remove("request_id").unwrap();
    }
    assert_eq!(answered, changed);
    assert_eq!(leads.one(id).await["_embedded"]["tags"], changed);
    assert_eq!(names(&leads, "").await, ["VIP", "іпотека+", "срочно", "instagram"]);
    let again =
        leads.send(Method::POST, "leads/tags", &json!([{"name": "іпотека+"}, {"name": "іпотека"}])).await.json();
    assert_eq!(ids(&again, "tags"), [302, 305], "the old name is free");
    leads.changed(id, json!({"tags_to_delete": [{"name": "VIP"}]})).await;
    assert_eq!(leads.one(id).await["_embedded"]["tags"].as_array().unwrap().len(), 1);
    let bare = leads.send(Method::PATCH, "leads/tags/301", &json!({"color": null})).await.json();
    assert_eq!(bare, json!({"id": 301, "name": "VIP", "color": null, "request_id": "0"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_tag_that_cannot_be_is_refused() {
    let leads = Leads::start().await;
    let at = |code: &str, path: &str| vec![(code.to_owned(), path.to_owned())];
    let body = json!([{"id": 7, "name": "x"}, {"id": 301, "name": "instagram"}, {"id": 302, "name": ""},
                      {"id": 303, "name": "good"}]);
    let refused = leads.send(Method::PATCH, "leads/tags", &body).await;
    assert_eq!(
        errors(&refused),
        [
            ("0".to_owned(), at("NotSupportedChoice", "id")),
            ("1".to_owned(), at("NotUnique", "name")),
            ("2".to_owned(), at("IsBlank", "name")),
        ]
    );
    let refused = leads.send(Method::PATCH, "leads/tags/301", &json!({"color": "D7EAFF"})).await;
    assert_eq!(errors(&refused), [("0".to_owned(), at("NotSupportedChoice", "color"))]);
    let refused = leads.send(Method::PATCH, "leads/tags", &json!([{"name": "x"}])).await;
    assert_eq!(errors(&refused), [("0".to_owned(), at("FieldMissing", "id"))]);
    assert_eq!(names(&leads, "").await, ["VIP", "іпотека", "срочно", "instagram"], "nothing was changed");
    let refused = leads.send(Method::PATCH, "contacts/tags", &json!([{"id": 40_301, "name": "x"}])).await;
    assert_eq!(refused.status, 405, "only those of leads can be changed");
}
