//! Recording how a step of a write with a key ended.

use std::time::Duration;

use super::WriteError;
use super::keyed::Held;
use crate::idempotency::{Settled, WriteOutcome, WriteRecord, WrittenObject};
use crate::ports::StoreError;
use crate::usecase::UseCases;

/// How long it is tried to record what a write made. Later it is found by whoever repeats the write.
const LONGEST_SAVING: Duration = Duration::from_mins(5);

/// How it is known what a step made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// amoCRM has answered so.
    Told,
    /// It was looked for.
    Found,
}

impl UseCases {
    /// Records how a write ended that made nothing, as far as is known. If the database fails, the lease lapses.
    pub(super) async fn settle_once(&self, held: &Held, outcome: WriteOutcome) {
        if let Err(error) = self.stores.writes.settle_write(&held.request, held.owner, &outcome).await {
            tracing::warn!(%error, "how a write ended is not recorded");
        }
    }

    /// Records what was made, and tries until it succeeds: what amoCRM has told is told once. Its caller may have gone
    /// by then; the lease is renewed meanwhile.
    pub(super) async fn made_durable(
        &self,
        held: &Held,
        outcome: WriteOutcome,
        evidence: Evidence,
    ) -> Result<WriteRecord, WriteError> {
        let (mut tries, give_up_at) = (0, self.runtime.instant() + LONGEST_SAVING);
        loop {
            match self.stores.writes.settle_write(&held.request, held.owner, &outcome).await {
                Ok(Settled::OnRecord(record)) => return Ok(*record),
                // Its key is another request's by now.
                Ok(Settled::NoRecord) => return self.unrecorded(held, &outcome).await,
                Ok(Settled::Claimed) => return self.without_a_claim(held, outcome, evidence).await,
                Err(error @ StoreError::Unavailable(_)) if self.runtime.instant() < give_up_at => {
                    tracing::warn!(%error, attempt = tries, "what a write made is not recorded; trying again");
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                // The sending stays on record, and is looked for by whoever asks next.
                Err(error) => {
                    tracing::error!(%error, "what a write made is not recorded");
                    return Err(WriteError::OutcomeUnknown(Vec::new()));
                }
            }
        }
    }

    /// What was made, where it cannot be put on record.
    async fn unrecorded(&self, held: &Held, outcome: &WriteOutcome) -> Result<WriteRecord, WriteError> {
        let Ok(now) = self.stores.health.clock().await else { return Err(WriteError::OutcomeUnknown(Vec::new())) };
        match held.record.clone().settle(held.owner, outcome, false, held.record.epoch, now) {
            Settled::OnRecord(record) => Ok(*record),
            Settled::NoRecord | Settled::Claimed => Err(WriteError::OutcomeUnknown(Vec::new())),
        }
    }

    /// Another key has claimed what this write made. If it was found only, this one is in doubt as before. If amoCRM
    /// itself has told it, the other key was mistaken, and this one has its object without a claim.
    async fn without_a_claim(
        &self,
        held: &Held,
        outcome: WriteOutcome,
        evidence: Evidence,
    ) -> Result<WriteRecord, WriteError> {
        let unclaimed = |object: WrittenObject| WrittenObject { is_new: false, ..object };
        let outcome = match (evidence, outcome) {
            (Evidence::Told, WriteOutcome::Made(object)) => WriteOutcome::Made(unclaimed(object)),
            (Evidence::Told, WriteOutcome::Done { object, missing_comment, .. }) => {
                WriteOutcome::Done { object: object.map(unclaimed), comment: None, missing_comment }
            }
            _ => WriteOutcome::Unknown,
        };
        match self.stores.writes.settle_write(&held.request, held.owner, &outcome).await {
            Ok(Settled::OnRecord(record)) if evidence == Evidence::Told => Ok(*record),
            _ => Err(WriteError::OutcomeUnknown(Vec::new())),
        }
    }
}
