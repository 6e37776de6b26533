//! Writes: once, however often they are asked for.

mod changes;
mod doubts;
mod limits_of_looking;
mod outages;
mod told;

use amo_connect_contract::fake::Gate;
use amo_connect_contract::fixtures::{after, at, host, pipeline, stage, user, write_key};
use amo_connect_contract::{FakeAccount, FakeAmo};
use amo_connect_domain::crm::account::User;
use amo_connect_domain::crm::lead::AmoLead;
use amo_connect_domain::crm::pipeline::StageKind;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::crm::write::{NewLead, NewNote, NewTask, Write};
use amo_connect_domain::idempotency::{IdempotencyKey, RequestHash};
use amo_connect_domain::usecase::{WriteAnswer, WriteError, WriteKey, WriteOrder, Written};

use crate::world::World;

/// The user of olena's grant.
const OLENA: u64 = 5;

/// An account with lead 1 and its task 41, whose users are olena and an administrator.
fn agency() -> FakeAccount {
    let person = |id, is_admin| User { id, name: None, email: None, is_active: true, is_admin };
    FakeAccount {
        leads: vec![AmoLead::numbered(1)],
        tasks: vec![Task { lead: Some(1), text: Some("Call".to_owned()), ..Task::numbered(41) }],
        pipelines: vec![pipeline(3, vec![stage(7, StageKind::Open), stage(8, StageKind::Open)])],
        user: Some(OLENA),
        users: vec![person(OLENA, false), person(6, true)],
        ..FakeAccount::empty(1)
    }
}

/// Olena is connected to that account, whose clock is the store's.
async fn connected(world: &World) {
    let time = world.time.clone();
    world.amo.set_clock(move || after(at(0), time.passed()));
    world.connect("olena", 1).await;
}

/// The same, where token requests and writes have to pass this gate.
async fn connected_through(world: &World, gate: &Gate) {
    gate.let_go(1);
    connected(world).await;
    gate.arrival().await;
}

fn world_of(account: FakeAccount) -> World {
    World::beside_account(account)
}

/// What makes a lead, a note and a task.
fn makes() -> [Write; 3] {
    let complete_till = at(24 * 3600);
    [
        lead("Sunrise"),
        Write::Note(NewNote { lead: 1, text: "Hello".to_owned() }),
        Write::Task(NewTask { lead: 1, text: "Come".to_owned(), complete_till, kind: None, responsible_user: None }),
    ]
}

fn lead(name: &str) -> Write {
    Write::Lead(NewLead { name: Some(name.to_owned()), ..NewLead::default() })
}

/// Olena asks for `write` with this key.
async fn write(world: &World, key: &str, write: &Write) -> Result<WriteAnswer, WriteError> {
    with_comment(world, key, write, None).await
}

async fn with_comment(
    world: &World,
    key: &str,
    write: &Write,
    comment: Option<&str>,
) -> Result<WriteAnswer, WriteError> {
    let olena = user("olena");
    let name = IdempotencyKey::new(key).unwrap();
    let request = RequestHash::of(&name, "POST", "/", format!("{write:?} {comment:?}").as_bytes());
    let key = Some(WriteKey { key: write_key(&olena, key), request });
    let order = WriteOrder { write: write.clone(), comment: comment.map(str::to_owned), key };
    world.use_cases.write(olena, order).await
}

/// The same without a key.
async fn write_once(world: &World, write: &Write, comment: Option<&str>) -> Result<WriteAnswer, WriteError> {
    let order = WriteOrder { write: write.clone(), comment: comment.map(str::to_owned), key: None };
    world.use_cases.write(user("olena"), order).await
}

/// The number of what was written.
fn number(answer: &WriteAnswer) -> u64 {
    match &answer.what {
        Written::Lead(details) => details.lead.lead.id,
        Written::Note(note) => note.id,
        Written::Task(task) => task.id,
    }
}

/// How often a write was carried out.
fn carried_out(world: &World) -> usize {
    world.amo.carried_out().len()
}

/// The account as it is.
fn account(world: &World) -> FakeAccount {
    world.amo.account_at(&host(1)).unwrap()
}

/// The same account with another thing in it.
fn with(change: impl FnOnce(&mut FakeAccount)) -> FakeAccount {
    let mut account = agency();
    change(&mut account);
    account
}

/// A CRM with this account.
fn crm(account: FakeAccount) -> FakeAmo {
    FakeAmo::new().with_account(&host(1), account)
}
