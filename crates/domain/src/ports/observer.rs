//! The port to whoever watches the service: what happens, told while it happens.

use std::fmt::Debug;
use std::time::Duration;

use super::{AmoError, StoreError};
use crate::connection::ReauthReason;
use crate::ids::{AccountId, Generation, UserId};

/// Is told what the use cases do, for metrics and log lines.
///
/// It is called in the middle of a use case, from any thread. It MUST take every event, also outside
/// of a runtime, and MUST NOT panic. It does no I/O and waits for nothing.
pub trait Observer: Debug + Send + Sync + 'static {
    /// This has just happened.
    fn observe(&self, event: &Event<'_>);
}

/// Hears nothing: for suites.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn observe(&self, _: &Event<'_>) {}
}

/// What happened. Durations are by the process's own clock. No event holds a secret.
#[derive(Debug)]
pub enum Event<'e> {
    /// This process has the lease on a refresh token, and is about to send it.
    RefreshBegan {
        /// How many sendings of this token gave no pair. With more than none it is sent again.
        tries: u32,
    },
    /// A refresh has ended. One that finds its connection refreshed, backing off or leased by another
    /// process is none.
    RefreshEnded(RefreshEnded<'e>),
    /// An authorization code was sent, and that has ended.
    ExchangeEnded {
        /// Whose code it is, if that is known.
        user: Option<&'e UserId>,
        /// The account that the tokens are for, if they came and say so.
        account: Option<AccountId>,
        /// How.
        end: ExchangeEnd,
        /// How long it took, with the wait for a permit and the saving.
        took: Duration,
    },
    /// A code was not admitted, and nothing was written or sent.
    CodeRefused {
        /// Whether it was a stranger's, and there was no place. Else its user had too many codes.
        is_strangers: bool,
    },
    /// New tokens could not be saved this time; the process tries again.
    SaveFailed,
    /// The store has lost tokens that it had confirmed, and they were saved again.
    LostPairSaved {
        /// Whose they are.
        user: &'e UserId,
        /// Their generation.
        saved: Generation,
        /// The generation that the store had fallen back to.
        found: Generation,
    },
    /// A call to the CRM has ended.
    CallEnded {
        /// Which.
        endpoint: Endpoint,
        /// Its failure, if it failed.
        failure: Option<AmoError>,
        /// How long the CRM took, without the wait for the permit.
        took: Duration,
    },
    /// The wait for a permit has ended.
    PermitEnded {
        /// Why there is none, if there is none. `None` is a permit.
        refused: Option<AmoError>,
        /// How long it took.
        waited: Duration,
    },
    /// A circuit breaker has changed, as far as this process has caused it.
    CircuitChanged(CircuitChange),
    /// A round of background work has ended.
    BackgroundRoundEnded {
        /// Whether all of its listings could be read.
        is_good: bool,
        /// How long it took.
        took: Duration,
    },
    /// A sweep has ended.
    SweepEnded {
        /// Whether the store could be swept.
        is_good: bool,
        /// How long it took.
        took: Duration,
    },
}

/// How a refresh ended, and of which connection it was.
#[derive(Debug)]
pub struct RefreshEnded<'e> {
    /// Whose connection it is.
    pub user: &'e UserId,
    /// The CRM's account, if it is known.
    pub account: Option<AccountId>,
    /// How it ended.
    pub end: &'e RefreshEnd,
    /// Which sending of this token it was, counted from 1; 0 if nothing was sent.
    pub attempt: u32,
    /// From the request for the lease to the end.
    pub took: Duration,
}

/// How a refresh ended.
#[derive(Debug)]
pub enum RefreshEnd {
    /// The new tokens are saved.
    Refreshed,
    /// The new tokens were dropped: the connection was ended or replaced meanwhile.
    Superseded,
    /// The CRM refused the refresh token for certain: the user has to connect again.
    Refused(ReauthReason),
    /// The CRM gave no tokens, and may later.
    Failed {
        /// Why.
        error: AmoError,
        /// Whether the CRM may have spent the token.
        in_doubt: bool,
    },
    /// Another owner has the lease now, and so the outcome.
    LeaseLost,
    /// The store failed.
    StoreFailed(StoreError),
    /// The stored tokens cannot be opened.
    Unreadable,
}

impl RefreshEnd {
    /// A stable code for how it ended, and one for the reason, if there is one.
    pub fn codes(&self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Refreshed => ("refreshed", None),
            Self::Superseded => ("superseded", None),
            Self::Refused(reason) => ("refused", Some(reason.code())),
            Self::Failed { error, in_doubt: false } => ("failed", Some(error.code())),
            Self::Failed { error, in_doubt: true } => ("in_doubt", Some(error.code())),
            Self::LeaseLost => ("lease_lost", None),
            Self::StoreFailed(_) => ("storage_failed", None),
            Self::Unreadable => ("unreadable", None),
        }
    }
}

/// How the exchange of a code ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeEnd {
    /// The tokens are saved.
    Saved,
    /// The CRM gave none.
    Failed(AmoError),
}

impl ExchangeEnd {
    /// A stable code for how it ended, and one for the reason, if there is one.
    pub fn codes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Saved => ("saved", None),
            Self::Failed(AmoError::CodeRejected) => ("refused", None),
            Self::Failed(error) => ("failed", Some(error.code())),
        }
    }
}

/// A kind of call to the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// [`TokenEndpoint::exchange`](super::TokenEndpoint::exchange).
    Exchange,
    /// [`TokenEndpoint::refresh`](super::TokenEndpoint::refresh).
    Refresh,
    /// [`TokenEndpoint::locate`](super::TokenEndpoint::locate).
    Locate,
    /// [`CrmApi::account`](super::CrmApi::account).
    Account,
    /// [`CrmApi::users`](super::CrmApi::users).
    Users,
    /// [`CrmApi::leads`](super::CrmApi::leads).
    Leads,
    /// [`CrmApi::lead`](super::CrmApi::lead).
    Lead,
    /// [`CrmApi::leads`](super::CrmApi::leads), for the names of leads whose tasks are listed.
    LeadNames,
    /// [`CrmApi::notes`](super::CrmApi::notes).
    Notes,
    /// [`CrmApi::tasks`](super::CrmApi::tasks).
    Tasks,
    /// [`CrmApi::tasks`](super::CrmApi::tasks), those of one lead.
    TasksOfLead,
    /// [`CrmApi::events`](super::CrmApi::events).
    Events,
    /// [`CrmApi::contacts`](super::CrmApi::contacts).
    Contacts,
    /// [`CrmApi::pipelines`](super::CrmApi::pipelines).
    Pipelines,
    /// [`CrmApi::note`](super::CrmApi::note).
    Note,
    /// [`CrmApi::task`](super::CrmApi::task).
    Task,
    /// [`CrmApi::write`](super::CrmApi::write), which makes a lead.
    CreateLead,
    /// [`CrmApi::write`](super::CrmApi::write), which changes a lead.
    ChangeLead,
    /// [`CrmApi::write`](super::CrmApi::write), which makes a note.
    CreateNote,
    /// [`CrmApi::write`](super::CrmApi::write), which makes a task.
    CreateTask,
    /// [`CrmApi::write`](super::CrmApi::write), which changes a task.
    ChangeTask,
}

/// How a circuit breaker has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CircuitChange {
    /// The CRM bans calls: none is sent.
    Opened,
    /// A probe is sent.
    HalfOpened,
    /// The CRM has answered the probe.
    Closed,
}
