//! `links_actions.php`, without customers and catalogues, and `links_mass_actions.php`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Sdk, embedded, models};

#[tokio::test(flavor = "multi_thread")]
async fn a_company_and_a_contact_are_linked_from_either_side() {
    let sdk = Sdk::start().await;
    let one = json!({ "name": "Example", "request_id": "0" });
    let lead = sdk.made("leads", "leads", one.clone()).await;
    let (contact, company) =
        (sdk.made("contacts", "contacts", one.clone()).await, sdk.made("companies", "companies", one).await);
    let link = |entity_type: &str, id: u64| {
        json!([{
            "entity_type": null, "entity_id": null,
            "to_entity_type": entity_type, "to_entity_id": id, "metadata": null,
        }])
    };
    let linked = [
        (format!("companies/{company}"), "contacts", contact),
        (format!("contacts/{contact}"), "companies", company),
        (format!("companies/{company}"), "leads", lead),
        (format!("leads/{lead}"), "companies", company),
    ];
    for (path, to_type, to_id) in linked {
        let answer = sdk.post(&format!("{path}/link"), link(to_type, to_id)).await;
        for entry in embedded(&answer, "links") {
            models::link(entry);
        }
        let links = sdk.get(&format!("{path}/links"), &[("filter[to_entity_type]", to_type)]).await;
        assert_eq!(embedded(&links, "links")[0]["to_entity_id"], to_id, "{path} {links}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_links_are_made_and_found_at_once() {
    let sdk = Sdk::start().await;
    let one = json!({ "name": "Example", "request_id": "0" });
    let leads = [sdk.made("leads", "leads", one.clone()).await, sdk.made("leads", "leads", one.clone()).await];
    let (contact, company) =
        (sdk.made("contacts", "contacts", one.clone()).await, sdk.made("companies", "companies", one).await);
    let link = |lead: u64, to_type: &str, to_id: u64, metadata: Value| {
        json!({
            "entity_type": "leads", "entity_id": lead,
            "to_entity_type": to_type, "to_entity_id": to_id, "metadata": metadata,
        })
    };
    let main = json!({ "is_main": true });
    let body = json!([
        link(leads[0], "contacts", contact, main.clone()),
        link(leads[0], "companies", company, Value::Null),
        link(leads[1], "contacts", contact, main),
        link(leads[1], "companies", company, Value::Null),
    ]);
    sdk.post("leads/link", body).await;
    let [first, second] = leads.map(|lead| lead.to_string());
    let query = [("filter[entity_id][0]", second.as_str()), ("filter[entity_id][1]", first.as_str())];
    let found = sdk.get("leads/links", &query).await;
    let found = embedded(&found, "links");
    for entry in found {
        models::link(entry);
    }
    let pair = |link: &Value| (link["entity_id"].as_u64().unwrap(), link["to_entity_id"].as_u64().unwrap());
    let wanted = leads.into_iter().flat_map(|lead| [(lead, contact), (lead, company)]).collect::<BTreeSet<_>>();
    assert_eq!(found.iter().map(pair).collect::<BTreeSet<_>>(), wanted);
    let mut contacts = found.iter().filter(|link| link["to_entity_type"] == "contacts");
    assert!(contacts.all(|link| link["metadata"]["main_contact"] == true), "{found:?}");
}
