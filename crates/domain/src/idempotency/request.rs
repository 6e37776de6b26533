//! What is written, and the request for it.

use super::key::{KeyHash, RequestHash};
use crate::ids::{AccountId, Epoch, UserId};

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WriteKind {
    /// It makes a lead and then, in a second step, a note for the comment that came with it, if one did.
    Lead,
    /// It changes a lead.
    LeadChange,
    /// It makes a note on a lead.
    Note,
    /// It makes a task on a lead.
    Task,
    /// It changes a task.
    TaskChange,
}

/// What a write makes. Each kind has numbers of its own in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Entity {
    /// A lead.
    Lead,
    /// A note.
    Note,
    /// A task.
    Task,
}

impl WriteKind {
    /// What it makes, if it changes nothing that was there before.
    pub fn makes(self) -> Option<Entity> {
        match self {
            Self::Lead => Some(Entity::Lead),
            Self::Note => Some(Entity::Note),
            Self::Task => Some(Entity::Task),
            Self::LeadChange | Self::TaskChange => None,
        }
    }
}

impl Entity {
    /// The kind of write that makes it.
    pub fn made_by(self) -> WriteKind {
        match self {
            Self::Lead => WriteKind::Lead,
            Self::Note => WriteKind::Note,
            Self::Task => WriteKind::Task,
        }
    }
}

/// A request to write something under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteRequest {
    /// Who asks.
    pub user: UserId,
    /// The key.
    pub key: KeyHash,
    /// The request.
    pub request: RequestHash,
    /// The account that is written to.
    pub account: AccountId,
    /// The CRM's number for the user of the grant, where that is known: what is looked for was made by them.
    pub author: Option<u64>,
    /// The user's epoch when their connection was read for this request: a disconnect since then wins.
    pub epoch: Epoch,
    /// What is written.
    pub kind: WriteKind,
    /// What a note or a task is made on, or what is changed.
    pub target: Option<u64>,
}
