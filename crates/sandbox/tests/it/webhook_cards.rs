//! What webhooks say of contacts and companies, name by name.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    support::{AGENCY, ids},
    webhook_bodies::{entity, form, hooks},
};

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_companies_are_told_apart_by_their_type() {
    let (leads, receiver) = Leads::with_receiver(&["update_contact", "update_company", "responsible_contact"]).await;
    let contacts = leads.amo.get(AGENCY, "/api/v4/contacts?limit=250", &leads.token).await.json();
    let contacts = contacts["_embedded"]["contacts"].as_array().unwrap();
    let contact = contacts.iter().find(|it| !it["custom_fields_values"].is_null()).unwrap();
    let list = leads.list("limit=250").await;
    let company = list.iter().find_map(|lead| lead["_embedded"]["companies"][0]["id"].as_u64()).unwrap();
    let links = json!({"contacts": [{"id": contact["id"]}], "companies": [{"id": company}]});
    let id = leads.add(json!({"_embedded": links})).await.to_string();
    let hooks = hooks(&leads, &receiver).await;
    assert_eq!(hooks.len(), 2);
    let told = entity(&leads, &hooks[0], "contacts[update][0]");
    let value = |name: &str| told.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let text = |name: &str| contact[name].to_string().trim_matches('"').to_owned();
    for (name, member) in [
        ("[id]", "id"),
        ("[name]", "name"),
        ("[responsible_user_id]", "responsible_user_id"),
        ("[old_responsible_user_id]", "responsible_user_id"),
        ("[date_create]", "created_at"),
        ("[created_user_id]", "created_by"),
        ("[account_id]", "account_id"),
        ("[created_at]", "created_at"),
    ] {
        assert_eq!(value(name), Some(text(member).as_str()), "{name}");
    }
    let field = &contact["custom_fields_values"][0];
    assert_eq!(value("[custom_fields][0][id]"), Some(field["field_id"].to_string().as_str()));
    assert_eq!(value("[custom_fields][0][code]"), field["field_code"].as_str());
    assert_eq!(value("[custom_fields][0][values][0][value]"), field["values"][0]["value"].as_str());
    assert_eq!(value("[custom_fields][0][values][0][enum]"), Some(field["values"][0]["enum_id"].to_string().as_str()));
    assert_eq!(value(&format!("[linked_leads_id][{id}][ID]")), Some(id.as_str()));
    assert_eq!(told.last().unwrap(), &("[type]".to_owned(), "contact".to_owned()));
    let told = entity(&leads, &hooks[1], "contacts[update][0]");
    assert_eq!(told[0], ("[id]".to_owned(), company.to_string()));
    assert_eq!(told.last().unwrap(), &("[type]".to_owned(), "company".to_owned()));
    assert!(told.iter().all(|(name, _)| name != "[company_name]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_companies_are_told_as_they_come_change_and_go() {
    let settings = [
        "add_contact",
        "update_contact",
        "responsible_contact",
        "delete_contact",
        "restore_contact",
        "add_company",
        "delete_company",
    ];
    let (leads, receiver) = Leads::with_receiver(&settings).await;
    let now = leads.amo.sandbox.clock().now.to_string();
    let add = async |kind: &str, body: Value| {
        let answer = leads.send(Method::POST, kind, &json!([body])).await;
        ids(&answer.json(), kind)[0]
    };
    let contact = add("contacts", json!({"name": "Ann Lee", "tags_to_add": [{"name": "VIP"}]})).await;
    leads.send(Method::PATCH, &format!("contacts/{contact}"), &json!({"responsible_user_id": 10_110_002})).await;
    let company = add("companies", json!({"name": "ТОВ Дім"})).await;
    let link = json!([{"to_entity_id": company, "to_entity_type": "companies"}]);
    assert_eq!(leads.send(Method::POST, &format!("contacts/{contact}/link"), &link).await.status, 200);
    for (path, body) in [
        ("/contacts", json!({"account": 31_920_194, "delete": contact})),
        ("/contacts", json!({"account": 31_920_194, "restore": contact})),
        ("/companies", json!({"account": 31_920_194, "delete": company})),
    ] {
        assert_eq!(leads.amo.control("POST", path, body).await.status, 200);
    }
    let tag = leads.amo.get(AGENCY, &format!("/api/v4/contacts/{contact}"), &leads.token).await.json();
    let tag = tag["_embedded"]["tags"][0]["id"].to_string();
    let hooks = hooks(&leads, &receiver).await;
    let told = |responsible: &str, old: Option<&str>, is_linked: bool| {
        let mut told = vec![("[id]", contact.to_string()), ("[name]", "Ann Lee".to_owned())];
        told.push(("[responsible_user_id]", responsible.to_owned()));
        told.extend(old.map(|old| ("[old_responsible_user_id]", old.to_owned())));
        told.extend([("[date_create]", now.clone()), ("[last_modified]", now.clone())]);
        told.extend(["[created_user_id]", "[modified_user_id]"].map(|name| (name, "10110001".to_owned())));
        if is_linked {
            told.extend([("[company_name]", "ТОВ Дім".to_owned()), ("[linked_company_id]", company.to_string())]);
        }
        told.push(("[account_id]", "31920194".to_owned()));
        told.extend([("[tags][0][id]", tag.clone()), ("[tags][0][name]", "VIP".to_owned())]);
        told.extend([("[created_at]", now.clone()), ("[updated_at]", now.clone()), ("[type]", "contact".to_owned())]);
        form(&told)
    };
    let gone = |id: u64, kind: &str| form(&[("[id]", id.to_string()), ("[type]", kind.to_owned())]);
    let (olena, andrew) = ("10110001", "10110002");
    let firm = [
        ("[id]", company.to_string()),
        ("[name]", "ТОВ Дім".to_owned()),
        ("[responsible_user_id]", olena.to_owned()),
        ("[date_create]", now.clone()),
        ("[last_modified]", now.clone()),
        ("[created_user_id]", olena.to_owned()),
        ("[modified_user_id]", olena.to_owned()),
        ("[account_id]", "31920194".to_owned()),
        ("[created_at]", now.clone()),
        ("[updated_at]", now.clone()),
        ("[type]", "company".to_owned()),
    ];
    for (place, (prefix, expected)) in [
        ("contacts[add][0]", told(olena, None, false)),
        ("contacts[update][0]", told(andrew, Some(olena), false)),
        ("contacts[add][0]", form(&firm)),
        ("contacts[update][0]", told(andrew, Some(andrew), true)),
        ("contacts[delete][0]", gone(contact, "contact")),
        ("contacts[restore][0]", told(andrew, None, true)),
        ("contacts[delete][0]", gone(company, "company")),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(entity(&leads, &hooks[place], prefix), expected, "{place}");
    }
    assert_eq!(hooks.len(), 7);
    let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
    assert_eq!(report.deliveries[1].settings, ["update_contact", "responsible_contact"], "one for both");
}
