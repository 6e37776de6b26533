//! Every refusal the service can give, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use amo_connect_domain::ports::{AmoError, StoreError};
use amo_connect_domain::usecase::{AccessError, ClaimError, ReadError};
use serde_json::json;

use crate::readiness::Unready;
use crate::request_id;

/// A refusal. Its text is the `detail` that the app is shown; its source is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A value of the request is missing or wrong.
    #[error("{1}")]
    InvalidRequest(&'static str, String),
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
    #[error("The service cannot check tokens at the moment. Try again in a minute.")]
    AuthUnavailable,
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
    /// The instance is about to stop, and requests should go to others.
    #[error("This instance is about to stop.")]
    Draining,
    /// A bug, or stored data that cannot be read.
    #[error("Something went wrong on our side.")]
    Internal(#[source] Option<StoreError>),
}

impl ApiError {
    /// Whether it says only that too much is going on at the moment.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::RateLimited(_) | Self::RefreshInProgress | Self::ExchangeInProgress)
    }

    /// The stable word for it, and its title.
    pub fn code(&self) -> (&'static str, &'static str) {
        match self {
            Self::InvalidRequest(..) => ("invalid_request", "Invalid request"),
            Self::InvalidJson => ("invalid_json", "Invalid JSON"),
            Self::UnsupportedMediaType => ("unsupported_media_type", "Unsupported media type"),
            Self::PayloadTooLarge => ("payload_too_large", "Payload too large"),
            Self::RequestTimeout => ("request_timeout", "Request timeout"),
            Self::Unauthorized(_) => ("unauthorized", "Unauthorized"),
            Self::AuthUnavailable => ("auth_unavailable", "Authentication unavailable"),
            Self::InvalidSignature => ("invalid_signature", "Invalid signature"),
            Self::NotFound => ("not_found", "Not found"),
            Self::MethodNotAllowed(_) => ("method_not_allowed", "Method not allowed"),
            Self::TooManyRequests(_) => ("too_many_requests", "Too many requests"),
            Self::AttemptNotFound => ("attempt_not_found", "Attempt not found"),
            Self::LeadNotFound => ("lead_not_found", "Lead not found"),
            Self::PipelineNotFound => ("pipeline_not_found", "Pipeline not found"),
            Self::StateMismatch => ("state_mismatch", "State mismatch"),
            Self::CodeBelongsToAnotherUser => ("code_belongs_to_another_user", "Code belongs to another user"),
            Self::CodeExpired => ("code_expired", "Code expired"),
            Self::ExchangeInProgress => ("exchange_in_progress", "Exchange in progress"),
            Self::AlreadyConnected => ("already_connected", "Already connected"),
            Self::InvalidAccountHost => ("invalid_account_host", "Invalid account host"),
            Self::InvalidCode => ("invalid_code", "Invalid code"),
            Self::NotConnected => ("not_connected", "Not connected"),
            Self::NeedsReauth => ("needs_reauth", "Needs re-authorization"),
            Self::Revoked => ("revoked", "Revoked"),
            Self::RefreshInProgress => ("refresh_in_progress", "Refresh in progress"),
            Self::RateLimited(_) => ("rate_limited", "Rate limited"),
            Self::CrmUnavailable(_) => ("crm_unavailable", "amoCRM unavailable"),
            Self::CrmTimeout => ("crm_timeout", "amoCRM too slow"),
            Self::StorageUnavailable(_) => ("storage_unavailable", "Storage unavailable"),
            Self::Draining => ("draining", "Draining"),
            Self::Internal(_) => ("internal_error", "Internal error"),
        }
    }

    fn field(&self) -> Option<&'static str> {
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
            Self::ExchangeInProgress | Self::RefreshInProgress => Some(2),
            Self::AuthUnavailable => Some(60),
            _ => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidRequest(..)
            | Self::InvalidJson
            | Self::StateMismatch
            | Self::InvalidAccountHost
            | Self::InvalidCode => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::InvalidSignature => StatusCode::FORBIDDEN,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound | Self::AttemptNotFound | Self::LeadNotFound | Self::PipelineNotFound => {
                StatusCode::NOT_FOUND
            }
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::CodeBelongsToAnotherUser
            | Self::AlreadyConnected
            | Self::NotConnected
            | Self::NeedsReauth
            | Self::Revoked => StatusCode::CONFLICT,
            Self::CodeExpired => StatusCode::GONE,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::CrmUnavailable(_) => StatusCode::BAD_GATEWAY,
            Self::ExchangeInProgress
            | Self::RefreshInProgress
            | Self::RateLimited(_)
            | Self::StorageUnavailable(_)
            | Self::AuthUnavailable
            | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::CrmTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (code, title) = self.code();
        let detail = self.to_string();
        let mut problem = json!({
            "type": format!("urn:amo-connect:problem:{code}"),
            "title": title,
            "status": self.status_code().as_u16(),
            "detail": detail,
            "code": code,
            "requestId": request_id::current(),
            "success": false,
            "message": detail,
        });
        if let Some(field) = self.field() {
            problem["field"] = field.into();
        }
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
        response.body(problem.to_string())
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
fn whole_seconds(wait: Duration) -> u64 {
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
            ReadError::Access(AccessError::Amo(error)) | ReadError::Amo(error) => error.into(),
        }
    }
}
