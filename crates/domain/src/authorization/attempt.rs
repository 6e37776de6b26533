//! An attempt: one user's run through amoCRM's consent page, begun by `POST /authorize`.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{after, age};
use crate::ids::{AttemptId, UserId};
use crate::token::{CodeHash, StateHash};

/// How long an attempt's state is valid.
pub const ATTEMPT_TERM: Duration = Duration::from_mins(30);

/// How many open attempts a user may have; beginning one more expires the oldest.
pub const OPEN_ATTEMPTS: usize = 5;

/// How long attempts and exchanges are remembered.
pub const MEMORY: Duration = Duration::from_hours(24);

/// What is on record of an attempt. Once a code has come back, the
/// [`Exchange`](super::code::Exchange) says what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AttemptState {
    /// Nothing has come back yet.
    Open,
    /// A code came back with the state.
    Spent(CodeHash),
    /// The user declined.
    Denied,
    /// Newer attempts replaced it.
    Superseded,
    /// It ended without a code, for this reason if one is known.
    Failed(Option<AttemptReason>),
}

/// Why an attempt is not, or not yet, connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AttemptReason {
    /// amoCRM did not answer sensibly; a reload of the page asks again.
    CrmUnavailable,
    /// Our database did not answer; a reload of the page tries again.
    StorageUnavailable,
    /// amoCRM refused the code.
    InvalidCode,
    /// The browser came back from a host that is not amoCRM's.
    InvalidAccountHost,
    /// The app did not claim the grant in time.
    ClaimTimeout,
    /// The user disconnected meanwhile.
    Disconnected,
}

/// One run through the consent page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Attempt {
    /// Its public name.
    pub id: AttemptId,
    /// Whose it is.
    pub user: UserId,
    /// The hash of the state it gave to the browser.
    pub state_hash: StateHash,
    /// Where it stands.
    pub state: AttemptState,
    /// When it began.
    pub opened_at: Timestamp,
    /// Until when its state is valid.
    pub expires_at: Timestamp,
    /// Where its pages lead, if the app named one of the links that are configured.
    #[cfg_attr(feature = "serde", serde(default))]
    pub deep_link: Option<String>,
}

impl Attempt {
    /// A new attempt, whose pages lead where the service's own link does.
    pub fn open(id: AttemptId, user: UserId, state_hash: StateHash, now: Timestamp) -> Self {
        let expires_at = after(now, ATTEMPT_TERM);
        Self { id, user, state_hash, state: AttemptState::Open, opened_at: now, expires_at, deep_link: None }
    }

    /// Those of a user's `open` attempts, the newest first, that end when one more begins, as they are
    /// then.
    pub fn superseded(open: Vec<Self>) -> impl Iterator<Item = Self> {
        let oldest = open.into_iter().skip(OPEN_ATTEMPTS - 1);
        oldest.map(|attempt| Self { state: AttemptState::Superseded, ..attempt })
    }

    /// The code that came back with its state, if one did.
    pub fn code(&self) -> Option<CodeHash> {
        match self.state {
            AttemptState::Spent(code) => Some(code),
            _ => None,
        }
    }

    /// Whether a code may still come back with its state.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == AttemptState::Open && self.is_valid(now)
    }

    /// Whether its state is young enough. An attempt that is dated in the future has an unknown age.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires_at && age(self.opened_at, now).is_some()
    }
}
