//! The record of a write: who may send it, what was sent, what it made.

use std::time::Duration;

use jiff::Timestamp;

use super::budget::admits_another_write;
use super::key::{KeyHash, RequestHash};
use super::outcome::WrittenObject;
use super::request::{WriteKind, WriteRequest};
use super::sending::{Doubt, Sending};
use crate::clock::before;
use crate::ids::{AccountId, Epoch, LeaseOwner, UserId};
use crate::lease::Lease;

/// How long a write that is done is remembered.
pub const WRITE_MEMORY: Duration = Duration::from_hours(7 * 24);

/// The record of one write. Its key and its request are there as hashes alone, what was written not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WriteRecord {
    /// Whose it is.
    pub user: UserId,
    /// The key.
    pub key: KeyHash,
    /// The request that the key was first used for.
    pub request: RequestHash,
    /// The account that is written to.
    pub account: AccountId,
    /// The CRM's number for the user of the grant, where that is known.
    pub author: Option<u64>,
    /// The user's epoch when it began: in another one it is void.
    pub epoch: Epoch,
    /// What is written.
    pub kind: WriteKind,
    /// What a note or a task is made on, or what is changed.
    pub target: Option<u64>,
    /// What it made. If a lead is to have a comment, it is here before the comment is sent.
    pub object: Option<WrittenObject>,
    /// The note that holds the lead's comment.
    pub comment: Option<u64>,
    /// When it was first asked for, by the store's clock.
    pub begun_at: Timestamp,
    /// How far it is.
    pub state: WriteState,
}

/// How far a write is. The step that it is about follows from the record: once a lead is there, it is its comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WriteState {
    /// The lease's owner works on it, or died while it did.
    Underway {
        /// Who works on it.
        lease: Lease,
        /// The sending of this step, if there was one.
        sent: Option<Sending>,
    },
    /// Nobody works on it, and it is unknown whether this sending was carried out.
    OutcomeUnknown(Sending),
    /// It is done.
    Done {
        /// Whether the CRM refused the lead's comment.
        missing_comment: bool,
        /// When it was recorded, by the store's clock.
        done_at: Timestamp,
    },
}

/// The answer to a [`WriteRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Only the caller works on it. The step that it is about was never sent, or certainly not carried out.
    Granted(WriteRecord),
    /// Only the caller works on it. It was sent before, and the caller has to look whether it was carried out.
    InDoubt(WriteRecord, Doubt),
    /// Somebody else works on it. If this record differs from the stored one, the store saves it.
    Held(WriteRecord),
    /// It was done: the first answer is repeated.
    Replay(WriteRecord),
    /// The key was used in another account, or before the user disconnected or connected anew.
    Expired,
    /// The key was used for another request.
    Reused,
    /// The user has disconnected, or connected anew, since the request read their connection. Nothing was recorded.
    Disconnected,
    /// The user has [`WRITES_OF_A_USER`](super::WRITES_OF_A_USER) writes on record. Nothing was recorded. After this
    /// time there may be room.
    Full(Duration),
}

/// Why a write must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The caller does not hold the lease any more, or the write is done.
    LeaseLost,
    /// The user has disconnected, or connected anew, since it began.
    Disconnected,
    /// An earlier sending may still be carried out.
    InDoubt,
}

impl Begun {
    /// The record as it is to be stored, if it may have changed.
    pub fn changed(&self) -> Option<&WriteRecord> {
        match self {
            Self::Granted(record) | Self::InDoubt(record, _) | Self::Held(record) => Some(record),
            Self::Replay(_) | Self::Expired | Self::Reused | Self::Disconnected | Self::Full(_) => None,
        }
    }
}

impl WriteRecord {
    /// Decides whether the caller may work on a write. `on_record` is what is known of its key, `full_since` when the
    /// [`WRITES_OF_A_USER`](super::WRITES_OF_A_USER)th newest write of the user began, if there are as many, `epoch`
    /// the user's as it is now.
    pub fn begin(
        on_record: Option<Self>,
        full_since: Option<Timestamp>,
        request: &WriteRequest,
        epoch: Epoch,
        owner: LeaseOwner,
        store_now: Timestamp,
    ) -> Begun {
        if request.epoch != epoch {
            return Begun::Disconnected;
        }
        let lease = Lease::granted(owner, store_now);
        let Some(mut known) = on_record else {
            if let Err(wait) = admits_another_write(full_since, store_now) {
                return Begun::Full(wait);
            }
            return Begun::Granted(Self::new(request, owner, store_now));
        };
        if known.epoch != epoch || known.account != request.account {
            return Begun::Expired;
        }
        if known.request != request.request {
            return Begun::Reused;
        }
        let sent = match known.state {
            WriteState::Done { .. } => return Begun::Replay(known),
            WriteState::Underway { lease: held, sent } if held.seen_at(store_now).is_live(store_now) => {
                known.state = WriteState::Underway { lease: held.seen_at(store_now), sent };
                return Begun::Held(known);
            }
            WriteState::Underway { sent, .. } => sent,
            WriteState::OutcomeUnknown(sent) => Some(sent),
        };
        known.author = known.author.or(request.author);
        known.state = WriteState::Underway { lease, sent };
        match sent {
            Some(sent) => Begun::InDoubt(known, sent.doubt(store_now)),
            None => Begun::Granted(known),
        }
    }

    /// A record of `owner`'s, nothing of which was sent.
    pub(super) fn new(request: &WriteRequest, owner: LeaseOwner, store_now: Timestamp) -> Self {
        Self {
            user: request.user.clone(),
            key: request.key,
            request: request.request,
            account: request.account,
            author: request.author,
            epoch: request.epoch,
            kind: request.kind,
            target: request.target,
            object: None,
            comment: None,
            begun_at: store_now,
            state: WriteState::Underway { lease: Lease::granted(owner, store_now), sent: None },
        }
    }

    /// Renews the lease, if it is `owner`'s. Returns whether it is.
    pub fn renew(&mut self, owner: LeaseOwner, store_now: Timestamp) -> bool {
        let is_held = self.is_held_by(owner);
        if let WriteState::Underway { lease, .. } = &mut self.state
            && is_held
        {
            *lease = Lease::granted(owner, store_now);
        }
        is_held
    }

    /// Records that `owner` sends the step that it is about, and renews their lease. `epoch` is the user's as it is
    /// now.
    ///
    /// A step may be sent again by who sent it last and heard that it was refused, and by who looked for it and
    /// found nothing, once that [counts](Doubt::absence_counts).
    pub fn send(&mut self, owner: LeaseOwner, epoch: Epoch, store_now: Timestamp) -> Result<(), NotSent> {
        let WriteState::Underway { lease, sent } = &mut self.state else { return Err(NotSent::LeaseLost) };
        if lease.owner != owner {
            return Err(NotSent::LeaseLost);
        }
        if self.epoch != epoch {
            return Err(NotSent::Disconnected);
        }
        if sent.is_some_and(|sent| sent.by != owner && !sent.doubt(store_now).absence_counts) {
            return Err(NotSent::InDoubt);
        }
        *lease = Lease::granted(owner, store_now);
        *sent = Some(Sending { at: store_now, by: owner });
        Ok(())
    }

    pub(super) fn is_held_by(&self, owner: LeaseOwner) -> bool {
        matches!(self.state, WriteState::Underway { lease, .. } if lease.owner == owner)
    }

    /// The sending of the step that it is about, if there was one.
    pub fn sent(&self) -> Option<Sending> {
        match self.state {
            WriteState::Underway { sent, .. } => sent,
            WriteState::OutcomeUnknown(sent) => Some(sent),
            WriteState::Done { .. } => None,
        }
    }

    /// Whether it made something new (201), and did not change something (200).
    pub fn made_new(&self) -> bool {
        self.object.is_some_and(|object| object.is_new)
    }

    /// Whether a sweep forgets the record: it was done [`WRITE_MEMORY`] ago, or nothing of it was ever sent and its
    /// owner is gone for as long. `now`, the store's clock, and `as_of`, what that showed when it was last seen to be
    /// right, all have to say so. What is in doubt stays until that is resolved.
    pub fn is_over(&self, now: Timestamp, as_of: Timestamp, store_now: Timestamp) -> bool {
        let oldest = before(now.min(as_of).min(store_now), WRITE_MEMORY);
        match self.state {
            WriteState::Done { done_at, .. } => done_at < oldest,
            WriteState::Underway { lease, sent: None } => self.object.is_none() && lease.until < oldest,
            WriteState::Underway { .. } | WriteState::OutcomeUnknown(_) => false,
        }
    }
}
