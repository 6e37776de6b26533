//! Writes of API v4: what is sent, and what amoCRM says of it.

mod answer;
mod body;
mod refused;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use reqwest::Method;

use super::refusal;
use crate::http::{Answer, Loss};

pub(super) use body::body;

/// The method of `write`, and the path that it goes to.
pub(super) fn target(write: &Write) -> (Method, String) {
    match write {
        Write::Lead(_) => (Method::POST, "/api/v4/leads/complex".to_owned()),
        Write::LeadChange(id, _) => (Method::PATCH, format!("/api/v4/leads/{id}")),
        Write::Note(note) => (Method::POST, format!("/api/v4/leads/{}/notes", note.lead)),
        Write::Task(_) => (Method::POST, "/api/v4/tasks".to_owned()),
        Write::TaskChange(id, _) => (Method::PATCH, format!("/api/v4/tasks/{id}")),
    }
}

/// What became of `write`. Whatever is not certain may have been done.
pub(super) fn outcome(write: &Write, answered: Result<Answer, Loss>) -> Result<Option<WrittenObject>, AmoError> {
    let answer = answered.map_err(lost)?;
    let body = answer.whole().map_err(lost)?;
    match answer.status.as_u16() {
        200..=202 => answer::made(write, body).ok_or(AmoError::OutcomeUnknown),
        400 | 422 => Err(refused::refusal(write, body)),
        401 => Err(AmoError::AccessRefused),
        402..=404 | 410 | 421 | 429 | 300..=302 | 307 | 308 => Err(match refusal::of_read(&answer, body) {
            // Not in amoCRM's words, but no success.
            AmoError::Protocol => AmoError::Refused { field: None },
            error => error,
        }),
        405..=407 | 409 | 411..=420 | 422..=428 | 430..=499 => Err(AmoError::Refused { field: None }),
        _ => Err(AmoError::OutcomeUnknown),
    }
}

fn lost(loss: Loss) -> AmoError {
    match loss {
        Loss::NotSent => AmoError::Unreachable,
        Loss::NoSocket => refusal::BUSY,
        Loss::TimedOut | Loss::Cut | Loss::TooLong | Loss::NoRoom => AmoError::OutcomeUnknown,
    }
}
