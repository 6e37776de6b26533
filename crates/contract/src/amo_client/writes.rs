//! Writes: what is asked for, once and no more, and what is told of it.

use amo_connect_domain::crm::pipeline::StageKind;
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;

use super::call::token;
use super::feature::Entity;
use super::pipelines::listed;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::{at, permit, pipeline, stage};

/// The lead that everything is written to.
const LEAD: u64 = 5;

/// The task that is changed.
const TASK: u64 = 12;

/// The pipeline and the stage of all leads.
const STAGE: (u64, u64) = (3, 11);

#[expect(clippy::unnecessary_wraps, reason = "it stands for members that may be missing")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().copied().map(str::to_owned).collect()
}

pub(super) fn whole_guest() -> NewGuest {
    NewGuest {
        name: text("Олена Коваленко"), phone: text("+380 44 000-00-00"), email: text("guest@example.com")
    }
}

/// A lead with all that one can be made with.
pub(super) fn whole_lead() -> NewLead {
    NewLead {
        name: text("Квартира, «вид на море» 🏖"),
        price: Some(12_500_000),
        pipeline: Some(STAGE.0),
        stage: Some(STAGE.1),
        responsible_user: Some(9),
        tags: texts(&["море", "з балконом"]),
        guest: Some(whole_guest()),
    }
}

/// All that can be changed of a lead.
fn whole_lead_change() -> LeadChange {
    LeadChange {
        name: text("Будинок \"біля лісу\""),
        price: Some(0),
        pipeline: Some(STAGE.0),
        stage: Some(STAGE.1),
        responsible_user: Some(9),
        loss_reason: Some(4),
        tags_to_add: texts(&["ліс", "сад"]),
        tags_to_remove: texts(&["море"]),
    }
}

fn note() -> NewNote {
    NewNote { lead: LEAD, text: " Передзвонити\nо 10:00 \\ <b>терміново</b> ".to_owned() }
}

fn whole_task() -> NewTask {
    let (kind, responsible_user) = (Some(2), Some(9));
    NewTask {
        lead: LEAD, text: "Показати квартиру".to_owned(), complete_till: at(3_600), kind, responsible_user
    }
}

fn whole_task_change() -> TaskChange {
    TaskChange {
        text: text("Показати ще раз"),
        complete_till: Some(at(7_200)),
        is_completed: Some(false),
        result: text("Згоден, «беру»"),
    }
}

/// A write of each kind, with everything that it can have.
pub(super) fn whole_writes() -> [Write; 5] {
    [
        Write::Lead(whole_lead()),
        Write::LeadChange(LEAD, whole_lead_change()),
        Write::Note(note()),
        Write::Task(whole_task()),
        Write::TaskChange(TASK, whole_task_change()),
    ]
}

/// Writes with one member each, beside those that a write cannot be without.
fn writes_of_one_member() -> Vec<Write> {
    let (lead, change, done) = (whole_lead(), whole_lead_change(), whole_task_change());
    let leads = [
        NewLead { name: lead.name, ..NewLead::default() },
        NewLead { guest: Some(NewGuest { name: text("Олена"), ..NewGuest::default() }), ..NewLead::default() },
        NewLead { guest: Some(NewGuest { phone: text("+380 44"), ..NewGuest::default() }), ..NewLead::default() },
        NewLead { guest: Some(NewGuest { email: text("a@b.example"), ..NewGuest::default() }), ..NewLead::default() },
    ];
    let lead_changes = [
        LeadChange { name: change.name, ..LeadChange::default() },
        LeadChange { price: change.price, ..LeadChange::default() },
        LeadChange { pipeline: change.pipeline, stage: change.stage, ..LeadChange::default() },
        LeadChange { responsible_user: change.responsible_user, ..LeadChange::default() },
        LeadChange { loss_reason: change.loss_reason, ..LeadChange::default() },
        LeadChange { tags_to_add: change.tags_to_add, ..LeadChange::default() },
        LeadChange { tags_to_remove: change.tags_to_remove, ..LeadChange::default() },
    ];
    let task_changes = [
        TaskChange { text: done.text, ..TaskChange::default() },
        TaskChange { complete_till: done.complete_till, ..TaskChange::default() },
        TaskChange { is_completed: Some(true), ..TaskChange::default() },
        TaskChange { result: done.result, ..TaskChange::default() },
    ];
    let leads = leads.into_iter().map(Write::Lead);
    let lead_changes = lead_changes.into_iter().map(|change| Write::LeadChange(LEAD, change));
    let tasks = [Write::Task(NewTask { kind: None, responsible_user: None, ..whole_task() })];
    let task_changes = task_changes.into_iter().map(|change| Write::TaskChange(TASK, change));
    leads.chain(lead_changes).chain(tasks).chain(task_changes).collect()
}

/// Does `write`, whose stage the client has listed before, against a CRM that answers so. Exactly one request has to
/// reach it, if any can, and ask for all of the write and for nothing else.
pub(super) async fn written(
    harness: &dyn AmoClientHarness,
    write: &Write,
    reply: Reply,
) -> Result<Option<WrittenObject>, AmoError> {
    let has_stage = match write {
        Write::Lead(lead) => lead.stage.is_some(),
        Write::LeadChange(_, change) => change.stage.is_some(),
        Write::Note(_) | Write::Task(_) | Write::TaskChange(..) => false,
    };
    if has_stage {
        listed(harness, &[pipeline(STAGE.0, vec![stage(STAGE.1, StageKind::Open)])]).await;
    }
    let before = harness.asked().await.len();
    let shown = format!("{write:?} answered by {reply:?}");
    let seen = Asked::to_write(&harness.host(), &token(), write);
    let seen = if reply == Reply::Unreachable { vec![] } else { vec![seen] };
    harness.will(reply).await;
    let wanted = names::write(harness, write);
    let outcome = harness.client().write(permit(&harness.host()), &token(), &wanted).await;
    assert_eq!(harness.asked().await.split_off(before), seen, "{shown}");
    outcome
}

/// What the CRM answers when `write` is done, and what is told of it.
fn done(harness: &dyn AmoClientHarness, write: &Write) -> (Reply, Option<WrittenObject>) {
    let made = WrittenObject { id: 10_001, is_new: true };
    let known = match write {
        Write::Lead(_) => WrittenObject { id: harness.number_of(Entity::Lead, made.id), ..made },
        _ => made,
    };
    match write.kind().makes() {
        Some(_) => (Reply::Made(made), Some(known)),
        None => (Reply::Changed, None),
    }
}

async fn assert_done(harness: &dyn AmoClientHarness, write: &Write) {
    let (reply, told) = done(harness, write);
    assert_eq!(written(harness, write, reply).await, Ok(told), "{write:?}");
}

pub(super) async fn a_write_reaches_the_crm_whole_and_what_it_made_is_told(harness: &dyn AmoClientHarness) {
    for write in whole_writes() {
        assert_done(harness, &write).await;
    }
}

pub(super) async fn a_lead_is_made_together_with_its_guest_by_one_request(harness: &dyn AmoClientHarness) {
    for guest in [whole_guest(), NewGuest { email: None, ..whole_guest() }, NewGuest { phone: None, ..whole_guest() }] {
        let name = text("Квартира");
        assert_done(harness, &Write::Lead(NewLead { name, guest: Some(guest), ..NewLead::default() })).await;
    }
}

pub(super) async fn a_lead_without_a_name_is_called_as_its_guest(harness: &dyn AmoClientHarness) {
    for (guest, name) in [
        (whole_guest(), "Олена Коваленко"),
        (NewGuest { name: None, ..whole_guest() }, "+380 44 000-00-00"),
        (NewGuest { name: None, phone: None, ..whole_guest() }, "guest@example.com"),
    ] {
        let lead = NewLead { guest: Some(guest), ..NewLead::default() };
        assert_done(harness, &Write::Lead(lead.clone())).await;
        let called = match harness.asked().await.pop() {
            Some(Asked::Write { write: Write::Lead(lead), .. }) => lead.name,
            other => panic!("{other:?}"),
        };
        assert_eq!(called.as_deref(), Some(name), "{lead:?}");
    }
}

pub(super) async fn what_is_unset_is_not_sent(harness: &dyn AmoClientHarness) {
    for write in writes_of_one_member() {
        assert_done(harness, &write).await;
    }
}

pub(super) async fn a_lead_that_was_put_together_with_another_is_not_new(harness: &dyn AmoClientHarness) {
    for is_new in [false, true] {
        let reply = Reply::Made(WrittenObject { id: 7, is_new });
        let told = WrittenObject { id: harness.number_of(Entity::Lead, 7), is_new };
        assert_eq!(written(harness, &Write::Lead(whole_lead()), reply).await, Ok(Some(told)));
    }
}
