//! Companies: reading, adding, changing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    support::{AGENCY, ids},
};

#[tokio::test(flavor = "multi_thread")]
async fn companies_are_listed_with_what_they_are_linked_with() {
    let leads = Leads::start().await;
    let all = leads.entries("companies", "limit=250&with=leads,contacts,customers,catalog_elements").await;
    assert!(all.len() > 30 && all.len() < 250, "{}", all.len());
    for company in &all {
        let id = company["id"].as_u64().unwrap();
        let [lead] = ids(company, "leads")[..] else { panic!("{company}") };
        assert_eq!(ids(&leads.one(lead).await, "companies"), [id]);
        let alone = leads.get(&format!("companies/{id}?with=leads,contacts,customers,catalog_elements")).await;
        assert_eq!(alone.json(), *company);
        assert_eq!(company.get("first_name"), None);
    }
    let embedded = |company: &Value| company["_embedded"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(embedded(&all[0]), ["tags", "contacts", "leads", "customers", "catalog_elements"]);
    let plain = leads.entries("companies", "limit=1&page=2").await;
    assert_eq!((embedded(&plain[0]), &plain[0]["id"]), (vec!["tags".to_owned()], &all[1]["id"]));
    assert_eq!(leads.get("companies/1").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn companies_are_added_and_changed() {
    let leads = Leads::start().await;
    let web = json!({"field_code": "WEB", "values": [{"value": "https://oselya.example"}]});
    let id = leads
        .add_to("companies", json!({"name": "Оселя", "custom_fields_values": [web], "tags_to_add": [{"name": "B2B"}]}))
        .await;
    let company = leads.get(&format!("companies/{id}")).await.json();
    assert_eq!((&company["name"], &company["is_deleted"]), (&json!("Оселя"), &json!(false)));
    assert_eq!(company["_embedded"], json!({"tags": [{"id": 80_301, "name": "B2B", "color": null}]}));
    assert_eq!(company["custom_fields_values"][0]["values"], json!([{"value": "https://oselya.example"}]));
    let answer = leads.send(Method::PATCH, "companies", &json!([{"id": id, "name": "Нова оселя"}])).await.json();
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let now = &answer["_embedded"]["companies"][0]["updated_at"];
    assert_eq!(
        answer,
        json!({
            "_links": {"self": {"href": format!("http://{host}/api/v4/companies")}},
            "_embedded": {"companies": [{
                "id": id, "name": "Нова оселя", "updated_at": now,
                "_links": {"self": {"href": format!("http://{host}/api/v4/companies/{id}")}},
            }]},
        })
    );
    let found = leads.entries("companies", "query=%D0%BD%D0%BE%D0%B2%D0%B0%20%D0%BE%D1%81%D0%B5%D0%BB%D1%8F").await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &json!(id)));
    let kinds: Vec<_> = leads.events().await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["name_field_changed", "company_added"]);
    let settings: Vec<_> = leads.changes().await.into_iter().map(|change| change["settings"].clone()).collect();
    assert_eq!(settings, [json!(["add_company"]), json!(["update_company"])]);
    leads.amo.sandbox.delete_company(AGENCY, id).unwrap();
    assert_eq!(leads.get(&format!("companies/{id}")).await.status, 204);
}
