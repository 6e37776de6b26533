//! What a change of a lead brings with it: links, events, what webhooks are changes; deletion; a reset.

use amo_connect_sandbox::DeletedLead;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::{FIRST, MAIN, SECOND},
    support::{AGENCY, ids},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_lead_is_linked_with_contacts_and_a_company_from_both_sides() {
    let leads = Leads::start().await;
    let contacts = leads.amo.get(AGENCY, "/api/v4/contacts?limit=2", &leads.token).await.json();
    let [one, other] = ids(&contacts, "contacts")[..] else { panic!("{contacts}") };
    let list = leads.list("limit=250").await;
    let company = list.iter().find_map(|lead| lead["_embedded"]["companies"][0]["id"].as_u64()).unwrap();
    let links = json!({"contacts": [{"id": one}, {"id": other, "is_main": true}], "companies": [{"id": company}]});
    let id = leads.add(json!({"_embedded": links})).await;
    let lead = leads.one(id).await;
    let linked = &lead["_embedded"]["contacts"];
    assert_eq!((&linked[0]["id"], &linked[0]["is_main"], &linked[1]["id"]), (&json!(other), &json!(true), &json!(one)));
    assert_eq!(lead["_embedded"]["companies"][0]["id"], company);
    let contact = leads.amo.get(AGENCY, &format!("/api/v4/contacts/{one}?with=leads"), &leads.token).await.json();
    assert!(ids(&contact, "leads").contains(&id), "{contact}");
    let name = contact["name"].as_str().unwrap().to_lowercase();
    let query: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    assert!(leads.list(&format!("query={query}&filter[id]={id}")).await.len() == 1, "it is found by its contact");
    let types: Vec<_> = leads.events().await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(types.iter().filter(|kind| *kind == "entity_linked").count(), 6);
    assert_eq!(types.last().unwrap(), "lead_added");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_writes_its_events_and_tells_webhooks() {
    let leads = Leads::start().await;
    let id = leads.add(json!({"name": "One", "price": 1})).await;
    leads
        .changed(
            id,
            json!({"name": "Two", "price": 2, "status_id": SECOND, "responsible_user_id": 10_110_002,
                             "tags_to_add": [{"name": "VIP"}],
                             "custom_fields_values": [{"field_id": 594_002, "values": [{"value": "30"}]}]}),
        )
        .await;
    leads.changed(id, json!({"tags_to_delete": [{"id": 301}]})).await;
    leads.amo.sandbox.delete_lead(AGENCY, id).unwrap();
    let status = |id: u64| json!([{"lead_status": {"id": id, "pipeline_id": MAIN}}]);
    let user = |id: u64| json!([{"responsible_user": {"id": id}}]);
    let area = json!([{"custom_field_value": {"field_id": 594_002, "field_type": 2, "enum_id": null, "text": "30"}}]);
    let expected = [
        ("lead_added", json!([]), json!([])),
        ("lead_status_changed", status(FIRST), status(SECOND)),
        ("sale_field_changed", json!([{"sale_field_value": {"sale": 1}}]), json!([{"sale_field_value": {"sale": 2}}])),
        (
            "name_field_changed",
            json!([{"name_field_value": {"name": "One"}}]),
            json!([{"name_field_value": {"name": "Two"}}]),
        ),
        ("entity_responsible_changed", user(10_110_001), user(10_110_002)),
        ("custom_field_594002_value_changed", json!([]), area),
        ("entity_tag_added", json!([]), json!([{"tag": {"name": "VIP"}}])),
        ("entity_tag_deleted", json!([{"tag": {"name": "VIP"}}]), json!([])),
        ("lead_deleted", json!([]), json!([])),
    ];
    let mut events = leads.events().await;
    events.reverse();
    assert_eq!(events, expected.map(|(kind, before, after)| (kind.to_owned(), before, after)));

    let changes = leads.changes().await;
    let settings: Vec<_> = changes.iter().map(|change| change["settings"].clone()).collect();
    assert_eq!(
        settings,
        [
            json!(["add_lead"]),
            json!(["update_lead", "status_lead", "responsible_lead"]),
            json!(["update_lead"]),
            json!(["delete_lead"])
        ]
    );
    let change = &changes[1];
    assert_eq!((&change["number"], &change["entity_id"]), (&json!(2), &json!(id)));
    assert_eq!((&change["user"], &change["client_id"]), (&json!(10_110_001), &json!("sandbox")));
    assert_eq!((&change["old_status_id"], &change["old_responsible_user_id"]), (&json!(FIRST), &json!(10_110_001)));
    assert_eq!(
        change["changed"],
        json!(["status_id", "price", "name", "responsible_user_id", "custom_fields_values", "tags"])
    );
    assert_eq!(changes[3]["client_id"], Value::Null, "somebody in the UI");
    let late = leads.amo.url(AGENCY, "/_sandbox/changes?account=31920194&after=3");
    assert_eq!(leads.amo.open(&late).await.json()["changes"], json!([changes[3]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_in_the_ui_adds_changes_deletes_and_restores_leads() {
    let leads = Leads::start().await;
    let control = async |body: Value| leads.amo.control("POST", "/leads", body).await;
    let added =
        control(json!({"account": 31_920_194, "user": 10_110_002, "add": {"name": "Walk-in", "price": 5}})).await;
    assert_eq!(added.status, 200, "{added:?}");
    let id = added.json()["leads"][0]["id"].as_u64().unwrap();
    assert_eq!(leads.one(id).await["responsible_user_id"], 10_110_002);
    control(json!({"account": 31_920_194, "user": 0, "change": [{"id": id, "price": 6}]})).await;
    let lead = leads.one(id).await;
    assert_eq!((&lead["price"], &lead["updated_by"]), (&json!(6), &json!(0)));
    control(json!({"account": 31_920_194, "delete": id})).await;
    assert_eq!(leads.amo.get(AGENCY, &format!("/api/v4/leads/{id}"), &leads.token).await.status, 204);
    assert_eq!(leads.list(&format!("filter[id]={id}")).await, Vec::<Value>::new());
    leads.amo.switch(|switches| switches.deleted_lead = DeletedLead::Shown);
    assert_eq!(leads.one(id).await["is_deleted"], true);
    control(json!({"account": 31_920_194, "restore": [id]})).await;
    assert_eq!(leads.one(id).await["is_deleted"], false);
    for (body, field) in [
        (json!({"account": 31_920_194}), "add"),
        (json!({"account": 31_920_194, "add": {}, "delete": id}), "add"),
        (json!({"account": 31_920_194, "user": 5, "add": {}}), "user"),
        (json!({"account": 31_920_194, "add": {"nmae": "x"}}), "add.nmae"),
        (json!({"account": 31_920_194, "add": [{}, {"status_id": 5}]}), "add[1].status_id"),
        (json!({"account": 31_920_194, "change": {"price": 1}}), "change.id"),
        (json!({"account": 31_920_194, "delete": 5}), "delete.id"),
        (json!({"account": 31_920_194, "erase": 5}), "erase"),
    ] {
        let refused = control(body.clone()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!(field)), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_in_the_bin_is_an_id_and_nulls() {
    let leads = Leads::start().await;
    let id = leads.add(json!({"name": "x"})).await;
    leads.amo.sandbox.delete_lead(AGENCY, id).unwrap();
    let bin = leads.list("with=only_deleted&order[id]=desc").await;
    let lead = bin[0].as_object().unwrap();
    assert_eq!(lead["id"], id);
    let full: Vec<_> = lead.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(full, ["id", "updated_by", "updated_at", "is_deleted", "account_id", "_links"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_takes_all_changes_back() {
    let leads = Leads::start().await;
    let first = leads.list("limit=1").await[0].clone();
    let id = leads.add(json!({})).await;
    leads.changed(first["id"].as_u64().unwrap(), json!({"price": 1, "name": "x"})).await;
    leads.amo.sandbox.reset().unwrap();
    let again = Leads { token: leads.amo.connect(AGENCY).await.access, amo: leads.amo };
    again.amo.switch(|switches| switches.rate_limit = 0);
    assert_eq!(again.list("limit=1").await[0], first);
    assert_eq!(again.list(&format!("filter[id]={id}")).await, Vec::<Value>::new());
    assert_eq!(again.changes().await, Vec::<Value>::new());
    assert_eq!(again.add(json!({})).await, id, "ids are counted from the start again");
}
