//! Every refusal the service can give, as `application/problem+json` (RFC 9457).

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use amo_connect_domain::ports::{AmoError, StoreError};
use amo_connect_domain::usecase::{AccessError, ClaimError, ReadError, WriteError};

use crate::problem::{Code, Problem};
use crate::readiness::Unready;
use crate::request_id;

/// A refusal. Its text is the `detail` that the app is shown; its source is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A value of the request is missing or wrong.
    #[error("{1}")]
    InvalidRequest(String, String),
    /// The body is not JSON.
    #[error("The body is not valid JSON.")]
    InvalidJson,
    /// The body is not said to be JSON.
    #[error("The body must be sent as application/json.")]
    UnsupportedMediaType,
    /// The body is over 16 kB.
    #[error("The body is larger than 16 kB.")]
    PayloadTooLarge,
    /// The body did not come in time.
    #[error("The body did not arrive in time.")]
    RequestTimeout,
    /// There is no good JWT.
    #[error("A valid token is required: {0}.")]
    Unauthorized(&'static str),
    /// The app's key set was never fetched.
    #[error("The service cannot check tokens at the moment. Try again in some seconds.")]
    AuthUnavailable,
    /// amoCRM does not accept what was written, and does not say why.
    #[error("amoCRM does not accept this.")]
    RefusedByCrm,
    /// A write with this key is under way.
    #[error("A request with this Idempotency-Key is under way. Ask again in a moment.")]
    RequestInProgress,
    /// The key is of another connection.
    #[error("This Idempotency-Key was used with another connection. This request wrote nothing.")]
    KeyExpired,
    /// The key is of another request.
    #[error("This Idempotency-Key was used for another request. This one wrote nothing.")]
    KeyReused,
    /// It is not known whether something was written. It may have made these.
    #[error("It is not known whether amoCRM did this: its answer was lost. {}", .0)]
    OutcomeUnknown(Candidates),
    /// The right to it is missing in amoCRM.
    #[error("Your amoCRM user has no right to this.")]
    Forbidden,
    /// A hook that is not amoCRM's, or not for our integration.
    #[error("The signature is not right for this integration.")]
    InvalidSignature,
    /// No such path.
    #[error("There is nothing at this address.")]
    NotFound,
    /// The path exists, not with this method.
    #[error("This address answers {0} only.")]
    MethodNotAllowed(&'static str),
    /// A caller is over their rate; the seconds until the next call is welcome.
    #[error("Too many requests. Please try again in a moment.")]
    TooManyRequests(u64),
    /// There is no such attempt of this user.
    #[error("There is no such attempt.")]
    AttemptNotFound,
    /// There is no such lead in the user's account.
    #[error("There is no such lead.")]
    LeadNotFound,
    /// There is no such task in the user's account.
    #[error("There is no such task.")]
    TaskNotFound,
    /// There is no such pipeline in the user's account.
    #[error("There is no such pipeline.")]
    PipelineNotFound,
    /// The code came with another state.
    #[error("The code did not come with this state.")]
    StateMismatch,
    /// The code, or the state, is another user's.
    #[error("This code belongs to another user.")]
    CodeBelongsToAnotherUser,
    /// Disconnected or replaced since, not claimed in time, or the attempt is over.
    #[error("This code is not good any more. Connect again.")]
    CodeExpired,
    /// The code is still being exchanged.
    #[error("The code is being exchanged. Ask again in a moment.")]
    ExchangeInProgress,
    /// The user is connected to another account.
    #[error("Another amoCRM account is connected. Disconnect it first.")]
    AlreadyConnected,
    /// The account host is missing or not amoCRM's.
    #[error("The account host is missing or is not one of amoCRM's.")]
    InvalidAccountHost,
    /// amoCRM refused the code.
    #[error("amoCRM did not accept the code. Connect again.")]
    InvalidCode,
    /// The user is not connected.
    #[error("No amoCRM account is connected.")]
    NotConnected,
    /// The grant is dead.
    #[error("amoCRM has ended the connection. Connect again.")]
    NeedsReauth,
    /// An administrator switched the integration off.
    #[error("The integration was switched off in amoCRM.")]
    Revoked,
    /// A refresh takes longer than anybody waits.
    #[error("The connection is being renewed. Ask again in a moment.")]
    RefreshInProgress,
    /// amoCRM's limit of calls is reached.
    #[error("amoCRM's limit of calls is reached. Ask again in a moment.")]
    RateLimited(u64),
    /// amoCRM is down, bans us or answers nonsense.
    #[error("amoCRM is not available.")]
    CrmUnavailable(#[source] Option<AmoError>),
    /// amoCRM is slow.
    #[error("amoCRM did not answer in time.")]
    CrmTimeout,
    /// The database is down.
    #[error("The service cannot reach its database. Try again in a moment.")]
    StorageUnavailable(#[source] StoreError),
    /// The instance has as much to do as it takes at one time.
    #[error("This instance has too much to do. Try again in a moment.")]
    Overloaded,
    /// The instance is about to stop, and requests should go to others.
    #[error("This instance is about to stop.")]
    Draining,
    /// A bug, or stored data that cannot be read.
    #[error("Something went wrong on our side.")]
    Internal(#[source] Option<StoreError>),
}

/// What is known of a write whose answer was lost.
#[derive(Debug)]
pub struct Candidates {
    /// The numbers of objects that it may have made.
    pub found: Vec<u64>,
    /// Whether it has a key, so that it can be asked for again.
    pub has_key: bool,
}

impl Display for Candidates {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.found[..] {
            [] if self.has_key => f.write_str("Send it again with the same Idempotency-Key to find out."),
            [] => f.write_str("Look before you send it again. With an Idempotency-Key it could be sent again."),
            [one] => write!(f, "It may have made {one}."),
            [first, others @ ..] => {
                write!(f, "It may have made one of {first}")?;
                others.iter().try_for_each(|other| write!(f, ", {other}"))?;
                f.write_str(".")
            }
        }
    }
}

impl ApiError {
    /// What the app is told of a write that came to nothing, or may have. `missing` is what it is on.
    pub(crate) fn of_write(error: WriteError, missing: Self, has_key: bool) -> Self {
        match error {
            WriteError::Read(error) => error.into(),
            WriteError::Refused(Some(field)) => Self::invalid(field.code(), "is not accepted by amoCRM"),
            WriteError::Refused(None) => Self::RefusedByCrm,
            WriteError::NotFound => missing,
            WriteError::OutcomeUnknown(found) => Self::OutcomeUnknown(Candidates { found, has_key }),
            WriteError::KeyExpired => Self::KeyExpired,
            WriteError::KeyReused => Self::KeyReused,
            WriteError::TooManyWrites(wait) => Self::TooManyRequests(whole_seconds(wait)),
            WriteError::InProgress => Self::RequestInProgress,
            WriteError::Store(error) => error.into(),
        }
    }

    /// Whether it says only that too much is going on at the moment.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::RateLimited(_)
                | Self::RefreshInProgress
                | Self::ExchangeInProgress
                | Self::RequestInProgress
                | Self::Overloaded
        )
    }

    /// The stable word for it.
    pub fn code(&self) -> Code {
        match self {
            Self::InvalidRequest(..) | Self::RefusedByCrm => Code::InvalidRequest,
            Self::RequestInProgress => Code::RequestInProgress,
            Self::KeyExpired => Code::IdempotencyKeyExpired,
            Self::KeyReused => Code::IdempotencyKeyReused,
            Self::OutcomeUnknown(_) => Code::OutcomeUnknown,
            Self::InvalidJson => Code::InvalidJson,
            Self::UnsupportedMediaType => Code::UnsupportedMediaType,
            Self::PayloadTooLarge => Code::PayloadTooLarge,
            Self::RequestTimeout => Code::RequestTimeout,
            Self::Unauthorized(_) => Code::Unauthorized,
            Self::AuthUnavailable => Code::AuthUnavailable,
            Self::Forbidden => Code::Forbidden,
            Self::InvalidSignature => Code::InvalidSignature,
            Self::NotFound => Code::NotFound,
            Self::MethodNotAllowed(_) => Code::MethodNotAllowed,
            Self::TooManyRequests(_) => Code::TooManyRequests,
            Self::AttemptNotFound => Code::AttemptNotFound,
            Self::LeadNotFound => Code::LeadNotFound,
            Self::TaskNotFound => Code::TaskNotFound,
            Self::PipelineNotFound => Code::PipelineNotFound,
            Self::StateMismatch => Code::StateMismatch,
            Self::CodeBelongsToAnotherUser => Code::CodeBelongsToAnotherUser,
            Self::CodeExpired => Code::CodeExpired,
            Self::ExchangeInProgress => Code::ExchangeInProgress,
            Self::AlreadyConnected => Code::AlreadyConnected,
            Self::InvalidAccountHost => Code::InvalidAccountHost,
            Self::InvalidCode => Code::InvalidCode,
            Self::NotConnected => Code::NotConnected,
            Self::NeedsReauth => Code::NeedsReauth,
            Self::Revoked => Code::Revoked,
            Self::RefreshInProgress => Code::RefreshInProgress,
            Self::RateLimited(_) => Code::RateLimited,
            Self::CrmUnavailable(_) => Code::CrmUnavailable,
            Self::CrmTimeout => Code::CrmTimeout,
            Self::StorageUnavailable(_) => Code::StorageUnavailable,
            Self::Overloaded => Code::Overloaded,
            Self::Draining => Code::Draining,
            Self::Internal(_) => Code::InternalError,
        }
    }

    /// What `field` has to be, or that it must not be there at all.
    pub fn invalid(field: &str, why: impl Display) -> Self {
        Self::InvalidRequest(field.to_owned(), format!("`{field}` {why}."))
    }

    /// The parameter or the member of the body that is to blame.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::InvalidRequest(field, _) => Some(field),
            Self::InvalidAccountHost => Some("referer"),
            Self::StateMismatch => Some("state"),
            _ => None,
        }
    }

    /// Seconds until the call is worth repeating, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests(seconds) | Self::RateLimited(seconds) => Some(*seconds),
            // Without a key it would be made twice.
            Self::OutcomeUnknown(known) if !known.has_key => None,
            Self::ExchangeInProgress | Self::RefreshInProgress | Self::RequestInProgress | Self::OutcomeUnknown(_) => {
                Some(2)
            }
            Self::Overloaded => Some(1),
            Self::AuthUnavailable => Some(5),
            _ => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json").insert_header((CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        match self {
            Self::Unauthorized(_) => response.insert_header((WWW_AUTHENTICATE, "Bearer")),
            Self::MethodNotAllowed(allowed) => response.insert_header((ALLOW, *allowed)),
            _ => &mut response,
        };
        response.body(serde_json::to_vec(&Problem::of(self, request_id::current())).unwrap_or_default())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::StorageUnavailable(error),
            StoreError::Conflict | StoreError::Corrupt(_) => Self::Internal(Some(error)),
        }
    }
}

impl From<Unready> for ApiError {
    fn from(why: Unready) -> Self {
        match why {
            Unready::Draining => Self::Draining,
            Unready::Database(_) | Unready::Silent | Unready::OnlyOthersWrite => {
                Self::StorageUnavailable(StoreError::Unavailable(Box::new(why)))
            }
        }
    }
}

impl From<ClaimError> for ApiError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::StateMismatch => Self::StateMismatch,
            ClaimError::AnotherUser => Self::CodeBelongsToAnotherUser,
            ClaimError::Expired => Self::CodeExpired,
            ClaimError::InProgress => Self::ExchangeInProgress,
            ClaimError::AlreadyConnected => Self::AlreadyConnected,
            ClaimError::InvalidAccountHost => Self::InvalidAccountHost,
            ClaimError::InvalidCode => Self::InvalidCode,
            ClaimError::TooManyCodes(wait) => Self::TooManyRequests(whole_seconds(wait)),
            ClaimError::CrmUnavailable => Self::CrmUnavailable(None),
            ClaimError::Store(error) => error.into(),
        }
    }
}

impl From<AmoError> for ApiError {
    fn from(error: AmoError) -> Self {
        match error {
            AmoError::RateLimited { retry_after } => Self::RateLimited(retry_after.map_or(1, whole_seconds)),
            AmoError::QueueFull { retry_after } => Self::RateLimited(whole_seconds(retry_after)),
            AmoError::TimedOut => Self::CrmTimeout,
            AmoError::PermitUnavailable => StoreError::of_the_rate_limiter().into(),
            AmoError::GrantRevoked
            | AmoError::CodeRejected
            | AmoError::AccessRefused
            | AmoError::Forbidden
            | AmoError::Refused { .. }
            | AmoError::Misconfigured
            | AmoError::PaymentRequired
            | AmoError::NotFound
            | AmoError::Moved
            | AmoError::Blocked
            | AmoError::Unavailable
            | AmoError::Unreachable
            | AmoError::ConnectionLost
            | AmoError::OutcomeUnknown
            | AmoError::Protocol
            | AmoError::HostNotAllowed => Self::CrmUnavailable(Some(error)),
        }
    }
}

/// At least one, and no less than `wait`.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Access(AccessError::NotConnected) => Self::NotConnected,
            ReadError::Access(AccessError::NeedsReauth) => Self::NeedsReauth,
            ReadError::Access(AccessError::Revoked) => Self::Revoked,
            ReadError::Access(AccessError::RefreshInProgress) => Self::RefreshInProgress,
            ReadError::Access(AccessError::Store(error)) => error.into(),
            ReadError::Forbidden => Self::Forbidden,
            ReadError::Access(AccessError::Amo(error)) | ReadError::Amo(error) => error.into(),
        }
    }
}
