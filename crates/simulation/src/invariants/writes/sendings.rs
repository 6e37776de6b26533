//! Which writes may leave for amoCRM, and when.

use std::time::Duration;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::idempotency::{KeyHash, WriteRecord};
use amo_connect_domain::ports::AmoError;

use super::super::{Checker, Invariant};
use super::{Asked, AskedId, Told, Wanted, WriteSending, WriteSendingId, is_comment};
use crate::crm::{Crm, GrantId, PairId, account_id};
use crate::executor::micros;

/// How long after it was put on record, or after a disconnect, a write may leave.
const SENT_WITHIN: Duration = Duration::from_secs(5);

/// How long after it has left amoCRM may do a write.
const DONE_WITHIN: Duration = Duration::from_mins(1);

impl WriteSending {
    /// Whether amoCRM may still do it, as far as its sender can know.
    pub(super) fn may_be_done(&self, now: u64) -> bool {
        self.is_in_doubt() && now < self.left_at + micros(DONE_WITHIN)
    }
}

impl Checker {
    /// `asked` sends `write` with the access token of `pair`. `on_record` is what the store has of its key.
    pub(crate) fn write_sent(
        &mut self,
        crm: &Crm,
        asked: AskedId,
        (write, pair): (&Write, PairId),
        on_record: Option<&WriteRecord>,
        now: u64,
    ) -> WriteSendingId {
        let grant = crm.pairs[pair].grant;
        let Wanted { user, order, .. } = self.wanted_by(asked).clone();
        let key = order.key.map(|key| key.key);
        let is_comment = is_comment(&order, write);
        self.check_sender(crm, user, grant, now);
        let recorded = self.writes.asked[asked].recorded.take();
        if let Some(key) = key {
            self.check_recorded(asked, recorded, on_record, now);
            self.check_again(key, is_comment, now);
        }
        let is_excused = recorded.is_some_and(|(at, is_astray)| is_astray || self.has_jumped_since(at));
        self.writes.sent.push(WriteSending {
            asked,
            key,
            write: write.clone(),
            is_comment,
            account: account_id(crm.grants[grant].account),
            left_at: now,
            told: None,
            done_at: None,
            made: None,
            is_excused,
            is_hasty: false,
        });
        self.writes.sent.len() - 1
    }

    fn has_jumped_since(&self, moment: u64) -> bool {
        self.last_jump.is_some_and(|jumped| jumped >= moment)
    }

    /// Whether `user` may write with `grant` now.
    fn check_sender(&mut self, crm: &Crm, user: usize, grant: GrantId, now: u64) {
        let owner = crm.grants[grant].user;
        if owner != user {
            self.accuse(Invariant::AnothersTokens, || format!("user {user} writes by grant {grant} of user {owner}"));
        }
        let row = &self.rows[user];
        let is_over = now > row.disconnected_at + micros(SENT_WITHIN);
        if is_over && self.is_from_before(crm, grant, user, row.disconnect_answered) {
            self.accuse(Invariant::CameBack, || format!("user {user} writes by grant {grant} after a disconnect"));
        }
    }

    /// Whether a write with a key is on record, as its sender's.
    fn check_recorded(
        &mut self,
        asked: AskedId,
        recorded: Option<(u64, bool)>,
        on_record: Option<&WriteRecord>,
        now: u64,
    ) {
        let Asked { order, owner, .. } = self.writes.asked[asked];
        let Some((at, _)) = recorded else {
            self.accuse(Invariant::SentUnrecorded, || format!("order {order} was sent, and nobody had recorded that"));
            return;
        };
        if now > at + micros(SENT_WITHIN) {
            self.accuse(Invariant::SentUnrecorded, || {
                format!("order {order} was sent {} µs after that was recorded", now - at)
            });
        }
        let sent_by = on_record.and_then(WriteRecord::sent).map(|sent| sent.by);
        if (sent_by.is_none() || sent_by != owner) && !self.has_jumped_since(at) {
            self.accuse(Invariant::SentUnrecorded, || format!("order {order} was sent, and that is not on record"));
        }
    }

    /// Whether a step of `key` may be sent, after what was sent of it before.
    fn check_again(&mut self, key: KeyHash, is_comment: bool, now: u64) {
        let earlier = |sent: &&WriteSending| sent.key == Some(key) && sent.is_comment == is_comment && !sent.is_excused;
        let mut all = self.writes.sent.iter().enumerate().filter(|(_, sent)| earlier(sent));
        let first = all.clone().find(|(_, sent)| sent.may_be_done(now)).map(|(id, _)| id);
        let done = all.find(|(_, sent)| self.is_done_for(sent, key)).map(|(id, _)| id);
        if let Some(id) = first {
            self.accuse(Invariant::WrittenInDoubt, || format!("write {id} is sent again, and may still be done"));
        }
        if let Some(id) = done {
            self.accuse(Invariant::WrittenTwice, || format!("write {id} is sent again, and was done"));
        }
    }

    /// Whether amoCRM has done it, and that can be seen: what it made is no other key's, and what it changed has changed
    /// since, by clocks that agree.
    pub(super) fn is_done_for(&self, sent: &WriteSending, key: KeyHash) -> bool {
        match (sent.done_at, sent.makes(), sent.made) {
            (None, ..) | (_, Some(_), None) => false,
            (_, None, _) => self.writes.clocks_agree,
            (_, Some(entity), Some(id)) => self.owner_of(sent.account, entity, id).is_none_or(|owner| owner == key),
        }
    }

    /// amoCRM has processed a write.
    pub(crate) fn write_processed(
        &mut self,
        sending: WriteSendingId,
        outcome: Result<Option<WrittenObject>, AmoError>,
        now: u64,
    ) {
        if let (Some(sent), Ok(made)) = (self.writes.sent.get_mut(sending), outcome) {
            sent.done_at = Some(now);
            sent.made = made.filter(|object| object.is_new).map(|object| object.id);
        }
    }

    /// The sender of a write knows its end, or that it cannot know it.
    pub(crate) fn write_told(&mut self, sending: WriteSendingId, told: Told) {
        if let Some(sent) = self.writes.sent.get_mut(sending) {
            sent.told = Some(told);
        }
    }

    /// The store's clock was set forward: what is in doubt may be sent again too early, and not be found.
    pub(in super::super) fn writes_excused(&mut self) {
        let writes = &mut self.writes;
        for sent in &mut writes.sent {
            sent.is_excused |= sent.key.is_some_and(|key| !writes.done.contains_key(&key));
        }
    }
}
