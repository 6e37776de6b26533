//! Writing to amoCRM for a user: once, however often it is asked for.
//!
//! A write with a key is on record before it is sent ([`crate::idempotency`]). Its steps: the store grants it to one
//! owner; what was in doubt is looked for in amoCRM; what was not done is sent; what became of it is recorded; and
//! what was written is read, as it is now. A write without a key is sent once, and nothing is recorded.

mod answer;
mod candidates;
mod keyed;
mod look;
mod look_for_changes;
mod send;
mod settle;
mod stored;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_channel::oneshot;
use tracing::Instrument as _;

use crate::clock::Instant;
use crate::crm::write::{NewNote, Write};
use crate::idempotency::{KeyHash, RequestHash};
use crate::ids::{Epoch, UserId};
use crate::usecase::UseCases;
use crate::usecase::timeouts::{WRITE_RESERVE, WRITE_TIMEOUT};
use crate::usecase::tokens::access_token::{Access, AccessError};
use crate::usecase::tokens::refresh_token::AskedBy;

pub use answer::{MissingPart, WriteAnswer, WriteError, Written};

use send::NoGate;

/// A write that a user asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOrder {
    /// What is written.
    pub write: Write,
    /// What a new lead's first note says.
    pub comment: Option<String>,
    /// What it is known by, so that it can be asked for again.
    pub key: Option<WriteKey>,
}

/// What a write is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteKey {
    /// The key.
    pub key: KeyHash,
    /// The request that it is used for.
    pub request: RequestHash,
}

/// A write under way.
struct Job {
    user: UserId,
    write: Write,
    comment: Option<String>,
    /// The user's epoch when the write was asked for: a disconnect since then wins.
    epoch: Epoch,
    /// When the caller has to have an answer.
    deadline: Instant,
    /// Whether anything was sent, as far as anybody knows.
    sent: Arc<AtomicBool>,
}

impl Job {
    /// The note for the comment of `lead`.
    fn note(&self, lead: u64) -> Option<Write> {
        self.comment.clone().map(|text| Write::Note(NewNote { lead, text }))
    }
}

impl UseCases {
    /// Writes for `user`. Like all of its kind it goes on if the caller goes away.
    pub async fn write(&self, user: UserId, order: WriteOrder) -> Result<WriteAnswer, WriteError> {
        let deadline = self.deadline(WRITE_TIMEOUT);
        let (done, outcome) = oneshot::channel();
        let span = tracing::debug_span!("write", %user, write.kind = order.write.kind().code());
        let sent = Arc::new(AtomicBool::new(false));
        let (this, asked_by, was_sent) = (self.clone(), user.clone(), Arc::clone(&sent));
        let writing = async move {
            // The caller may be gone.
            let _ = done.send(this.begin(user, order, deadline - WRITE_RESERVE, sent).await);
        };
        self.runtime.spawn(Box::pin(writing.instrument(span)));
        match self.until(deadline, outcome).await {
            Some(Ok(outcome)) => outcome,
            Some(Err(oneshot::Canceled)) | None if was_sent.load(Ordering::Acquire) => {
                Err(WriteError::OutcomeUnknown(Vec::new()))
            }
            // Nothing is sent any more.
            Some(Err(oneshot::Canceled)) | None => Err(self.out_of_time(&asked_by).into()),
        }
    }

    async fn begin(
        &self,
        user: UserId,
        order: WriteOrder,
        deadline: Instant,
        sent: Arc<AtomicBool>,
    ) -> Result<WriteAnswer, WriteError> {
        let WriteOrder { write, comment, key } = order;
        let epoch = self.epoch(&user).await?;
        let job = Job { user, write, comment, epoch, deadline, sent };
        match key {
            Some(key) => self.write_keyed(&job, key).await,
            None => self.write_once(&job).await,
        }
    }

    /// Sends a write without a key. A comment that fails, for whatever reason, does not cost the lead: whoever heard of
    /// an error would make the lead again.
    async fn write_once(&self, job: &Job) -> Result<WriteAnswer, WriteError> {
        let mut access = self.access_for_write(job).await?;
        let made = self.send_write(job, &mut access, &job.write, &NoGate).await?;
        let mut missing = Vec::new();
        if let Some(note) = made.and_then(|lead| job.note(lead.id))
            && let Err(error) = self.send_write(job, &mut access, &note, &NoGate).await
        {
            tracing::warn!(user = %job.user, %error, "a lead was made without its comment");
            missing.push(MissingPart::Comment);
        }
        Ok(self.answered(job, made, missing, false).await)
    }

    /// The access of the user who writes.
    async fn access_for_write(&self, job: &Job) -> Result<Access, WriteError> {
        let access = self.until(job.deadline, self.access(&job.user, AskedBy::Service)).await;
        let access = access.unwrap_or_else(|| Err(self.out_of_time(&job.user)))?;
        if access.epoch == job.epoch { Ok(access) } else { Err(AccessError::NotConnected.into()) }
    }
}
