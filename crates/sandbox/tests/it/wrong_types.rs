//! Values of another type than the one that is wanted, each named by its path and nothing else.

use amo_connect_sandbox::FractionalPrice;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{leads::Leads, leads_write::errors};

/// The codes and the paths of the errors of the one item.
async fn refused(leads: &Leads, path: &str, item: Value) -> Vec<(String, String)> {
    let answer = leads.send(Method::POST, path, &json!([item])).await;
    errors(&answer).remove(0).1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_no_name() {
    let leads = Leads::start().await;
    for (list, item, paths) in [
        ("leads", json!({"name": 5}), &["name"][..]),
        ("contacts", json!({"first_name": 5, "last_name": true}), &["first_name", "last_name"]),
        ("companies", json!({"name": 5.5}), &["name"]),
        ("leads/tags", json!({"name": 5}), &["name"]),
        ("leads", json!({"tags_to_add": [{"name": 5}]}), &["tags_to_add.0.name"]),
        ("leads", json!({"_embedded": {"tags": [{"name": 5}]}}), &["_embedded.tags.0.name"]),
        ("leads", json!({"_embedded": {"source": {"external_id": 5}}}), &["_embedded.source.external_id"]),
        ("leads", json!({"custom_fields_values": [{"field_code": 5}]}), &["custom_fields_values.0.field_code"]),
        ("leads", json!({"custom_fields_values": [{"field_id": "x"}]}), &["custom_fields_values.0.field_id"]),
        (
            "leads/complex",
            json!({"_embedded": {"contacts": [{"name": 5}], "companies": [{"name": []}]}}),
            &["_embedded.contacts.0.name", "_embedded.companies.0.name"],
        ),
        ("leads/loss_reasons", json!({"name": 5}), &["name"]),
        ("leads/pipelines", json!({"name": 5, "sort": 1, "is_main": false, "is_unsorted_on": false}), &["name"]),
        ("leads/custom_fields", json!({"name": 5, "type": 7}), &["name", "type"]),
        ("leads/custom_fields/groups", json!({"name": 5}), &["name"]),
        ("roles", json!({"name": 5}), &["name"]),
        ("users", json!({"name": 5, "email": 5}), &["name", "email"]),
        ("sources", json!({"name": 5, "external_id": 5}), &["name", "external_id"]),
        ("tasks", json!({"text": 5, "complete_till": 1}), &["text"]),
        ("leads/notes", json!({"entity_id": 20_404_000, "note_type": 4}), &["note_type"]),
        (
            "leads/unsorted/sip",
            json!({"source_name": 5, "source_uid": 5, "metadata": {}}),
            &["source_uid", "source_name"],
        ),
    ] {
        let expected: Vec<_> = paths.iter().map(|path| ("InvalidType".to_owned(), (*path).to_owned())).collect();
        assert_eq!(refused(&leads, list, item).await, expected, "{list}");
    }
    let answer = leads.send(Method::DELETE, "sources", &json!([{"id": true}])).await;
    assert_eq!(errors(&answer)[0].1, [("InvalidType".to_owned(), "id".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_number_is_too_low_and_as_an_id_it_is_that_of_nothing() {
    let leads = Leads::start().await;
    let item = json!({"price": -5, "created_at": -1, "status_id": -1, "responsible_user_id": -1, "created_by": -7});
    let answer = leads.post(json!([item])).await;
    let error = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    let mut found = errors(&answer).remove(0).1;
    found.sort();
    assert_eq!(
        found,
        [
            error("NotSupportedChoice", "created_by"),
            error("NotSupportedChoice", "responsible_user_id"),
            error("NotSupportedChoice", "status_id"),
            error("TooLow", "created_at"),
            error("TooLow", "price"),
        ]
    );
    let detail = "This value should be greater than or equal to 0.";
    assert!(answer.body.contains(detail), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_with_a_fraction_is_refused_or_read_with_its_minor_units() {
    let leads = Leads::start().await;
    for price in [json!(100.5), json!("100"), json!(true)] {
        for list in ["leads", "leads/complex"] {
            let expected = ("InvalidType".to_owned(), "price".to_owned());
            assert_eq!(refused(&leads, list, json!({"price": price})).await, [expected], "{list} {price}");
        }
    }
    let whole = leads.add(json!({"price": 100.0})).await;
    assert_eq!(leads.one(whole).await.get("price_with_minor_units"), None);

    leads.amo.switch(|switches| switches.fractional_price = FractionalPrice::Taken);
    let prices = async |id: u64| {
        let lead = leads.one(id).await;
        (lead["price"].clone(), lead["price_with_minor_units"].clone())
    };
    assert_eq!(prices(whole).await, (json!(100), json!(100)));
    let id = leads.add(json!({"price": 100.5})).await;
    assert_eq!(prices(id).await, (json!(100), json!(100.5)));
    leads.changed(id, json!({"price": 0.1})).await;
    assert_eq!(prices(id).await, (json!(0), json!(0.1)));
    leads.changed(id, json!({"name": "x"})).await;
    assert_eq!(prices(id).await, (json!(0), json!(0.1)), "what is not said stays");
    leads.changed(id, json!({"price": 7})).await;
    assert_eq!(prices(id).await, (json!(7), json!(7)));
    assert_eq!(leads.list("filter[price][from]=7&filter[price][to]=7").await.len(), 1);
    let expected = ("TooLow".to_owned(), "price".to_owned());
    assert_eq!(refused(&leads, "leads", json!({"price": -0.5})).await, [expected]);
}
