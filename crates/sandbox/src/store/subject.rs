//! What events and changes are about.

use super::Kind;

/// What an event or a change is about: an entity with a card, a task, or an unsorted lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Card(Kind, u64),
    Task(u64),
    /// By its number.
    Unsorted(u64),
}

impl Subject {
    pub(crate) const fn id(self) -> u64 {
        match self {
            Self::Card(_, id) | Self::Task(id) | Self::Unsorted(id) => id,
        }
    }

    /// As events and the settings of webhooks name it.
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Card(kind, _) => kind.singular(),
            Self::Task(_) => "task",
            Self::Unsorted(_) => "unsorted",
        }
    }

    /// As paths name it.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Card(kind, _) => kind.plural(),
            Self::Task(_) => "tasks",
            Self::Unsorted(_) => "unsorted",
        }
    }
}

impl From<(Kind, u64)> for Subject {
    fn from((kind, id): (Kind, u64)) -> Self {
        Self::Card(kind, id)
    }
}
