//! A write with a key, from its record to its end.

use super::look::{Looked, in_doubt};
use super::send::Recorded;
use super::{Job, MissingPart, WriteAnswer, WriteError, WriteKey};
use crate::crm::write::Write;
use crate::idempotency::{
    Begun, Doubt, Settled, WriteKind, WriteOutcome, WriteRecord, WriteRequest, WriteState, WrittenObject,
};
use crate::ids::LeaseOwner;
use crate::ports::{AmoError, StoreError};
use crate::refresh::lease::LEASE_RENEWAL;
use crate::usecase::UseCases;
use crate::usecase::reads::{ReadError, Reader};
use crate::usecase::tokens::access_token::{Access, AccessError};

/// The right to work on a write.
struct Held {
    record: WriteRecord,
    owner: LeaseOwner,
    access: Access,
}

/// How far a step came.
enum Step {
    /// There is another one.
    Next(WriteRecord),
    /// The write is done.
    Done(WriteRecord),
}

impl UseCases {
    pub(super) async fn write_keyed(&self, job: &Job, key: WriteKey) -> Result<WriteAnswer, WriteError> {
        let (held, doubt) = loop {
            let access = self.access_for_write(job).await?;
            let owner = self.new_owner();
            let request = self.write_request(job, key, &access).await?;
            match self.stores.writes.begin_write(&request, owner).await? {
                Begun::Granted(record) => break (Held { record, owner, access }, None),
                Begun::InDoubt(record, doubt) => break (Held { record, owner, access }, Some(doubt)),
                Begun::Replay(record) => return Ok(self.written(job, &record, true).await),
                Begun::Expired => return Err(WriteError::KeyExpired),
                Begun::Reused => return Err(WriteError::KeyReused),
                // The next look at the connection shows what it is now.
                Begun::Disconnected if self.runtime.instant() >= job.deadline => {
                    return Err(AccessError::NotConnected.into());
                }
                Begun::Held(_) if self.runtime.instant() >= job.deadline => return Err(WriteError::InProgress),
                Begun::Disconnected | Begun::Held(_) => self.before_next_poll().await,
            }
        };
        let (key, owner) = (held.record.key, held.owner);
        let renew = || async {
            if let Err(error) = self.stores.writes.renew_write_lease(&job.user, key, owner).await {
                tracing::warn!(%error, "lease of a write not renewed");
            }
        };
        let work = Box::pin(self.carry_out(job, held, doubt));
        let record = self.with_heartbeat(LEASE_RENEWAL, renew, work).await?;
        Ok(self.written(job, &record, false).await)
    }

    async fn write_request(&self, job: &Job, key: WriteKey, access: &Access) -> Result<WriteRequest, WriteError> {
        let reader = Reader::new(&self.reads, &job.user, access, job.deadline);
        let known = self.known_account(&reader);
        let account = match access.grant.account.or(known.as_ref().map(|account| account.number)) {
            Some(number) => number,
            None => {
                self.until(job.deadline, self.own_account(&reader))
                    .await
                    .unwrap_or(Err(AmoError::TimedOut))
                    .map_err(in_doubt)?
                    .what
                    .number
            }
        };
        Ok(WriteRequest {
            user: job.user.clone(),
            key: key.key,
            request: key.request,
            account,
            author: known.and_then(|account| account.user),
            epoch: access.epoch,
            kind: job.write.kind(),
            target: job.write.target(),
        })
    }

    /// Does what is left of a write.
    async fn carry_out(&self, job: &Job, mut held: Held, mut doubt: Option<Doubt>) -> Result<WriteRecord, WriteError> {
        loop {
            let step = match held.record.object.filter(|_| held.record.kind == WriteKind::Lead) {
                // A record that has a lead and no comment to come is not under way.
                Some(lead) => job.note(lead.id).unwrap_or_else(|| job.write.clone()),
                None => job.write.clone(),
            };
            match self.step(job, &mut held, &step, doubt.take()).await? {
                Step::Next(record) => held.record = record,
                Step::Done(record) => return Ok(record),
            }
        }
    }

    async fn step(&self, job: &Job, held: &mut Held, step: &Write, doubt: Option<Doubt>) -> Result<Step, WriteError> {
        if let Some(doubt) = doubt {
            match self.look(job, held, step, doubt).await? {
                Looked::Done(made) => return self.step_done(job, held, step, made).await,
                Looked::NotDone => {}
                Looked::Unsure(candidates) => return self.left_unknown(job, held, candidates).await,
            }
        }
        let gate = Recorded { record: &held.record.clone(), owner: held.owner };
        match self.send_write(job, &mut held.access, step, &gate).await {
            Ok(made) => self.step_done(job, held, step, made).await,
            Err(WriteError::OutcomeUnknown(_)) => self.look_after_loss(job, held, step).await,
            Err(error) if is_comment(held) && is_refusal(&error) => {
                let outcome = WriteOutcome::Done { object: None, comment: None, missing_comment: true };
                self.settle_write(job, held, outcome).await.map(Step::Done)
            }
            Err(error) => {
                self.settle_write(job, held, WriteOutcome::ChangedNothing).await?;
                // The lead is there: whoever heard of another error would take it for not made.
                Err(if is_comment(held) { WriteError::OutcomeUnknown(Vec::new()) } else { error })
            }
        }
    }

    /// The answer was lost just now: it is looked for once, while the caller waits.
    async fn look_after_loss(&self, job: &Job, held: &Held, step: &Write) -> Result<Step, WriteError> {
        let on_record = self.stores.writes.write_record(&job.user, held.record.key).await?;
        let sent = on_record.and_then(|record| record.sent());
        let Some(sent) = sent.filter(|sent| sent.by == held.owner) else { return Err(WriteError::InProgress) };
        let store_now = self.stores.health.clock().await?;
        match self.look(job, held, step, sent.doubt(store_now)).await {
            Ok(Looked::Done(made)) => self.step_done(job, held, step, made).await,
            Ok(Looked::Unsure(candidates)) => self.left_unknown(job, held, candidates).await,
            Ok(Looked::NotDone) | Err(_) => self.left_unknown(job, held, Vec::new()).await,
        }
    }

    async fn look(&self, job: &Job, held: &Held, step: &Write, doubt: Doubt) -> Result<Looked, WriteError> {
        let looked = self.look_for(job, &held.access, &held.record, step, doubt);
        let looked = self.until(job.deadline, looked).await;
        match looked.unwrap_or(Err(WriteError::OutcomeUnknown(Vec::new()))) {
            // It stays in doubt, whatever kept amoCRM from being asked.
            Err(WriteError::Read(ReadError::Amo(error))) => {
                tracing::info!(%error, "a write in doubt could not be looked for");
                Ok(Looked::Unsure(Vec::new()))
            }
            Err(WriteError::OutcomeUnknown(_)) => Ok(Looked::Unsure(Vec::new())),
            looked => looked,
        }
    }

    /// Records that `step` made this.
    async fn step_done(
        &self,
        job: &Job,
        held: &Held,
        step: &Write,
        made: Option<WrittenObject>,
    ) -> Result<Step, WriteError> {
        let (object, comment) = if is_comment(held) { (None, made.map(|note| note.id)) } else { (made, None) };
        if let (Write::Lead(_), Some(lead), Some(_)) = (step, made, &job.comment) {
            return self.settle_write(job, held, WriteOutcome::Made(lead)).await.map(Step::Next);
        }
        let outcome = WriteOutcome::Done { object, comment, missing_comment: false };
        self.settle_write(job, held, outcome).await.map(Step::Done)
    }

    async fn left_unknown(&self, job: &Job, held: &Held, candidates: Vec<u64>) -> Result<Step, WriteError> {
        self.settle_write(job, held, WriteOutcome::Unknown).await?;
        Err(WriteError::OutcomeUnknown(candidates))
    }

    /// Records what became of the write, and tries until it succeeds or the caller has to have an answer: then the
    /// sending stays on record, and is looked for by whoever asks next.
    async fn settle_write(&self, job: &Job, held: &Held, outcome: WriteOutcome) -> Result<WriteRecord, WriteError> {
        let mut tries = 0;
        let settled = loop {
            match self.stores.writes.settle_write(&job.user, held.record.key, held.owner, &outcome).await {
                Err(error @ StoreError::Unavailable(_)) if self.runtime.instant() < job.deadline => {
                    tracing::warn!(%error, attempt = tries, "what became of a write is not recorded; trying again");
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                Err(error) => {
                    tracing::error!(%error, "what became of a write is not recorded");
                    return Err(WriteError::OutcomeUnknown(Vec::new()));
                }
                Ok(settled) => break settled,
            }
        };
        match settled {
            Settled::OnRecord(record) => Ok(*record),
            Settled::NoRecord => Ok(held.record.clone()),
            // Another key has what was found: this one is in doubt as before.
            Settled::Claimed => {
                let unknown = WriteOutcome::Unknown;
                let left = self.stores.writes.settle_write(&job.user, held.record.key, held.owner, &unknown).await;
                if let Err(error) = left {
                    tracing::warn!(%error, "a write in doubt keeps its lease");
                }
                Err(WriteError::OutcomeUnknown(Vec::new()))
            }
        }
    }

    /// The answer to a write that is done, for this request or for an earlier one.
    async fn written(&self, job: &Job, record: &WriteRecord, is_replayed: bool) -> WriteAnswer {
        let is_missing = matches!(record.state, WriteState::Done { missing_comment: true, .. });
        let missing = is_missing.then_some(MissingPart::Comment).into_iter().collect();
        self.answered(job, record.object, missing, is_replayed).await
    }
}

/// Whether the step is the comment of a lead that is there.
fn is_comment(held: &Held) -> bool {
    held.record.kind == WriteKind::Lead && held.record.object.is_some()
}

/// Whether amoCRM will not take it, however often it is sent.
fn is_refusal(error: &WriteError) -> bool {
    matches!(error, WriteError::Refused(_) | WriteError::NotFound | WriteError::Read(ReadError::Forbidden))
}
