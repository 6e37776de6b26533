//! Sending one step of a write, with another access token or to another host where amoCRM did nothing.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::{Job, WriteError};
use crate::crm::write::Write;
use crate::idempotency::{NotSent, WriteRecord, WrittenObject};
use crate::ids::LeaseOwner;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::{ReadError, Reading};
use crate::usecase::tokens::access_token::{Access, AccessError};
use crate::usecase::tokens::refresh_token::AskedBy;

/// Nothing is sent later than this after it was allowed.
const SEND_WITHIN: Duration = Duration::from_secs(5);

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
        let epoch = access.epoch;
        let (mut renewed, mut looked_up) = (false, false);
        loop {
            let error = match self.send_once(job, access, step, gate).await {
                Ok(made) => return Ok(made),
                Err(Unsent::Kept(why)) => return Err(why),
                Err(Unsent::Amo(error)) => error,
            };
            let mended = if error == AmoError::AccessRefused { &mut renewed } else { &mut looked_up };
            if std::mem::replace(mended, true) {
                return Err(error.into());
            }
            let other = self.access_after(&job.user, access, error, AskedBy::Service);
            let other = self.until(job.deadline, other).await.unwrap_or_else(|| Err(self.out_of_time(&job.user)))?;
            match other {
                Some(other) if other.epoch == epoch => *access = other,
                Some(_) => return Err(AccessError::NotConnected.into()),
                None => return Err(error.into()),
            }
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
        let before = || async {
            let allowed = self.allow(job, access, gate).await;
            allowed.map_err(|why| {
                *kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(why);
                AmoError::PermitUnavailable
            })
        };
        let (host, token) = (&access.grant.host, &access.grant.tokens.access);
        let outcome = self.amo.write(host, token, step, before).await;
        if let Some(why) = kept.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            return Err(Unsent::Kept(why));
        }
        self.reads.outdate(&job.user);
        let shown = match &outcome {
            Ok(_) | Err(AmoError::Refused { .. }) => Ok(Reading::served((), None)),
            Err(AmoError::Forbidden) => Err(ReadError::Forbidden),
            Err(error) => Err(ReadError::Amo(*error)),
        };
        self.note_reading(&job.user, access, &shown).await;
        outcome.map_err(Unsent::Amo)
    }

    /// Whether the write may be sent now.
    async fn allow(&self, job: &Job, access: &Access, gate: &impl Gate) -> Result<(), WriteError> {
        let asked = self.runtime.instant();
        if asked >= job.deadline {
            return Err(late());
        }
        gate.open(self, job).await?;
        // A disconnect that was answered before wins, also over a write without a record.
        if self.epoch(&job.user).await? != access.epoch {
            return Err(AccessError::NotConnected.into());
        }
        if self.runtime.instant().since(asked) > SEND_WITHIN { Err(late()) } else { Ok(()) }
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
