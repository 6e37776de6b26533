//! Sources of an integration.

use amo_connect_sandbox::{Integration, Options};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ANDREW, at};
use crate::{
    leads::Leads,
    leads_write::errors,
    support::{AGENCY, Amo, REDIRECT_URI, ids, unlimited},
};

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_added_found_changed_and_deleted() {
    let leads = Leads::start().await;
    assert_eq!(leads.get("sources").await.status, 204);
    let source = json!({"name": "Сайт", "external_id": "site", "default": true,
                        "services": [{"type": "whatsapp", "pages": [{"id": "1", "name": "x", "link": "1"}]}]});
    let source = leads.made("sources", "sources", 200, source).await;
    let id = source["id"].as_u64().unwrap();
    assert_eq!((&source["pipeline_id"], &source["default"]), (&json!(7_301_200), &json!(true)));
    assert_eq!(source["services"][0]["pages"][0]["link"], "1");
    let other = json!({"name": "Avito", "external_id": "avito", "pipeline_id": 7_301_204, "default": true});
    let other = leads.made("sources", "sources", 200, other).await["id"].as_u64().unwrap();
    let list = leads.get("sources").await.json();
    assert_eq!((&list["_total_items"], ids(&list, "sources")), (&json!(2), vec![id, other]));
    assert_eq!(list["_embedded"]["sources"][0]["default"], false, "there is one default");
    assert_eq!(ids(&leads.get("sources?filter[external_id]=avito").await.json(), "sources"), [other]);
    let change = json!({"name": "Site", "external_id": "avito"});
    let changed = leads.send(Method::PATCH, &format!("sources/{id}"), &change).await.json();
    assert_eq!((&changed["name"], &changed["external_id"]), (&json!("Site"), &json!("site")), "the second stays");
    let refused = leads.send(Method::POST, "sources", &json!([{"name": "x", "external_id": "site"}, {}])).await;
    assert_eq!(
        errors(&refused),
        [
            ("0".to_owned(), vec![at("NotUnique", "external_id")]),
            ("1".to_owned(), vec![at("FieldMissing", "name"), at("FieldMissing", "external_id")]),
        ]
    );
    let both = json!([{"id": id, "name": "Site", "external_id": "site"}, {"id": other}]);
    assert_eq!(leads.send(Method::DELETE, "sources", &both).await.status, 204);
    assert_eq!(leads.get(&format!("sources/{id}")).await.status, 204);
    assert_eq!(leads.get("sources").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_are_not_there_cannot_be_deleted() {
    let leads = Leads::start().await;
    let one = leads.made("sources", "sources", 200, json!({"name": "a", "external_id": "a"})).await["id"].clone();
    let gone = leads.send(Method::DELETE, "sources/77", &Value::Null).await;
    assert_eq!((gone.status.as_u16(), gone.json()["detail"].clone()), (404, json!("Entity not found")));
    let some = json!([{"id": one}, {"id": 77, "request_id": "x"}, {"id": 78}]);
    let refused = leads.send(Method::DELETE, "sources", &some).await;
    assert_eq!((refused.status.as_u16(), refused.content_type.as_str()), (400, "application/problem+json"));
    let error = |request_id: &str, id: u64| {
        let detail = format!("source with id = {id} not found");
        json!({"request_id": request_id, "errors": {"code": "EntityNotFound", "path": "id", "detail": detail}})
    };
    assert_eq!(
        refused.json(),
        json!({
            "errors": [error("x", 77), error("2", 78)],
            "title": "Bad Request", "type": "https://httpstatus.es/400", "status": 400,
            "detail": "Invalid request items",
        })
    );
    assert_eq!(ids(&leads.get("sources").await.json(), "sources"), [one.as_u64().unwrap()], "none was deleted");
    let andrew = leads.token_of(ANDREW).await;
    for path in ["sources", "sources/77"] {
        assert_eq!(leads.send_as(&andrew, Method::DELETE, path, &some).await.status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_listed_without_pages() {
    let leads = Leads::start().await;
    let source = |id: u64| json!({"name": "x", "external_id": id.to_string()});
    for half in [0..50, 50..60] {
        let half: Vec<_> = half.map(source).collect();
        assert_eq!(leads.send(Method::POST, "sources", &json!(half)).await.status, 200);
    }
    let list = leads.get("sources?limit=10&page=2").await.json();
    assert_eq!((&list["_total_items"], ids(&list, "sources").len()), (&json!(60), 60));
    let names: Vec<_> = list.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["_total_items", "_links", "_embedded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_has_a_hundred_sources_of_its_own() {
    let other = Integration {
        client_id: "other".to_owned(),
        client_secret: "sandbox-secret".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        name: "Other".to_owned(),
        hook_url: None,
    };
    let amo = Amo::with(Options { other_integrations: vec![other], ..unlimited() }).await;
    let token = amo.connect(AGENCY).await.access;
    let leads = Leads { amo, token };
    let source = |id: u64| json!({"name": "x", "external_id": id.to_string()});
    let many: Vec<_> = (0..100).map(source).collect();
    let refused = leads.send(Method::POST, "sources", &json!(many[..51])).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (422, &json!("Limit 50 per page")));
    for half in many.chunks(50) {
        assert_eq!(leads.send(Method::POST, "sources", &json!(half)).await.status, 200);
    }
    let refused = leads.send(Method::POST, "sources", &json!([source(100)])).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (422, &json!("Limit 100 per page")));
    let code = leads.amo.sandbox.issue_code_for(AGENCY, 10_110_001, "other").unwrap().code;
    let mut fields = Amo::exchange_fields(&code);
    fields["client_id"] = json!("other");
    let theirs = leads.amo.token(AGENCY, &fields).await.pair().access;
    assert_eq!(leads.send_as(&theirs, Method::GET, "sources", &Value::Null).await.status, 204);
    let first = leads.listed("sources", "sources").await[0]["id"].clone();
    let refused = leads.send_as(&theirs, Method::PATCH, &format!("sources/{first}"), &json!({"name": "y"})).await;
    assert_eq!(errors(&refused)[0].1, [("NotSupportedChoice".to_owned(), "id".to_owned())]);
    assert_eq!(leads.send_as(&theirs, Method::POST, "sources", &json!([source(1)])).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_lead_names_its_source_and_goes_to_the_pipeline_of_that() {
    let leads = Leads::start().await;
    let source = json!({"name": "Avito", "external_id": "avito", "pipeline_id": 7_301_204});
    let source = leads.made("sources", "sources", 200, source).await["id"].clone();
    let lead =
        json!({"name": "x", "price": 54_321.0, "_embedded": {"source": {"type": "widget", "external_id": "avito"}}});
    let id = leads.add(lead).await;
    let lead = leads.get(&format!("leads/{id}?with=source,source_id")).await.json();
    assert_eq!(
        (&lead["source_id"], &lead["pipeline_id"], &lead["price"]),
        (&source, &json!(7_301_204), &json!(54_321))
    );
    assert_eq!(lead["_embedded"]["source"], json!({"id": source, "name": "Avito"}));
    let main = json!({"pipeline_id": 7_301_200, "_embedded": {"source": {"external_id": "avito"}}});
    let id = leads.add(main).await;
    assert_eq!(leads.one(id).await["pipeline_id"], 7_301_200, "a pipeline that is named comes first");
    let refused = leads.post(json!([{"_embedded": {"source": {"external_id": "none"}}}])).await;
    let path = "_embedded.source.external_id".to_owned();
    assert_eq!(errors(&refused), [("0".to_owned(), vec![("NotSupportedChoice".to_owned(), path)])]);
    let without = leads.list("with=source&limit=250").await;
    let sources: Vec<_> = without.iter().map(|lead| &lead["_embedded"]["source"]).collect();
    assert!(sources.contains(&&Value::Null) && sources.contains(&&json!({"id": 21_000_000, "name": "Сайт"})));
}
