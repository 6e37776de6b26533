//! Calls that are unsorted leads: the note in the card that their sender may ask for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::errors,
    unsorted::{Added, form},
};

/// A call as the official SDK sends it, with a flag that says whether the card gets it.
fn call(is_needed: &Value) -> Value {
    json!({
        "source_name": "АТС", "source_uid": "pbx", "request_id": "0",
        "metadata": {"phone": "+79123456789", "called_at": 1_795_000_000, "duration": 135,
                     "link": "https://example.com/a.mp3", "service_code": "my_best_telephony", "uniq": "u",
                     "is_call_event_needed": is_needed, "call_responsible": null, "from": "+79123456789"},
        "_embedded": {"leads": [{"name": "Дзвінок"}], "contacts": [{"name": "Хто дзвонив"}]},
    })
}

async fn notes(leads: &Leads, list: &str, id: u64) -> Vec<Value> {
    let answer = leads.get(&format!("{list}/{id}/notes")).await;
    if answer.status == 204 {
        return Vec::new();
    }
    answer.json()["_embedded"]["notes"].as_array().unwrap().clone()
}

async fn accept(leads: &Leads, added: &Added) {
    leads.decide(Method::POST, added, "accept", &json!([])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_call_is_a_note_of_its_lead_and_an_event_if_that_was_asked_for() {
    let leads = Leads::start().await;
    let added = leads.unsorted("sip", call(&json!(true))).await;
    assert_eq!(notes(&leads, "leads", added.lead).await, Vec::<Value>::new(), "nobody has accepted it yet");
    accept(&leads, &added).await;
    let [note] = &notes(&leads, "leads", added.lead).await[..] else { panic!("one note is expected") };
    assert_eq!((&note["note_type"], &note["created_by"]), (&json!("call_in"), &json!(10_110_001)));
    let expected = json!({
        "uniq": "u", "duration": 135, "source": "my_best_telephony", "link": "https://example.com/a.mp3",
        "phone": "+79123456789",
    });
    assert_eq!(note["params"], expected);
    assert_eq!(notes(&leads, "contacts", added.contact).await, Vec::<Value>::new(), "only the lead has it");
    let events = leads.events().await;
    let of_call: Vec<_> = events.iter().filter(|(kind, ..)| kind == "incoming_call").collect();
    assert_eq!(of_call, [&("incoming_call".to_owned(), json!([]), json!([{"note": {"id": note["id"]}}]))]);
    let changes = leads.changes().await;
    let settings: Vec<_> = changes.iter().flat_map(|change| change["settings"].as_array().unwrap()).collect();
    assert!(settings.ends_with(&[&json!("note_lead"), &json!("delete_unsorted")]), "{settings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_no_note_if_nobody_asked_or_it_was_declined_and_forms_have_none() {
    let leads = Leads::start().await;
    let mut form = form("Заявка");
    form["metadata"]["is_call_event_needed"] = json!(true);
    for (category, item) in [("sip", call(&json!(false))), ("sip", call(&Value::Null)), ("forms", form)] {
        let added = leads.unsorted(category, item).await;
        let waiting = leads.waiting(&format!("filter[uid]={}", added.uid)).await;
        assert_eq!(waiting[0]["metadata"].get("is_call_event_needed"), None, "the flag is never read");
        accept(&leads, &added).await;
        assert_eq!(notes(&leads, "leads", added.lead).await, Vec::<Value>::new(), "{category}");
    }
    let declined = leads.unsorted("sip", call(&json!(true))).await;
    leads.decide(Method::DELETE, &declined, "decline", &json!([])).await;
    assert!(leads.events().await.iter().all(|(kind, ..)| kind != "incoming_call"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_leads_complex_and_a_telephone_that_is_a_number_are_noted_too() {
    let leads = Leads::start().await;
    let mut metadata = call(&json!(true))["metadata"].clone();
    (metadata["category"], metadata["phone"]) = (json!("sip"), json!(79_998_888_888_u64));
    metadata["call_responsible"] = json!("Олена");
    let lead = json!([{"name": "Дзвінок", "_embedded": {"metadata": metadata}}]);
    let lead = leads.send(Method::POST, "leads/complex", &lead).await.json()[0]["id"].as_u64().unwrap();
    let waiting = leads.waiting("filter[category]=sip").await;
    let uid = &waiting.iter().find(|it| it["_embedded"]["leads"][0]["id"] == lead).unwrap()["uid"];
    let answer =
        leads.send(Method::POST, &format!("leads/unsorted/{}/accept", uid.as_str().unwrap()), &json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let notes = notes(&leads, "leads", lead).await;
    assert_eq!(
        (&notes[0]["params"]["phone"], &notes[0]["params"]["call_responsible"]),
        (&json!("79998888888"), &json!("Олена"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_has_types() {
    let leads = Leads::start().await;
    let refused = async |category: &str, changes: Value| {
        let mut item = if category == "sip" { call(&json!(true)) } else { form("Заявка") };
        for (name, value) in changes.as_object().unwrap() {
            item["metadata"][name] = value.clone();
        }
        let answer = leads.send(Method::POST, &format!("leads/unsorted/{category}"), &json!([item])).await;
        errors(&answer).remove(0).1
    };
    let wrong = |name: &str| ("InvalidType".to_owned(), format!("metadata.{name}"));
    let of_call = json!({"called_at": "now", "duration": "5", "link": 7, "uniq": 7, "is_call_event_needed": 1});
    let expected = ["called_at", "duration", "link", "uniq", "is_call_event_needed"].map(wrong);
    assert_eq!(refused("sip", of_call).await, expected);
    let of_form = json!({"form_name": 5, "form_page": true, "ip": [], "form_sent_at": "now"});
    assert_eq!(refused("forms", of_form).await, ["form_name", "form_page", "ip", "form_sent_at"].map(wrong));
    let mut form = form("Заявка");
    form["metadata"] = json!("x");
    let answer = leads.send(Method::POST, "leads/unsorted/forms", &json!([form])).await;
    let expected = ("InvalidType".to_owned(), "metadata".to_owned());
    assert_eq!(errors(&answer)[0].1, [expected], "it is there, so it is not missing");
}
