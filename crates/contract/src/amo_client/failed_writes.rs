//! Writes that failed: nothing was done, or nobody knows.

use amo_connect_domain::crm::write::{NewGuest, NewLead, Write, WriteField};
use amo_connect_domain::ports::AmoError;

use super::AmoClientHarness;
use super::call::Call;
use super::calls::{answered, assert_fail};
use super::writes::{whole_guest, whole_lead, whole_writes, written};
use crate::fake::Reply;

/// What the CRM can refuse of `write`, if all of it is set.
fn fields(write: &Write) -> &'static [WriteField] {
    match write {
        Write::Lead(_) => &[
            WriteField::Name,
            WriteField::GuestName,
            WriteField::GuestPhone,
            WriteField::GuestEmail,
            WriteField::Price,
            WriteField::Pipeline,
            WriteField::Stage,
            WriteField::ResponsibleUser,
            WriteField::Tags,
        ],
        Write::LeadChange(..) => &[
            WriteField::Name,
            WriteField::Price,
            WriteField::Pipeline,
            WriteField::Stage,
            WriteField::ResponsibleUser,
            WriteField::LossReason,
            WriteField::TagsToAdd,
            WriteField::TagsToRemove,
        ],
        Write::Note(_) => &[WriteField::Text],
        Write::Task(_) => {
            &[WriteField::Text, WriteField::CompleteTill, WriteField::TaskType, WriteField::ResponsibleUser]
        }
        Write::TaskChange(..) => {
            &[WriteField::Text, WriteField::CompleteTill, WriteField::IsCompleted, WriteField::Result]
        }
    }
}

pub(super) async fn a_write_is_sent_once_whatever_becomes_of_it(harness: &dyn AmoClientHarness) {
    let doubts = [
        Reply::Fails(500),
        Reply::CutBeforeTheDeed,
        Reply::CutAfterTheDeed,
        Reply::KeptConnectionsLost,
        Reply::Garbled,
    ];
    let refusals = [Reply::Refuses(WriteField::Name), Reply::TargetMissing, Reply::AccessRefused, Reply::Fails(421)];
    for call in Call::WRITES {
        for reply in doubts.iter().chain(&refusals).chain(Reply::OTHER_FAILURES) {
            // Whoever keeps connections has one by now.
            assert_eq!(answered(harness, call, call.good_answer(&harness.host())).await, Ok(()), "{call:?}");
            answered(harness, call, reply.clone()).await.unwrap_err();
        }
    }
}

pub(super) async fn a_failure_of_the_crms_leaves_the_outcome_of_a_write_unknown(harness: &dyn AmoClientHarness) {
    let failures = [500, 502, 503, 504].map(Reply::Fails);
    assert_fail(harness, &Call::WRITES, &failures, AmoError::OutcomeUnknown).await;
}

pub(super) async fn a_lost_answer_leaves_the_outcome_of_a_write_unknown(harness: &dyn AmoClientHarness) {
    let losses =
        [Reply::CutBeforeTheDeed, Reply::CutAfterTheDeed, Reply::CutWithinTheAnswer, Reply::Silence, Reply::Endless];
    assert_fail(harness, &Call::WRITES, &losses, AmoError::OutcomeUnknown).await;
}

pub(super) async fn an_answer_that_makes_no_sense_leaves_the_outcome_of_a_write_unknown(
    harness: &dyn AmoClientHarness,
) {
    assert_fail(harness, &Call::WRITES, &[Reply::Garbled, Reply::Incomplete], AmoError::OutcomeUnknown).await;
}

pub(super) async fn a_write_that_was_certainly_not_done_is_told_apart(harness: &dyn AmoClientHarness) {
    for (reply, error) in [
        (Reply::Unreachable, AmoError::Unreachable),
        (Reply::AccessRefused, AmoError::AccessRefused),
        (Reply::Forbidden, AmoError::Forbidden),
        (Reply::PaymentRequired, AmoError::PaymentRequired),
        (Reply::TooManyCalls(None), AmoError::RateLimited { retry_after: None }),
        (Reply::Banned, AmoError::Blocked),
        (Reply::Redirects, AmoError::Moved),
        (Reply::Fails(410), AmoError::Moved),
        (Reply::OddRefusal, AmoError::Refused { field: None }),
    ] {
        assert_fail(harness, &Call::WRITES, &[reply], error).await;
    }
}

async fn assert_refused(harness: &dyn AmoClientHarness, write: &Write, field: WriteField) {
    let refused = written(harness, write, Reply::Refuses(field)).await;
    assert_eq!(refused, Err(AmoError::Refused { field: Some(field) }), "{write:?}");
}

pub(super) async fn a_refused_write_names_the_field(harness: &dyn AmoClientHarness) {
    for write in whole_writes() {
        for field in fields(&write) {
            assert_refused(harness, &write, *field).await;
        }
    }
    let by_email = Some(NewGuest { phone: None, ..whole_guest() });
    let by_email = Write::Lead(NewLead { guest: by_email, ..whole_lead() });
    assert_refused(harness, &by_email, WriteField::GuestEmail).await;
}

pub(super) async fn a_write_to_what_is_not_there_is_told_apart(harness: &dyn AmoClientHarness) {
    for write in whole_writes().into_iter().filter(|write| write.target().is_some()) {
        for reply in [Reply::TargetMissing, Reply::NotFound] {
            let missing = written(harness, &write, reply.clone()).await;
            assert_eq!(missing, Err(AmoError::NotFound), "{write:?} answered by {reply:?}");
        }
    }
}
