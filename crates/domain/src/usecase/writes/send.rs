//! Sending one step of a write, with another access token or to another host where amoCRM did nothing.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Job, WriteError};
use crate::clock::Instant;
use crate::crm::write::Write;
use crate::idempotency::{NotSent, WriteRecord, WrittenObject};
use crate::ids::LeaseOwner;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::{ReadError, Reading};
use crate::usecase::tokens::access_token::{Access, AccessError};
use crate::usecase::tokens::refresh_token::AskedBy;

/// Nothing is handed to the client later than this after it was recorded. With the time that the client may take to
/// connect, no byte is sent later than 5 s after that.
const SEND_WITHIN: Duration = Duration::from_secs(2);

/// What has to be done when the turn of a write has come, before it is sent.
#[async_trait]
pub(super) trait Gate: Send + Sync {
    /// An error keeps the write from being sent.
    async fn open(&self, this: &UseCases, job: &Job) -> Result<(), WriteError>;
}

/// Nothing is recorded.
pub(super) struct NoGate;

/// The sending is recorded for the owner of the lease.
pub(super) struct Recorded<'r> {
    pub(super) record: &'r WriteRecord,
    pub(super) owner: LeaseOwner,
}

#[async_trait]
impl Gate for NoGate {
    async fn open(&self, _: &UseCases, _: &Job) -> Result<(), WriteError> {
        Ok(())
    }
}

#[async_trait]
impl Gate for Recorded<'_> {
    async fn open(&self, this: &UseCases, job: &Job) -> Result<(), WriteError> {
        match this.stores.writes.record_sending(&job.user, self.record.key, self.owner).await? {
            Ok(_) => Ok(()),
            // Somebody else has it now.
            Err(NotSent::LeaseLost | NotSent::InDoubt) => Err(WriteError::InProgress),
            Err(NotSent::Disconnected) => Err(AccessError::NotConnected.into()),
        }
    }
}

impl UseCases {
    /// Sends `step` when its turn comes and `gate` is open: once, and again only after amoCRM has certainly done nothing
    /// because of the access token or the host. `access` is the one that it was sent with.
    pub(super) async fn send_write(
        &self,
        job: &Job,
        access: &mut Access,
        step: &Write,
        gate: &impl Gate,
    ) -> Result<Option<WrittenObject>, WriteError> {
        let (mut renewed, mut looked_up) = (false, false);
        loop {
            let error = match self.send_once(job, access, step, gate).await {
                Ok(made) => {
                    self.note_write(job, access, None).await;
                    return Ok(made);
                }
                Err(Unsent::Kept(why)) => return Err(why),
                Err(Unsent::Amo(error)) => error,
            };
            let mended = match error {
                AmoError::AccessRefused => &mut renewed,
                _ => &mut looked_up,
            };
            if std::mem::replace(mended, true) {
                self.note_write(job, access, Some(error)).await;
                return Err(error.into());
            }
            let Some(other) = self.other_access(job, access, error).await? else {
                self.note_write(job, access, Some(error)).await;
                return Err(error.into());
            };
            *access = other;
        }
    }

    /// The access to repeat a call with that failed by `error` and certainly did nothing; `None` if another access does
    /// not help.
    pub(super) async fn other_access(
        &self,
        job: &Job,
        access: &Access,
        error: AmoError,
    ) -> Result<Option<Access>, WriteError> {
        let other = self.access_after(&job.user, access, error, AskedBy::Service);
        match self.until(job.deadline, other).await.unwrap_or_else(|| Err(self.out_of_time(&job.user)))? {
            Some(other) if other.epoch != job.epoch => Err(AccessError::NotConnected.into()),
            other => Ok(other),
        }
    }

    async fn send_once(
        &self,
        job: &Job,
        access: &Access,
        step: &Write,
        gate: &impl Gate,
    ) -> Result<Option<WrittenObject>, Unsent> {
        let kept = Mutex::new(None);
        let keep = |why| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            AmoError::PermitUnavailable
        };
        let open = || async { self.open(job, gate).await.map_err(keep) };
        let check = |by| async move { self.check(job, by).await.map_err(keep) };
        let (host, token) = (&access.grant.host, &access.grant.tokens.access);
        let outcome = self.amo.write(host, token, &job.user, step, open, check).await;
        if let Some(why) = kept.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(Unsent::Kept(why));
        }
        self.reads.outdate(&job.user);
        outcome.map_err(Unsent::Amo)
    }

    /// Notes what a write shows about the connection, as a read does.
    async fn note_write(&self, job: &Job, access: &Access, failure: Option<AmoError>) {
        let shown = match failure {
            None | Some(AmoError::Refused { .. }) => Ok(Reading::served((), None)),
            Some(AmoError::Forbidden) => Err(ReadError::Forbidden),
            Some(error) => Err(ReadError::Amo(error)),
        };
        self.note_reading(&job.user, access, &shown).await;
    }

    /// Opens the gate. Returns when it is too late to send the write.
    async fn open(&self, job: &Job, gate: &impl Gate) -> Result<Instant, WriteError> {
        let asked = self.runtime.instant();
        if asked >= job.deadline {
            return Err(late());
        }
        gate.open(self, job).await?;
        Ok((asked + SEND_WITHIN).min(job.deadline))
    }

    /// Whether the write, for which it is too late at `by`, may be sent now.
    async fn check(&self, job: &Job, by: Instant) -> Result<(), WriteError> {
        // A disconnect that was answered before wins, also over a write without a record.
        if self.epoch(&job.user).await? != job.epoch {
            return Err(AccessError::NotConnected.into());
        }
        if self.runtime.instant() >= by {
            return Err(late());
        }
        job.sent.store(true, Ordering::Release);
        Ok(())
    }
}

/// Why nothing was sent, or amoCRM's error.
enum Unsent {
    Kept(WriteError),
    Amo(AmoError),
}

/// There was no time left.
fn late() -> WriteError {
    WriteError::Read(ReadError::Amo(AmoError::QueueFull { retry_after: Duration::from_secs(1) }))
}
