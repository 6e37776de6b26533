//! A request to exchange a code, and who makes it.

use crate::authorization::places::CallerNetwork;
use crate::host::AccountHost;
use crate::ids::{AttemptId, Epoch, UserId};
use crate::token::{CodeHash, StateHash};

/// Who asks for a code to be exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The browser, with the state of an attempt.
    Attempt {
        /// The attempt.
        id: AttemptId,
        /// Its user.
        user: UserId,
        /// Whether the app has to bring the code back before the grant counts.
        claim_needed: bool,
    },
    /// The browser, with a state that this service did not make, or with none.
    Unsolicited,
    /// The app, with a user's JWT; `attempt` if the state it brought is one of this user's.
    App {
        /// The attempt the code belongs to.
        attempt: Option<AttemptId>,
        /// The JWT's user.
        user: UserId,
        /// The user's epoch when they asked: a disconnect since then wins.
        as_of: Epoch,
    },
}

impl Origin {
    pub(super) fn user(&self) -> Option<&UserId> {
        match self {
            Self::Attempt { user, .. } | Self::App { user, .. } => Some(user),
            Self::Unsolicited => None,
        }
    }

    pub(super) fn attempt(&self) -> Option<AttemptId> {
        match self {
            Self::Attempt { id, .. } => Some(*id),
            Self::App { attempt, .. } => *attempt,
            Self::Unsolicited => None,
        }
    }
}

/// A request to exchange a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The code.
    pub code: CodeHash,
    /// The state it came with; `None` if the app did not say.
    pub came_with: Option<StateHash>,
    /// Who asks.
    pub origin: Origin,
    /// Where the code is to be sent.
    pub host: AccountHost,
    /// The network of a stranger who brought the code. Such a code needs one of the
    /// [places](crate::authorization::places) that all strangers share; one that a user vouches for needs none.
    pub caller: Option<CallerNetwork>,
}
