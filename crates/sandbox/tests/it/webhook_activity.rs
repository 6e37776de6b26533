//! What webhooks say of tasks and notes, name by name.

use amo_connect_sandbox::WebhookZone;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    support::{AGENCY, ids},
    webhook_bodies::{entity, form, hooks},
};

/// 20 November 2026, 18:00 in Greenwich and 20:00 in the account.
const DEADLINE: u64 = 1_795_197_600;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_told_as_it_comes_changes_ends_and_goes() {
    let settings = ["add_task", "update_task", "responsible_task", "delete_task"];
    let (leads, receiver) = Leads::with_receiver(&settings).await;
    let now = leads.amo.sandbox.clock().now.to_string();
    let lead = leads.add(json!({})).await;
    let task = json!([{"text": "Call", "complete_till": DEADLINE, "entity_id": lead, "entity_type": "leads"}]);
    let task = ids(&leads.send(Method::POST, "tasks", &task).await.json(), "tasks")[0];
    for change in [
        json!({"text": "Call again", "responsible_user_id": 10_110_002}),
        json!({"is_completed": true, "result": {"text": "Done"}}),
    ] {
        let changed = leads.send(Method::PATCH, &format!("tasks/{task}"), &change).await;
        assert_eq!(changed.status, 200, "{changed:?}");
    }
    let deleted = leads.amo.control("POST", "/tasks", json!({"account": 31_920_194, "delete": task})).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    let hooks = hooks(&leads, &receiver).await;
    let date_create = hooks[0].form.iter().find(|(name, _)| name == "task[add][0][date_create]").unwrap().1.clone();
    let result = hooks[2].form.iter().find(|(name, _)| name == "task[update][0][result][id]").unwrap().1.clone();
    let told = |text: &str, responsible: u64, status: &str, more: &[(&str, &str)]| {
        let mut told = vec![
            ("[id]", task.to_string()),
            ("[element_id]", lead.to_string()),
            ("[element_type]", "2".to_owned()),
            ("[task_type]", "1".to_owned()),
            ("[date_create]", date_create.clone()),
            ("[text]", text.to_owned()),
            ("[status]", status.to_owned()),
            ("[account_id]", "31920194".to_owned()),
            ("[created_user_id]", "10110001".to_owned()),
            ("[last_modified]", date_create.clone()),
            ("[responsible_user_id]", responsible.to_string()),
            ("[complete_till]", "2026-11-20 20:00:00".to_owned()),
        ];
        told.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        told.extend([("[created_at]", now.clone()), ("[updated_at]", now.clone())]);
        told.push(("[complete_before]", DEADLINE.to_string()));
        form(&told)
    };
    let (olena, andrew) = (10_110_001, 10_110_002);
    let people = |old: &'static str| {
        [("[main_user]", "10110002"), ("[modified_by]", "10110001"), ("[old_responsible_user_id]", old)]
    };
    let changed = [&[("[action_close]", "0"), ("[old_text]", "Call")][..], &people("10110001")].concat();
    let closed = [("[action_close]", "1"), ("[result][id]", &result), ("[result][text]", "Done")];
    let closed = [&closed[..], &people("10110002")].concat();
    assert_eq!(entity(&leads, &hooks[0], "task[add][0]"), told("Call", olena, "0", &[]));
    assert_eq!(entity(&leads, &hooks[1], "task[update][0]"), told("Call again", andrew, "0", &changed));
    assert_eq!(entity(&leads, &hooks[2], "task[update][0]"), told("Call again", andrew, "1", &closed));
    assert_eq!(entity(&leads, &hooks[3], "task[delete][0]"), form(&[("[id]", task.to_string())]));
    assert_eq!(hooks.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_of_dates_is_a_switch() {
    let (leads, receiver) = Leads::with_receiver(&["add_task"]).await;
    leads.amo.switch(|switches| switches.webhook_zone = WebhookZone::Utc);
    leads.send(Method::POST, "tasks", &json!([{"text": "Call", "complete_till": DEADLINE}])).await;
    let told = entity(&leads, &hooks(&leads, &receiver).await[0], "task[add][0]");
    let value = |wanted: &str| told.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    assert_eq!(value("[complete_till]"), Some("2026-11-20 18:00:00"));
    assert_eq!((value("[element_id]"), value("[element_type]")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_told_twice_nested_under_their_entity() {
    let (leads, receiver) = Leads::with_receiver(&["note_lead", "note_contact"]).await;
    let now = leads.amo.sandbox.clock().now.to_string();
    let lead = leads.add(json!({})).await;
    let contacts = leads.amo.get(AGENCY, "/api/v4/contacts?limit=1", &leads.token).await.json();
    let contact = ids(&contacts, "contacts")[0];
    let mut notes = Vec::new();
    for (path, note) in [
        (format!("leads/{lead}/notes"), json!({"note_type": "common", "params": {"text": "Hello"}})),
        (format!("contacts/{contact}/notes"), {
            let params = json!({"uniq": "u1", "duration": 60, "source": "PBX", "link": "https://x.example/1.mp3",
                                "phone": "+380501234567"});
            json!({"note_type": "call_in", "params": params})
        }),
        (format!("leads/{lead}/notes"), {
            json!({"note_type": "attachment", "params": {"file_uuid": "u", "file_name": "plan.pdf"}})
        }),
    ] {
        let answer = leads.send(Method::POST, &path, &json!([note])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        notes.push(ids(&answer.json(), "notes")[0]);
    }
    let hooks = hooks(&leads, &receiver).await;
    assert_eq!(hooks.len(), 3);
    let date = hooks[0].form.iter().find(|(name, _)| name.ends_with("[date_create]")).unwrap().1.clone();
    assert_eq!(date.len(), "2026-11-20 20:00:00".len());
    let told = |element: (&str, u64), number: &str, text: &[(&'static str, &str)], id: u64| {
        let mut told = vec![("[note][element_type]", element.0.to_owned())];
        told.push(("[note][element_id]", element.1.to_string()));
        told.push(("[note][note_type]", number.to_owned()));
        told.extend(text.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let author = json!({"event_source": {"author_name": "Олена Коваленко"}});
        told.extend([("[note][metadata]", author.to_string()), ("[note][account_id]", "31920194".to_owned())]);
        told.extend([("[note][date_create]", date.clone()), ("[note][timestamp_x]", date.clone())]);
        let people = ["[note][created_by]", "[note][modified_by]", "[note][main_user_id]"];
        told.extend(people.map(|name| (name, "10110001".to_owned())));
        told.extend([("[note][group_id]", "0".to_owned()), ("[note][id]", id.to_string())]);
        told.extend([("[note][created_at]", now.clone()), ("[note][updated_at]", now.clone())]);
        told
    };
    let plain = told(("2", lead), "4", &[("[note][text]", "Hello")], notes[0]);
    assert_eq!(entity(&leads, &hooks[0], "leads[note][0]"), form(&plain));
    let file = [("[note][text]", ""), ("[note][attachement]", "plan.pdf")];
    assert_eq!(entity(&leads, &hooks[2], "leads[note][0]"), form(&told(("2", lead), "5", &file, notes[2])));

    let call = entity(&leads, &hooks[1], "contacts[note][0]");
    let text = call.iter().find(|(name, _)| name == "[note][text]").unwrap().1.clone();
    let mut expected = told(("1", contact), "10", &[("[note][text]", &text)], notes[1]);
    expected.push(("[type]", "contact".to_owned()));
    assert_eq!(call, form(&expected));
    let params = json!({"UNIQ": "u1", "DURATION": 60, "SRC": "PBX", "LINK": "https://x.example/1.mp3",
                        "PHONE": "+380501234567"});
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), params);
}
