//! What a call is for, how many follow it, and what its outcome tells other instances.

use std::time::Duration;

use super::waiters::Order;
use crate::ports::{AmoError, Endpoint};
use crate::rate_limit::CallOutcome;

/// The delay after a limit where amoCRM names none.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Anybody can send a code, so an answer that refuses one neither opens the circuit nor closes it.
    Exchange,
    Refresh,
    /// A call that completes earlier ones: without it their permits are wasted.
    Completing,
    Reading,
    Writing,
}

impl Purpose {
    pub(super) fn of(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Exchange => Self::Exchange,
            Endpoint::Refresh | Endpoint::Locate => Self::Refresh,
            // What was written is shown as it is now.
            Endpoint::Contacts | Endpoint::LeadNames | Endpoint::Note | Endpoint::Task => Self::Completing,
            Endpoint::Account
            | Endpoint::Users
            | Endpoint::Leads
            | Endpoint::Lead
            | Endpoint::Notes
            | Endpoint::Tasks
            | Endpoint::TasksOfLead
            | Endpoint::Events
            | Endpoint::Pipelines => Self::Reading,
            Endpoint::CreateLead
            | Endpoint::ChangeLead
            | Endpoint::CreateNote
            | Endpoint::CreateTask
            | Endpoint::ChangeTask => Self::Writing,
        }
    }

    pub(super) fn order(self) -> Order {
        match self {
            Self::Completing => Order::Completing,
            Self::Exchange | Self::Refresh | Self::Reading | Self::Writing => Order::Arrived,
        }
    }
}

/// How many calls the caller is likely to make: leads are completed by their contacts, tasks by the names of their
/// leads, and what was written is read.
pub(super) fn calls(endpoint: Endpoint) -> u32 {
    match endpoint {
        Endpoint::Leads
        | Endpoint::Lead
        | Endpoint::Tasks
        | Endpoint::CreateLead
        | Endpoint::ChangeLead
        | Endpoint::CreateNote
        | Endpoint::CreateTask
        | Endpoint::ChangeTask => 2,
        Endpoint::Account
        | Endpoint::Contacts
        | Endpoint::Events
        | Endpoint::Exchange
        | Endpoint::LeadNames
        | Endpoint::Locate
        | Endpoint::Note
        | Endpoint::Notes
        | Endpoint::Pipelines
        | Endpoint::Refresh
        | Endpoint::Task
        | Endpoint::TasksOfLead
        | Endpoint::Users => 1,
    }
}

/// What other instances learn from `failure`. No failure is an answer.
pub(super) fn call_outcome(failure: Option<&AmoError>) -> CallOutcome {
    match failure {
        Some(AmoError::Blocked) => CallOutcome::Banned,
        Some(AmoError::RateLimited { retry_after }) => CallOutcome::Limited(retry_after.unwrap_or(DEFAULT_RETRY_AFTER)),
        Some(AmoError::Unavailable | AmoError::ConnectionLost | AmoError::TimedOut | AmoError::OutcomeUnknown) => {
            CallOutcome::NoAnswer
        }
        // A host that has moved away must not keep the probe from the look-up that finds it.
        Some(
            AmoError::Unreachable | AmoError::HostNotAllowed | AmoError::QueueFull { .. } | AmoError::PermitUnavailable,
        ) => CallOutcome::NotSent,
        None
        | Some(
            AmoError::GrantRevoked
            | AmoError::CodeRejected
            | AmoError::AccessRefused
            | AmoError::Forbidden
            | AmoError::Refused { .. }
            | AmoError::Misconfigured
            | AmoError::PaymentRequired
            | AmoError::NotFound
            | AmoError::Moved
            | AmoError::Protocol,
        ) => CallOutcome::Answered,
    }
}
