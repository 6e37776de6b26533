//! What became of a write, and what its record makes of that.

use jiff::Timestamp;

use super::record::{WriteRecord, WriteState};
use super::request::{Entity, WriteRequest};
use crate::ids::{Epoch, LeaseOwner};
use crate::lease::Lease;

/// What a write made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WrittenObject {
    /// Its number.
    pub id: u64,
    /// Whether the write made it. If not, the CRM put it together with one that was there: no key claims that one.
    pub is_new: bool,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The lead is there, and its comment is to be sent next.
    Made(WrittenObject),
    /// It is done: the CRM said so, or it was found.
    Done {
        /// What it made; `None` for a change.
        object: Option<WrittenObject>,
        /// The note that holds the lead's comment.
        comment: Option<u64>,
        /// Whether the CRM refused that comment.
        missing_comment: bool,
    },
    /// It is unknown whether the sending on record was carried out.
    Unknown,
    /// It ended without a change: the CRM refused it, or it was not sent.
    ChangedNothing,
}

/// What is on record after an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// This record. It differs from the outcome if somebody else's came first.
    OnRecord(Box<WriteRecord>),
    /// Nothing: the key may be used as a new one.
    NoRecord,
    /// The object is another key's. The record is as it was.
    Claimed,
}

impl WriteRecord {
    /// What `outcome` claims for this key, so that no other key can.
    pub fn claims(&self, outcome: &WriteOutcome) -> Vec<(Entity, u64)> {
        let (object, comment) = match *outcome {
            WriteOutcome::Made(object) => (Some(object), None),
            WriteOutcome::Done { object, comment, .. } => (object, comment),
            WriteOutcome::Unknown | WriteOutcome::ChangedNothing => (None, None),
        };
        let object = self.kind.makes().zip(object.filter(|object| object.is_new).map(|object| object.id));
        object.into_iter().chain(comment.map(|note| (Entity::Note, note))).collect()
    }

    /// What this record has claimed.
    pub fn claimed(&self) -> Vec<(Entity, u64)> {
        self.claims(&WriteOutcome::Done { object: self.object, comment: self.comment, missing_comment: false })
    }

    /// The record that takes what became of a write. `on_record` is what is known of its key by now: nothing, if
    /// somebody who took the write over was told that nothing was done. What was made is recorded anew then. It is
    /// `None` if there is nothing to record, or if the key was used for another request since.
    pub fn to_settle(
        on_record: Option<Self>,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
        store_now: Timestamp,
    ) -> Option<Self> {
        let made = matches!(outcome, WriteOutcome::Made(_) | WriteOutcome::Done { .. });
        let as_it_was_used = (request.request, request.account, request.epoch);
        match on_record {
            Some(record) => Some(record).filter(|known| (known.request, known.account, known.epoch) == as_it_was_used),
            None => made.then(|| Self::new(request, owner, store_now)),
        }
    }

    /// Takes what became of the write. `is_claimed` is whether another key has what the outcome
    /// [claims](Self::claims), `epoch` the user's as it is now.
    ///
    /// That something was made is true whoever says it, so it is taken from an owner whose lease has passed, unless
    /// the write is done. The other outcomes are for the owner to tell.
    #[must_use]
    pub fn settle(
        mut self,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
        is_claimed: bool,
        epoch: Epoch,
        store_now: Timestamp,
    ) -> Settled {
        if matches!(self.state, WriteState::Done { .. }) {
            return Settled::OnRecord(Box::new(self));
        }
        match *outcome {
            WriteOutcome::Made(_) | WriteOutcome::Done { .. } if is_claimed => return Settled::Claimed,
            WriteOutcome::Made(object) => self.make(object, owner, store_now),
            WriteOutcome::Done { object, comment, missing_comment } => {
                self.object = self.object.or(object);
                self.comment = comment;
                self.state = WriteState::Done { missing_comment, done_at: store_now };
            }
            WriteOutcome::Unknown if self.is_held_by(owner) => {
                self.state = match self.sent() {
                    Some(sent) => WriteState::OutcomeUnknown(sent),
                    None => released(owner, store_now),
                };
            }
            WriteOutcome::ChangedNothing if self.is_held_by(owner) => {
                // What somebody else sent may have been carried out.
                if let Some(doubt) = self.sent().filter(|sent| sent.by != owner) {
                    self.state = WriteState::OutcomeUnknown(doubt);
                } else if self.object.is_some() || self.epoch != epoch {
                    // The comment is still to come; or the record is there to refuse the key from now on.
                    self.state = released(owner, store_now);
                } else {
                    return Settled::NoRecord;
                }
            }
            WriteOutcome::Unknown | WriteOutcome::ChangedNothing => {}
        }
        Settled::OnRecord(Box::new(self))
    }

    /// Records the lead, unless there is one, and that nothing of the next step was sent.
    fn make(&mut self, object: WrittenObject, owner: LeaseOwner, store_now: Timestamp) {
        if self.object.is_some() {
            return;
        }
        self.object = Some(object);
        let lease = match self.state {
            WriteState::Underway { lease, .. } if lease.owner != owner => lease,
            _ => Lease::granted(owner, store_now),
        };
        self.state = WriteState::Underway { lease, sent: None };
    }
}

/// Nobody works on it any more, and nothing of the step that it is about is in doubt.
fn released(owner: LeaseOwner, store_now: Timestamp) -> WriteState {
    WriteState::Underway { lease: Lease { owner, until: store_now }, sent: None }
}
