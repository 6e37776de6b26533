//! A write with a key, from its record to its end.

use std::sync::atomic::Ordering;

use super::look::{Looked, in_doubt};
use super::send::Recorded;
use super::settle::Evidence;
use super::{Job, MissingPart, WriteAnswer, WriteError, WriteKey};
use crate::crm::write::Write;
use crate::idempotency::{Begun, Doubt, WriteKind, WriteOutcome, WriteRecord, WriteRequest, WriteState, WrittenObject};
use crate::ids::{AccountId, LeaseOwner};
use crate::lease::LEASE_RENEWAL;
use crate::ports::{AmoError, StoreError};
use crate::usecase::UseCases;
use crate::usecase::reads::{ReadError, Reader};
use crate::usecase::tokens::access_token::{Access, AccessError};

/// The right to work on a write.
pub(super) struct Held {
    pub(super) request: WriteRequest,
    pub(super) record: WriteRecord,
    pub(super) owner: LeaseOwner,
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
        let mut lock = None;
        let (held, doubt) = loop {
            let mut access = self.access_for_write(job).await?;
            let owner = self.new_owner();
            let request = self.write_request(job, key, &mut access).await?;
            match self.stores.writes.begin_write(&request, owner).await? {
                Begun::Granted(record) => break (Held { request, record, owner, access }, None),
                Begun::InDoubt(record, doubt) => break (Held { request, record, owner, access }, Some(doubt)),
                Begun::Replay(record) => return Ok(self.written(job, &record, true).await),
                Begun::Expired => return Err(WriteError::KeyExpired),
                Begun::Reused => return Err(WriteError::KeyReused),
                Begun::Full(wait) => return Err(WriteError::TooManyWrites(wait)),
                Begun::Disconnected => return Err(AccessError::NotConnected.into()),
                Begun::Held(_) if self.runtime.instant() >= job.deadline => return Err(WriteError::InProgress),
                Begun::Held(_) if lock.is_some() => self.before_next_poll().await,
                Begun::Held(_) => {
                    // Of this process, one asks again and again.
                    let locked = self.until(job.deadline, self.repeated_writes.lock(key.key)).await;
                    lock = Some(locked.ok_or(WriteError::InProgress)?);
                }
            }
        };
        if doubt.is_some() || held.record.object.is_some() {
            // A caller who hears nothing in time has to know that it may have been done.
            job.sent.store(true, Ordering::Release);
        }
        drop(lock);
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

    async fn write_request(&self, job: &Job, key: WriteKey, access: &mut Access) -> Result<WriteRequest, WriteError> {
        let reader = Reader::new(&self.reads, &job.user, access, job.deadline);
        let known = self.known_account(&reader);
        let account = match access.grant.account.or(known.as_ref().map(|account| account.number)) {
            Some(number) => number,
            None => self.account_number(job, access).await?,
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

    /// The account's number, asked for once more with another access token or at another host where that helps.
    async fn account_number(&self, job: &Job, access: &mut Access) -> Result<AccountId, WriteError> {
        let ask = async |access: &Access| {
            let reader = Reader::new(&self.reads, &job.user, access, job.deadline);
            let account = self.until(job.deadline, self.own_account(&reader)).await;
            account.unwrap_or(Err(AmoError::TimedOut)).map(|account| account.what.number)
        };
        let error = match ask(access).await {
            Ok(number) => return Ok(number),
            Err(error) => error,
        };
        *access = self.other_access(job, access, error).await?.ok_or_else(|| in_doubt(error))?;
        ask(access).await.map_err(in_doubt)
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
            match self.look(job, held, step, doubt).await {
                Looked::Done(made) => return self.step_done(job, held, step, made, Evidence::Found).await,
                Looked::NotDone => {}
                Looked::Unsure(candidates) => return self.left_unknown(held, candidates).await,
            }
        }
        let gate = Recorded { record: &held.record.clone(), owner: held.owner };
        match self.send_write(job, &mut held.access, step, &gate).await {
            Ok(made) => self.step_done(job, held, step, made, Evidence::Told).await,
            Err(WriteError::OutcomeUnknown(_)) => self.look_after_loss(job, held, step).await,
            Err(error) if is_comment(held) && is_refusal(&error) => {
                let outcome = WriteOutcome::Done { object: None, comment: None, missing_comment: true };
                self.made_durable(held, outcome, Evidence::Told).await.map(Step::Done)
            }
            Err(error) => {
                self.settle_once(held, WriteOutcome::ChangedNothing).await;
                // The lead is there: whoever heard of another error would take it for not made.
                Err(if is_comment(held) { WriteError::OutcomeUnknown(Vec::new()) } else { error })
            }
        }
    }

    /// The answer was lost just now: it is looked for once, while the caller waits.
    async fn look_after_loss(&self, job: &Job, held: &mut Held, step: &Write) -> Result<Step, WriteError> {
        let doubt = match self.own_doubt(job, held).await {
            Ok(Some(doubt)) => doubt,
            Ok(None) => return Err(WriteError::InProgress),
            // It was sent, so it stays in doubt, whatever fails now.
            Err(error) => {
                tracing::warn!(%error, "a write in doubt could not be looked for");
                return self.left_unknown(held, Vec::new()).await;
            }
        };
        match self.look(job, held, step, doubt).await {
            Looked::Done(made) => self.step_done(job, held, step, made, Evidence::Found).await,
            Looked::Unsure(candidates) => self.left_unknown(held, candidates).await,
            Looked::NotDone => self.left_unknown(held, Vec::new()).await,
        }
    }

    /// What may be concluded about the sending on record, if it is this owner's.
    async fn own_doubt(&self, job: &Job, held: &Held) -> Result<Option<Doubt>, StoreError> {
        let on_record = self.stores.writes.write_record(&job.user, held.record.key).await?;
        match on_record.and_then(|record| record.sent()).filter(|sent| sent.by == held.owner) {
            Some(sent) => Ok(Some(sent.doubt(self.stores.health.clock().await?))),
            None => Ok(None),
        }
    }

    /// Looks for what `step` would have made, once more with another access token or at another host where that helps.
    /// Whatever keeps amoCRM or the store from being asked leaves it in doubt: whoever heard of another error would take
    /// it for not done.
    async fn look(&self, job: &Job, held: &mut Held, step: &Write, doubt: Doubt) -> Looked {
        let unsure = |error: &dyn std::fmt::Display| {
            tracing::info!(%error, "a write in doubt could not be looked for");
            Looked::Unsure(Vec::new())
        };
        for is_second in [false, true] {
            let looked = self.until(job.deadline, self.look_for(job, &held.access, &held.record, step, doubt)).await;
            let error = match looked {
                Some(Ok(looked)) => return looked,
                Some(Err(WriteError::Read(ReadError::Amo(error)))) if !is_second => error,
                Some(Err(error)) => return unsure(&error),
                None => return unsure(&AmoError::TimedOut),
            };
            match self.other_access(job, &held.access, error).await {
                Ok(Some(other)) => held.access = other,
                Ok(None) => return unsure(&error),
                Err(error) => return unsure(&error),
            }
        }
        Looked::Unsure(Vec::new())
    }

    /// Records that `step` made this.
    async fn step_done(
        &self,
        job: &Job,
        held: &Held,
        step: &Write,
        made: Option<WrittenObject>,
        evidence: Evidence,
    ) -> Result<Step, WriteError> {
        let (object, comment) = if is_comment(held) { (None, made.map(|note| note.id)) } else { (made, None) };
        if let (Write::Lead(_), Some(lead), Some(_)) = (step, made, &job.comment) {
            return self.made_durable(held, WriteOutcome::Made(lead), evidence).await.map(Step::Next);
        }
        let outcome = WriteOutcome::Done { object, comment, missing_comment: false };
        self.made_durable(held, outcome, evidence).await.map(Step::Done)
    }

    async fn left_unknown(&self, held: &Held, candidates: Vec<u64>) -> Result<Step, WriteError> {
        self.settle_once(held, WriteOutcome::Unknown).await;
        Err(WriteError::OutcomeUnknown(candidates))
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
