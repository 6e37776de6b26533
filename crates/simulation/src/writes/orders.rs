//! What users want written, and under which keys. Contents and keys are often the same as others'.

use std::time::Duration;

use amo_connect_domain::clock::after;
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::idempotency::{IdempotencyKey, KeyHash, RequestHash};
use amo_connect_domain::usecase::{WriteKey, WriteOrder};

use crate::crm::pair_of;
use crate::executor::Home;
use crate::invariants::{OrderId, Wanted};
use crate::observe::row;
use crate::setup::{timestamp, user_id};
use crate::world::World;

/// Among so many of the newest texts one is taken that was used before.
const NEWEST_TEXTS: usize = 3;

impl World {
    /// `user` wants something written, mostly under a new key.
    pub(super) fn want(&self, user: usize) -> OrderId {
        let number = self.keys_of(user);
        // Users' keys have the same texts.
        let key_text = self.sim.chance(0.85).then(|| format!("key-{number}"));
        self.want_under(user, key_text)
    }

    /// `user` wants something else written, under a key that they have used.
    pub(super) fn want_with_old_key(&self, user: usize) -> Option<OrderId> {
        let keys = self.keys_of(user);
        (keys > 0).then(|| self.want_under(user, Some(format!("key-{}", self.sim.pick(keys)))))
    }

    /// Under how many keys `user` has wanted something.
    fn keys_of(&self, user: usize) -> usize {
        self.checker().wanted().iter().filter(|other| other.user == user && other.key().is_some()).count()
    }

    fn want_under(&self, user: usize, key_text: Option<String>) -> OrderId {
        let (write, comment) = self.content(user);
        let body = format!("{write:?}, comment {comment:?}");
        let key = key_text.as_ref().and_then(|text| write_key(user, text, &body));
        let order = WriteOrder { write, comment, key };
        let id = self.checker().write_wanted(Wanted { user, order, key_text, is_certain: false });
        self.note(Home::Outside, || {
            let key_text = self.checker().wanted()[id].key_text.clone();
            format!("user {user} wants order {id}, {key_text:?}: {body}")
        });
        id
    }

    /// One of the writes that `user` wanted under a key, mostly a new one.
    pub(super) fn old_order(&self, user: usize) -> Option<OrderId> {
        let checker = self.checker();
        let all = checker.wanted().iter().enumerate();
        let theirs: Vec<_> = all.filter(|(_, order)| order.user == user && order.key().is_some()).collect();
        let newest = theirs.len().saturating_sub(if self.sim.chance(0.7) { NEWEST_TEXTS } else { theirs.len() });
        theirs.get(newest + self.sim.pick(theirs.len() - newest)).map(|(id, _)| *id)
    }

    /// What `user` writes: to the account that they are connected to.
    fn content(&self, user: usize) -> (Write, Option<String>) {
        let account = self.account_of(user);
        let text = self.text();
        let crm = self.crm();
        let objects = &crm.objects[account];
        // Few are written to often, so that people get into each other's way.
        let newest = |count: usize| count.saturating_sub(self.sim.pick(count.min(NEWEST_TEXTS))) as u64;
        let (lead, task) = (newest(objects.leads().len()), newest(objects.tasks().len()));
        let write = match self.sim.pick(20) {
            0..=7 => {
                return (self.new_lead(text), self.sim.chance(0.5).then(|| format!("comment {}", self.sim.pick(4))));
            }
            8..=11 => Write::Note(NewNote { lead, text }),
            12..=15 => {
                let complete_till = after(timestamp(0), Duration::from_secs(self.sim.pick(2) as u64));
                Write::Task(NewTask { lead, text, complete_till, kind: None, responsible_user: None })
            }
            16 | 17 if self.sim.chance(0.5) => {
                Write::LeadChange(lead, LeadChange { price: Some(self.sim.pick(5) as u64), ..LeadChange::default() })
            }
            16 | 17 => Write::LeadChange(lead, LeadChange { name: Some(text), ..LeadChange::default() }),
            _ if self.sim.chance(0.5) => {
                Write::TaskChange(task, TaskChange { text: Some(text), ..TaskChange::default() })
            }
            _ => {
                let (is_completed, result) = (Some(true), Some(text));
                Write::TaskChange(task, TaskChange { is_completed, result, ..TaskChange::default() })
            }
        };
        (write, None)
    }

    fn new_lead(&self, text: String) -> Write {
        let guest = self.sim.chance(0.2).then(|| NewGuest { name: Some(text.clone()), ..NewGuest::default() });
        Write::Lead(NewLead { name: guest.is_none().then_some(text), guest, ..NewLead::default() })
    }

    /// A new text, or one that is in use.
    pub(super) fn text(&self) -> String {
        let count = self.checker().wanted().len();
        let back = if self.sim.chance(0.3) { 1 + self.sim.pick(NEWEST_TEXTS) } else { 0 };
        format!("text {}", count.saturating_sub(back))
    }

    /// The account that `user` is connected to, or has been.
    pub(super) fn account_of(&self, user: usize) -> usize {
        let token =
            row(self, &user_id(user)).and_then(|row| row.grant().and_then(|grant| pair_of(&grant.tokens.refresh)));
        let crm = self.crm();
        token.map_or(0, |pair| crm.grants[crm.pairs[pair].grant].account)
    }
}

/// What `user`'s write of this body under a key of this text is known by.
pub(super) fn write_key(user: usize, text: &str, body: &str) -> Option<WriteKey> {
    let key = IdempotencyKey::new(text).ok()?;
    let request = RequestHash::of(&key, "POST", "/", body.as_bytes());
    Some(WriteKey { key: KeyHash::of(&user_id(user), &key), request })
}
