//! What webhooks tell of unsorted leads.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::{
    leads::Leads,
    leads_write::FIRST,
    unsorted::{Added, STAGE, form},
};

/// What webhooks say of something unsorted that waits.
async fn told(leads: &Leads, added: &Added, action: &str, name: &str) -> Vec<(String, String)> {
    let lead = leads.one(added.lead).await;
    let (id, contact, stage) = (added.lead.to_string(), added.contact.to_string(), STAGE.to_string());
    let created_at = lead["created_at"].to_string();
    let pairs = [
        ("[uid]", added.uid.as_str()),
        ("[category]", "forms"),
        ("[account_id]", "31920194"),
        ("[user_id]", "10110001"),
        ("[source]", "Название источника"),
        ("[pipeline_id]", "7301200"),
        ("[source_data][form_id]", "my_best_form"),
        ("[source_data][form_name]", "Обратная связь"),
        ("[source_data][form_page]", "https://example.com/form"),
        ("[source_data][form_sent_at]", "1570000000"),
        ("[source_data][ip]", "192.168.0.1"),
        ("[source_data][referer]", "https://google.com/search"),
        ("[data][leads][0][id]", &id),
        ("[data][leads][0][status_id]", &stage),
        ("[data][leads][0][pipeline_id]", "7301200"),
        ("[data][leads][0][name]", name),
        ("[data][leads][0][created_user_id]", "10110001"),
        ("[data][leads][0][date_create]", &created_at),
        ("[data][contacts][0][id]", &contact),
        ("[data][contacts][0][name]", "Контакт"),
        ("[data][pipeline_id]", "7301200"),
        ("[data][source]", "Название источника"),
        ("[data][source_uid]", "my_unique_uid"),
        ("[data][created_at]", "1795000000"),
    ];
    pairs.map(|(name, value)| (format!("unsorted[{action}][0]{name}"), value.to_owned())).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_tell_an_unsorted_lead_and_what_became_of_it() {
    let (leads, receiver) = Leads::with_receiver(&["add_unsorted", "delete_unsorted"]).await;
    let added = leads.unsorted("forms", form("Заявка")).await;
    let expected = told(&leads, &added, "add", "Заявка").await;
    leads.decide(Method::DELETE, &added, "decline", &json!([])).await;
    leads.amo.sandbox.drain_webhooks().await;
    let [add, delete] = &receiver.hooks()[..] else { panic!("{:?}", receiver.hooks()) };
    assert_eq!(add.form[3..], expected);
    let (lead, contact) = (added.lead.to_string(), added.contact.to_string());
    let expected = [
        ("[action]", "decline"),
        ("[uid]", &added.uid),
        ("[category]", "forms"),
        ("[created_at]", "1795000000"),
        ("[decline_result][leads][0]", &lead),
        ("[decline_result][contacts][0]", &contact),
    ];
    assert_eq!(
        delete.form[3..],
        expected.map(|(name, value)| (format!("unsorted[delete][0]{name}"), value.to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_lead_that_waits_is_one_of_what_is_unsorted() {
    let (leads, receiver) = Leads::with_receiver(&["update_unsorted"]).await;
    let (one, other) = (leads.unsorted("forms", form("Заявка")).await, leads.unsorted("forms", form("Друга")).await);
    leads.amo.sandbox.advance_clock(Duration::from_mins(1)).unwrap();
    leads.changed(one.lead, json!({"name": "Інша назва"})).await;
    let expected = told(&leads, &one, "update", "Інша назва").await;
    assert_eq!(leads.waiting("order[updated_at]=desc").await[0]["uid"], one.uid, "it is the last to be changed");
    leads.decide(Method::POST, &one, "accept", &json!([])).await;
    leads.changed(one.lead, json!({"price": 7})).await;
    leads.changed(other.lead, json!({"status_id": FIRST})).await;
    leads.changed(other.lead, json!({"price": 7})).await;
    leads.amo.sandbox.drain_webhooks().await;
    let [update] = &receiver.hooks()[..] else { panic!("{:?}", receiver.hooks()) };
    assert_eq!(update.form[3..], expected);
}
