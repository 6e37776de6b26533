//! Writes, as far as the checker sees them: what is wanted, what was sent, what is on record.

mod answers;
mod claims;
mod doubts;
mod sendings;

use std::collections::HashMap;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::idempotency::{Begun, Entity, KeyHash, RequestHash, WriteKind, WrittenObject};
use amo_connect_domain::ids::{AccountId, Epoch, LeaseOwner};
use amo_connect_domain::usecase::WriteOrder;

use super::{CallId, Checker};
use crate::executor::TaskId;

pub(crate) use answers::read_by;

/// The number of a write that somebody wants.
pub(crate) type OrderId = usize;

/// The number of a call for a write.
pub(crate) type AskedId = usize;

/// The number of a write that left for amoCRM.
pub(crate) type WriteSendingId = usize;

/// A write that a user wants. With a key it may be asked for many times.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) user: usize,
    pub(crate) order: WriteOrder,
    /// What the user calls its key.
    pub(crate) key_text: Option<String>,
    /// Whether its user has heard a certain answer.
    pub(crate) is_certain: bool,
}

/// A call for a write.
#[derive(Clone, Copy, Debug)]
struct Asked {
    call: CallId,
    order: OrderId,
    /// The key as it was sent.
    key: Option<KeyHash>,
    at: u64,
    /// The user's epoch then.
    epoch: Epoch,
    /// The owner that the store has granted the write to.
    owner: Option<LeaseOwner>,
    /// When it was granted, if something of it had been sent before, by another call.
    resumed_at: Option<u64>,
    /// When the sending that is next was put on record, and whether the store's clock was wrong then.
    recorded: Option<(u64, bool)>,
}

/// What the sender of a write knows of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Done,
    /// amoCRM will not take it, however often it is sent.
    Refused,
    NotDone,
    Unknown,
}

/// A write that left for amoCRM.
#[derive(Debug)]
struct WriteSending {
    asked: AskedId,
    key: Option<KeyHash>,
    write: Write,
    /// Whether it is the comment of a lead.
    is_comment: bool,
    account: AccountId,
    left_at: u64,
    /// `None` while its sender waits, and if it died.
    told: Option<Told>,
    /// When amoCRM did it.
    done_at: Option<u64>,
    /// The number of what amoCRM made; `None` for a change, and for what was put together with something.
    made: Option<u64>,
    /// The store's clock was wrong when it was put on record, or was set forward since.
    is_excused: bool,
    /// Its key has claimed something else while amoCRM could still do it.
    is_hasty: bool,
}

/// A write that is on record as done.
#[derive(Debug)]
struct DoneWrite {
    request: RequestHash,
    epoch: Epoch,
    account: AccountId,
    object: Option<WrittenObject>,
}

/// What the checker knows of writes.
#[derive(Debug, Default)]
pub(super) struct Writes {
    wanted: Vec<Wanted>,
    asked: Vec<Asked>,
    sent: Vec<WriteSending>,
    done: HashMap<KeyHash, DoneWrite>,
    /// Whose each object is.
    claims: HashMap<(AccountId, Entity, u64), KeyHash>,
    /// Whether amoCRM's clock and the store's agree to a few seconds.
    clocks_agree: bool,
}

impl Wanted {
    pub(crate) fn key(&self) -> Option<KeyHash> {
        self.order.key.map(|key| key.key)
    }
}

impl WriteSending {
    /// For what it was sent: without a key each call is for a write of its own.
    fn asked_for(&self) -> (Option<[u8; 32]>, AskedId) {
        (self.key.map(|key| key.0), if self.key.is_some() { 0 } else { self.asked })
    }

    fn makes(&self) -> Option<Entity> {
        self.write.kind().makes()
    }

    /// Whether its sender cannot know whether amoCRM has done it.
    fn is_in_doubt(&self) -> bool {
        matches!(self.told, None | Some(Told::Unknown))
    }
}

impl Checker {
    /// amoCRM's clock and the store's agree to a few seconds.
    pub(crate) fn clocks_agree(&mut self) {
        self.writes.clocks_agree = true;
    }

    /// Somebody wants a write.
    pub(crate) fn write_wanted(&mut self, wanted: Wanted) -> OrderId {
        self.writes.wanted.push(wanted);
        self.writes.wanted.len() - 1
    }

    /// The user of a write has heard a certain answer.
    pub(crate) fn heard_for_certain(&mut self, order: OrderId) {
        self.writes.wanted[order].is_certain = true;
    }

    /// All writes that anybody wants.
    pub(crate) fn wanted(&self) -> &[Wanted] {
        &self.writes.wanted
    }

    /// `call` is about to ask for a write, with this key.
    pub(crate) fn write_asked(&mut self, call: CallId, order: OrderId, key: Option<KeyHash>, now: u64) -> AskedId {
        let epoch = self.rows[self.writes.wanted[order].user].epoch;
        let (owner, resumed_at, recorded) = (None, None, None);
        self.writes.asked.push(Asked { call, order, key, at: now, epoch, owner, resumed_at, recorded });
        self.writes.asked.len() - 1
    }

    /// The call for a write that `task` was started for.
    pub(crate) fn write_asked_by(&self, task: Option<TaskId>) -> Option<AskedId> {
        let call = self.call_by(task?)?;
        self.writes.asked.iter().rposition(|asked| asked.call == call)
    }

    /// The user and the key of a call, as it was sent.
    pub(crate) fn key_of(&self, asked: AskedId) -> Option<(usize, KeyHash)> {
        let asked = &self.writes.asked[asked];
        Some((self.writes.wanted[asked.order].user, asked.key?))
    }

    /// The store has decided about a call.
    pub(crate) fn write_begun(&mut self, asked: AskedId, owner: LeaseOwner, begun: &Begun, now: u64) {
        let asked = &mut self.writes.asked[asked];
        match begun {
            Begun::Granted(record) => {
                (asked.owner, asked.resumed_at) = (Some(owner), record.object.is_some().then_some(now));
            }
            Begun::InDoubt(..) => (asked.owner, asked.resumed_at) = (Some(owner), Some(now)),
            Begun::Held(_)
            | Begun::Replay(_)
            | Begun::Expired
            | Begun::Reused
            | Begun::Disconnected
            | Begun::Full(_) => {}
        }
    }

    /// The sending that is next is on record. `is_astray` is whether the store's clock is wrong.
    pub(crate) fn write_recorded(&mut self, asked: AskedId, is_astray: bool, now: u64) {
        self.writes.asked[asked].recorded = Some((now, is_astray));
    }

    /// How many writes left for amoCRM.
    pub(crate) fn writes_sent(&self) -> usize {
        self.writes.sent.len()
    }

    fn wanted_by(&self, asked: AskedId) -> &Wanted {
        &self.writes.wanted[self.writes.asked[asked].order]
    }
}

/// Whether `write` is the comment of a lead that `order` makes.
fn is_comment(order: &WriteOrder, write: &Write) -> bool {
    order.write.kind() == WriteKind::Lead && write.kind() == WriteKind::Note
}
