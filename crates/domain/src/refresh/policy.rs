//! What amoCRM's answer to a refresh token means. Only this module decides what ends a connection,
//! what is tried again, and whose fault a failure is.
//!
//! A refresh is due, then leased, sent, answered and saved. The lease is
//! [`RefreshLease`](crate::refresh::lease::RefreshLease)'s; saving is
//! [`CrmConnection::rotate`](crate::connection::CrmConnection::rotate)'s.

use std::time::Duration;

use crate::connection::{ProblemCode, ReauthReason};
use crate::ports::AmoError;

/// What an answer without a pair means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The account may have moved: it is looked up before the refusal counts.
    LookUp(AfterLookUp),
    /// The token may be good, and is sent again after a backoff.
    BackOff(BackoffCause),
}

/// What a refusal means once it is known that the account has not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterLookUp {
    /// The grant is dead.
    GiveUp,
    /// The client is accused: the operator's mistake, or, where others are served, the account's.
    Accused,
    /// Something else.
    BackOff(BackoffCause),
}

/// Why a sending gave no pair although the grant may be alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffCause {
    /// What the user is told.
    pub problem: ProblemCode,
    /// Whether amoCRM may have rotated the token.
    pub in_doubt: bool,
    /// How long amoCRM asked us to wait, where it did.
    pub retry_after: Option<Duration>,
}

impl BackoffCause {
    /// A cause that certainly left the token as it was.
    pub fn certain(problem: ProblemCode) -> Self {
        Self { problem, in_doubt: false, retry_after: None }
    }
}

impl AfterLookUp {
    /// What it means as long as it is not known whether the account has moved.
    pub fn cause(self) -> BackoffCause {
        match self {
            Self::GiveUp => BackoffCause::certain(ProblemCode::ProviderDown),
            Self::Accused => BackoffCause::certain(ProblemCode::Misconfigured),
            Self::BackOff(cause) => cause,
        }
    }
}

impl Refusal {
    /// What `error`, the answer to a refresh token, means.
    pub fn of(error: AmoError) -> Self {
        let certain = |problem| Self::BackOff(BackoffCause::certain(problem));
        let look_up = |cause| Self::LookUp(AfterLookUp::BackOff(cause));
        match error {
            AmoError::GrantRevoked => Self::LookUp(AfterLookUp::GiveUp),
            AmoError::Misconfigured => Self::LookUp(AfterLookUp::Accused),
            AmoError::NotFound | AmoError::Unreachable => look_up(BackoffCause::certain(ProblemCode::ProviderDown)),
            AmoError::Moved => {
                look_up(BackoffCause { in_doubt: true, ..BackoffCause::certain(ProblemCode::ProviderDown) })
            }
            AmoError::HostNotAllowed => look_up(BackoffCause::certain(ProblemCode::Misconfigured)),
            AmoError::PaymentRequired => certain(ProblemCode::PaymentRequired),
            AmoError::Blocked => certain(ProblemCode::ProviderBlocked),
            AmoError::Unavailable | AmoError::PermitUnavailable => certain(ProblemCode::ProviderDown),
            AmoError::RateLimited { retry_after } => {
                Self::BackOff(BackoffCause { retry_after, ..BackoffCause::certain(ProblemCode::RateLimited) })
            }
            AmoError::QueueFull { retry_after } => {
                let retry_after = Some(retry_after);
                Self::BackOff(BackoffCause { retry_after, ..BackoffCause::certain(ProblemCode::RateLimited) })
            }
            AmoError::OutcomeUnknown
            | AmoError::ConnectionLost
            | AmoError::Protocol
            | AmoError::TimedOut
            | AmoError::AccessRefused
            | AmoError::Forbidden
            | AmoError::Refused { .. }
            | AmoError::CodeRejected => {
                Self::BackOff(BackoffCause { in_doubt: true, ..BackoffCause::certain(ProblemCode::ProviderDown) })
            }
        }
    }
}

impl ReauthReason {
    /// Why a grant is dead after amoCRM certainly refused its token.
    pub fn of_refusal(in_doubt: bool) -> Self {
        if in_doubt { Self::RotationLost } else { Self::GrantRevoked }
    }
}

impl ProblemCode {
    /// The problem of the account that a failed read shows, if the failure is due neither to the
    /// grant nor to the request.
    pub fn of_read(error: AmoError) -> Option<Self> {
        match error {
            AmoError::AccessRefused => Some(Self::AccountRefused),
            AmoError::Misconfigured | AmoError::HostNotAllowed => Some(Self::Misconfigured),
            AmoError::PaymentRequired => Some(Self::PaymentRequired),
            AmoError::RateLimited { .. } => Some(Self::RateLimited),
            AmoError::Blocked => Some(Self::ProviderBlocked),
            AmoError::Unavailable
            | AmoError::Unreachable
            | AmoError::Moved
            | AmoError::ConnectionLost
            | AmoError::TimedOut
            | AmoError::OutcomeUnknown
            | AmoError::Forbidden
            | AmoError::Protocol => Some(Self::ProviderDown),
            AmoError::GrantRevoked
            | AmoError::CodeRejected
            | AmoError::NotFound
            | AmoError::Refused { .. }
            | AmoError::QueueFull { .. }
            | AmoError::PermitUnavailable => None,
        }
    }

    /// Whether it may end by itself soon.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::ProviderBlocked | Self::ProviderDown | Self::RateLimited)
    }

    /// The failure that a caller meets while the problem lasts and amoCRM is not asked.
    pub fn as_error(self) -> AmoError {
        match self {
            Self::ProviderBlocked => AmoError::Blocked,
            Self::ProviderDown => AmoError::Unavailable,
            Self::RateLimited => AmoError::RateLimited { retry_after: None },
            Self::Misconfigured => AmoError::Misconfigured,
            Self::AccountRefused => AmoError::AccessRefused,
            Self::PaymentRequired => AmoError::PaymentRequired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certain_refusal_can_end_a_connection() {
        let ends = |error| Refusal::of(error) == Refusal::LookUp(AfterLookUp::GiveUp);
        assert!(ends(AmoError::GrantRevoked));
        for error in [
            AmoError::Misconfigured,
            AmoError::NotFound,
            AmoError::Moved,
            AmoError::Unreachable,
            AmoError::HostNotAllowed,
            AmoError::PaymentRequired,
            AmoError::Blocked,
            AmoError::Unavailable,
            AmoError::PermitUnavailable,
            AmoError::ConnectionLost,
            AmoError::RateLimited { retry_after: None },
            AmoError::OutcomeUnknown,
            AmoError::Protocol,
            AmoError::TimedOut,
            AmoError::AccessRefused,
            AmoError::Forbidden,
            AmoError::CodeRejected,
        ] {
            assert!(!ends(error), "{error:?}");
        }
    }

    #[test]
    fn a_lost_or_senseless_answer_leaves_doubt_and_nothing_else_does() {
        let doubt = |error| matches!(Refusal::of(error), Refusal::BackOff(BackoffCause { in_doubt: true, .. }));
        for error in [AmoError::OutcomeUnknown, AmoError::ConnectionLost, AmoError::Protocol, AmoError::TimedOut] {
            assert!(doubt(error), "{error:?}");
        }
        for error in [
            AmoError::Blocked,
            AmoError::Unavailable,
            AmoError::Unreachable,
            AmoError::PermitUnavailable,
            AmoError::RateLimited { retry_after: None },
        ] {
            assert!(!doubt(error), "{error:?}");
        }
    }

    #[test]
    fn a_redirect_leaves_doubt_until_the_account_is_found() {
        let Refusal::LookUp(then) = Refusal::of(AmoError::Moved) else { panic!("it may have moved") };
        assert!(then.cause().in_doubt);
        let Refusal::LookUp(then) = Refusal::of(AmoError::NotFound) else { panic!("it may have moved") };
        assert!(!then.cause().in_doubt);
    }

    #[test]
    fn the_wait_that_a_limit_names_is_kept() {
        let wait = Duration::from_secs(7);
        let expected = BackoffCause { retry_after: Some(wait), ..BackoffCause::certain(ProblemCode::RateLimited) };
        for error in [AmoError::RateLimited { retry_after: Some(wait) }, AmoError::QueueFull { retry_after: wait }] {
            assert_eq!(Refusal::of(error), Refusal::BackOff(expected), "{error:?}");
        }
    }

    #[test]
    fn a_failed_read_shows_a_problem_unless_it_is_the_grants_the_requests_or_ours() {
        for problem in ProblemCode::ALL {
            assert_eq!(ProblemCode::of_read(problem.as_error()), Some(*problem));
        }
        for error in [AmoError::GrantRevoked, AmoError::NotFound, AmoError::PermitUnavailable] {
            assert_eq!(ProblemCode::of_read(error), None, "{error:?}");
        }
    }

    #[test]
    fn what_people_have_to_mend_does_not_pass_by_itself() {
        let lasting: Vec<_> = ProblemCode::ALL.iter().copied().filter(|problem| !problem.is_passing()).collect();
        let mended = [ProblemCode::PaymentRequired, ProblemCode::Misconfigured, ProblemCode::AccountRefused];
        assert!(lasting.len() == 3 && mended.iter().all(|problem| lasting.contains(problem)), "{lasting:?}");
    }
}
