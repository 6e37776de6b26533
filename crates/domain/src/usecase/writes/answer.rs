//! How a write ends for whoever asked for it.

use std::sync::Arc;
use std::time::Duration;

use crate::crm::note::Note;
use crate::crm::task::Task;
use crate::crm::write::WriteField;
use crate::ports::{AmoError, StoreError};
use crate::usecase::LeadDetails;
use crate::usecase::reads::ReadError;
use crate::usecase::tokens::access_token::AccessError;

/// A write that is done.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteAnswer {
    /// What was written, as it is now.
    pub what: Written,
    /// Whether it was made by this write, and not changed.
    pub is_new: bool,
    /// Whether it was done for an earlier request with this key.
    pub is_replayed: bool,
    /// What is not as it was asked for.
    pub missing: Vec<MissingPart>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// A lead.
    Lead(Arc<LeadDetails>),
    /// A note.
    Note(Note),
    /// A task.
    Task(Task),
}

/// What is missing from an answer to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingPart {
    /// The lead's comment: amoCRM refused it.
    Comment,
    /// What amoCRM has of it now. There is its number, and what was sent.
    Details,
}

/// Why a write was not done, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It was not sent, or amoCRM certainly did nothing.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// amoCRM does not accept it. Nothing was done.
    #[error("amoCRM does not accept what was written")]
    Refused(Option<WriteField>),
    /// The lead or the task that it is on is not there.
    #[error("there is no such object")]
    NotFound,
    /// It may have been done. These objects may be what it made.
    #[error("it is unknown whether it was done")]
    OutcomeUnknown(Vec<u64>),
    /// The key was used in another account, or before a disconnect.
    #[error("the key was used with another connection")]
    KeyExpired,
    /// The key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// The user has too many writes on record. After this time there may be room.
    #[error("too many writes of the user are on record")]
    TooManyWrites(Duration),
    /// A request with this key is under way.
    #[error("a request with this key is under way")]
    InProgress,
    /// The database failed, before anything was sent.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccessError> for WriteError {
    fn from(error: AccessError) -> Self {
        Self::Read(error.into())
    }
}

impl From<AmoError> for WriteError {
    fn from(error: AmoError) -> Self {
        match error {
            AmoError::Refused { field } => Self::Refused(field),
            AmoError::Forbidden => Self::Read(ReadError::Forbidden),
            AmoError::NotFound => Self::NotFound,
            // By the port's contract the others are never said of a write. A client that says them nevertheless is not
            // taken to mean that nothing was done.
            AmoError::OutcomeUnknown | AmoError::Protocol | AmoError::TimedOut | AmoError::ConnectionLost => {
                Self::OutcomeUnknown(Vec::new())
            }
            error => Self::Read(error.into()),
        }
    }
}
