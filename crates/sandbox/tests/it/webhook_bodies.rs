//! What webhooks say, name by name.

use serde_json::json;

use crate::{
    leads::Leads,
    leads_write::{FIRST, MAIN, SECOND},
    support::AGENCY,
    webhook_sending::{Hook, OF_LEADS, Receiver},
};

/// The names and values of one webhook, those of the account checked and taken off.
pub(crate) fn entity(leads: &Leads, hook: &Hook, prefix: &str) -> Vec<(String, String)> {
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let account = [
        ("account[subdomain]", "foryou".to_owned()),
        ("account[id]", "31920194".to_owned()),
        ("account[_links][self]", format!("http://{host}")),
    ];
    let (first, rest) = hook.form.split_at(3);
    assert_eq!(first, account.map(|(name, value)| (name.to_owned(), value)));
    let name = |name: &String| name.strip_prefix(prefix).unwrap_or_else(|| panic!("{name}")).to_owned();
    rest.iter().map(|(long, value)| (name(long), value.clone())).collect()
}

pub(crate) fn form(pairs: &[(&str, String)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

pub(crate) async fn hooks(leads: &Leads, receiver: &Receiver) -> Vec<Hook> {
    leads.amo.sandbox.drain_webhooks().await;
    receiver.hooks()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_a_post_with_amocrms_headers_and_a_form() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
    leads.add(json!({})).await;
    leads.add(json!({})).await;
    let [one, other] = &hooks(&leads, &receiver).await[..] else { panic!() };
    let head = one.head.to_lowercase();
    assert!(head.starts_with("post /hook http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "{head}");
    assert!(head.contains("\r\nuser-agent: amocrm-webhooks/3.0\r\n"), "{head}");
    assert!(!head.contains("signature") && !head.contains("authorization"), "{head}");
    assert!(uuid::Uuid::parse_str(&one.request_id()).is_ok());
    assert_ne!(one.request_id(), other.request_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_told_in_the_form_of_api_v2() {
    let (leads, receiver) = Leads::with_receiver(&OF_LEADS).await;
    let now = leads.amo.sandbox.clock().now.to_string();
    let lead = json!({
        "name": "Квартира & дім", "price": 90_000, "tags_to_add": [{"id": 301}],
        "custom_fields_values": [{"field_id": 594_002, "values": [{"value": "30"}]}],
    });
    let id = leads.add(lead).await;
    let tag = leads.one(id).await["_embedded"]["tags"][0]["name"].as_str().unwrap().to_owned();
    let field = leads.one(id).await["custom_fields_values"][0]["field_name"].as_str().unwrap().to_owned();
    leads.patch(id, json!({"status_id": SECOND, "responsible_user_id": 10_110_002, "name": ""})).await;
    leads.amo.sandbox.delete_lead(AGENCY, id).unwrap();
    leads.amo.control("POST", "/leads", json!({"account": 31_920_194, "user": 0, "restore": id})).await;
    let hooks = hooks(&leads, &receiver).await;
    // Values that differ between the webhooks are in the arguments.
    let expected = |name: &str, responsible: u64, status: u64, modified: u64, old: [Option<(&'static str, u64)>; 3]| {
        let [old_status, old_pipeline, old_responsible] = old.map(|old| old.map(|(name, id)| (name, id.to_string())));
        let status = [("[id]", id.to_string()), ("[name]", name.to_owned()), ("[status_id]", status.to_string())];
        let middle = [
            ("[price]", "90000".to_owned()),
            ("[responsible_user_id]", responsible.to_string()),
            ("[last_modified]", now.clone()),
            ("[modified_user_id]", modified.to_string()),
            ("[created_user_id]", "10110001".to_owned()),
            ("[date_create]", now.clone()),
            ("[pipeline_id]", MAIN.to_string()),
        ];
        let rest = [
            ("[tags][0][id]", "301".to_owned()),
            ("[tags][0][name]", tag.clone()),
            ("[account_id]", "31920194".to_owned()),
            ("[custom_fields][0][id]", "594002".to_owned()),
            ("[custom_fields][0][name]", field.clone()),
            ("[custom_fields][0][values][0][value]", "30".to_owned()),
        ];
        let last = [("[created_at]", now.clone()), ("[updated_at]", now.clone())];
        let all = status.into_iter().chain(old_status).chain(middle).chain(old_pipeline).chain(rest);
        form(&all.chain(old_responsible).chain(last).collect::<Vec<_>>())
    };
    let (olena, andrew) = (10_110_001, 10_110_002);
    let old_status = Some(("[old_status_id]", FIRST));
    let old_pipeline = Some(("[old_pipeline_id]", MAIN));
    let old_responsible = Some(("[old_responsible_user_id]", olena));
    for (place, prefix, expected) in [
        (0, "leads[add][0]", expected("Квартира & дім", olena, FIRST, olena, [None; 3])),
        (1, "leads[update][0]", expected("", andrew, SECOND, olena, [old_status, None, None])),
        (2, "leads[status][0]", expected("", andrew, SECOND, olena, [old_status, old_pipeline, None])),
        (3, "leads[responsible][0]", expected("", andrew, SECOND, olena, [old_status, None, old_responsible])),
        (5, "leads[restore][0]", expected("", andrew, SECOND, 0, [None; 3])),
    ] {
        assert_eq!(entity(&leads, &hooks[place], prefix), expected, "{prefix}");
    }
    let deleted = [("[id]", id.to_string()), ("[status_id]", SECOND.to_string()), ("[pipeline_id]", MAIN.to_string())];
    assert_eq!(entity(&leads, &hooks[4], "leads[delete][0]"), form(&deleted));
    assert_eq!(hooks.len(), 6);
}
