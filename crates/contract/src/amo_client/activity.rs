//! Reads of what belongs to leads: notes, tasks and events.

use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::task::{Task, TaskFilter, TaskOrder};
use serde_json::json;

use super::call::{all_tasks, token};
use super::feature::Entity;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::{at, permit};

/// The lead that everything belongs to.
const LEAD: u64 = 5;

const SECOND_PAGE: PageRequest = PageRequest { page: 2, limit: 20 };

/// A note of this type, with this text.
fn note(id: u64, kind: &str, said: Option<&str>) -> Note {
    Note {
        id,
        kind: Some(kind.to_owned()),
        text: said.map(str::to_owned),
        params: said.map_or(json!({"duration": 61}), |said| json!({"text": said, "extra": [1]})),
        created_by: Some(9),
        created_at: Some(at(0)),
        updated_at: Some(at(60)),
    }
}

fn event(id: &str, kind: &str) -> Event {
    let stage = |id: u64| json!([{"lead_status": {"id": id, "pipeline_id": 3}}]);
    let (before, after) = (stage(7), stage(8));
    Event {
        id: id.to_owned(),
        kind: Some(kind.to_owned()),
        before,
        after,
        created_by: Some(9),
        created_at: Some(at(0)),
    }
}

fn task(id: u64) -> Task {
    Task {
        id,
        lead: Some(LEAD),
        text: Some("Передзвонити".to_owned()),
        kind: Some(1),
        complete_till: Some(at(3_600)),
        is_completed: true,
        result: Some("Згоден".to_owned()),
        responsible_user: Some(9),
        created_by: Some(8),
        created_at: Some(at(0)),
        updated_at: Some(at(60)),
    }
}

/// The note as the client knows it.
fn known_note(harness: &dyn AmoClientHarness, note: &Note) -> Note {
    Note { created_by: names::user(harness, note.created_by), ..note.clone() }
}

/// The task as the client knows it.
fn known_task(harness: &dyn AmoClientHarness, task: &Task) -> Task {
    Task {
        lead: task.lead.map(|lead| harness.number_of(Entity::Lead, lead)),
        responsible_user: names::user(harness, task.responsible_user),
        created_by: names::user(harness, task.created_by),
        ..task.clone()
    }
}

async fn assert_notes(harness: &dyn AmoClientHarness, items: Vec<Note>) {
    for has_more in [true, false] {
        let page = Page { items: items.clone(), has_more };
        harness.will(Reply::Notes(page.clone())).await;
        let lead = harness.number_of(Entity::Lead, LEAD);
        let listed = harness.client().notes(permit(&harness.host()), &token(), lead, SECOND_PAGE).await;
        let known = items.iter().map(|note| known_note(harness, note)).collect();
        assert_eq!(listed, Ok(Page { items: known, has_more }));
    }
    let asked = Asked::Notes { host: harness.host(), token: token(), lead: LEAD, page: SECOND_PAGE };
    assert_eq!(harness.asked().await, [asked.clone(), asked]);
}

pub(super) async fn notes_come_as_they_are_listed(harness: &dyn AmoClientHarness) {
    let said = note(12, "common", Some("Передзвонити, «вид на море»"));
    let by_nobody = Note { created_by: None, ..note(10, "service_message", Some("Бронь")) };
    assert_notes(harness, vec![said, note(11, "call_in", None), by_nobody, Note::numbered(9)]).await;
}

pub(super) async fn notes_of_unknown_types_are_listed(harness: &dyn AmoClientHarness) {
    assert_notes(harness, vec![note(12, "a_type_of_tomorrow", Some("Щось")), note(11, "another", None)]).await;
}

async fn assert_events(harness: &dyn AmoClientHarness, items: Vec<Event>) {
    for has_more in [true, false] {
        let page = Page { items: items.clone(), has_more };
        harness.will(Reply::Events(page.clone())).await;
        let lead = harness.number_of(Entity::Lead, LEAD);
        let listed = harness.client().events(permit(&harness.host()), &token(), lead, SECOND_PAGE).await;
        let known = |event: &Event| Event { created_by: names::user(harness, event.created_by), ..event.clone() };
        assert_eq!(listed, Ok(Page { items: items.iter().map(known).collect(), has_more }));
    }
    let asked = Asked::Events { host: harness.host(), token: token(), lead: LEAD, page: SECOND_PAGE };
    assert_eq!(harness.asked().await, [asked.clone(), asked]);
}

pub(super) async fn events_come_as_they_are_listed(harness: &dyn AmoClientHarness) {
    let created = Event { before: json!([]), after: json!([]), created_by: None, ..event("01h1", "lead_added") };
    assert_events(harness, vec![event("01h2", "lead_status_changed"), created, Event::named("01h0")]).await;
}

pub(super) async fn events_of_unknown_types_are_listed(harness: &dyn AmoClientHarness) {
    assert_events(harness, vec![event("01h2", "an_event_of_tomorrow"), event("01h1", "another")]).await;
}

pub(super) async fn tasks_come_as_they_are_listed(harness: &dyn AmoClientHarness) {
    let open = Task { is_completed: false, result: None, ..task(10) };
    let page = Page { items: vec![task(12), open, Task::numbered(9)], has_more: true };
    harness.will(Reply::Tasks(page.clone())).await;
    let listed = harness.client().tasks(permit(&harness.host()), &token(), &all_tasks()).await;
    let known = page.items.iter().map(|task| known_task(harness, task)).collect();
    assert_eq!(listed, Ok(Page { items: known, has_more: true }));
}

pub(super) async fn a_filter_of_tasks_reaches_the_crm_whole(harness: &dyn AmoClientHarness) {
    let due = |is_descending| TaskOrder::CompleteTill { is_descending };
    for (order, lead, responsible_user, is_completed) in [
        (TaskOrder::Newest, Some(LEAD), None, None),
        (due(false), None, Some(9), Some(false)),
        (due(true), None, None, Some(true)),
    ] {
        let filter = TaskFilter { page: SECOND_PAGE, order, lead, responsible_user, is_completed };
        harness.will(Reply::Tasks(Page::empty())).await;
        let named = TaskFilter {
            lead: lead.map(|lead| harness.number_of(Entity::Lead, lead)),
            responsible_user: names::user(harness, responsible_user),
            ..filter
        };
        harness.client().tasks(permit(&harness.host()), &token(), &named).await.unwrap();
        let seen = Asked::Tasks { host: harness.host(), token: token(), filter };
        assert_eq!(harness.asked().await.pop(), Some(seen));
    }
}

pub(super) async fn a_note_comes_by_its_number(harness: &dyn AmoClientHarness) {
    let said = note(12, "common", Some("Передзвонити, «вид на море»"));
    for note in [said, Note { created_by: None, ..note(12, "a_type_of_tomorrow", None) }, Note::numbered(12)] {
        harness.will(Reply::Note(note.clone())).await;
        let lead = harness.number_of(Entity::Lead, LEAD);
        let found = harness.client().note(permit(&harness.host()), &token(), lead, 12).await;
        assert_eq!(found, Ok(Some(known_note(harness, &note))));
        let asked = Asked::Note { host: harness.host(), token: token(), lead: LEAD, id: 12 };
        assert_eq!(harness.asked().await.pop(), Some(asked));
    }
}

pub(super) async fn a_task_comes_by_its_number(harness: &dyn AmoClientHarness) {
    let by_nobody = Task { is_completed: false, result: None, created_by: None, ..task(12) };
    for task in [task(12), by_nobody, Task::numbered(12)] {
        harness.will(Reply::Task(task.clone())).await;
        let found = harness.client().task(permit(&harness.host()), &token(), 12).await;
        assert_eq!(found, Ok(Some(known_task(harness, &task))));
        let asked = Asked::Task { host: harness.host(), token: token(), id: 12 };
        assert_eq!(harness.asked().await.pop(), Some(asked));
    }
}

pub(super) async fn an_unknown_note_is_none(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Nothing).await;
    assert_eq!(harness.client().note(permit(&harness.host()), &token(), LEAD, 12).await, Ok(None));
}

pub(super) async fn an_unknown_task_is_none(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Nothing).await;
    assert_eq!(harness.client().task(permit(&harness.host()), &token(), 12).await, Ok(None));
}
