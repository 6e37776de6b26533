//! The body of a refusal (RFC 9457), and the codes it can have. `docs/http-api.md` and the OpenAPI document list them from here.

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use amo_connect_domain::ports::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, Candidates};

/// Declares the codes: each with its text, its status, its title and what it means.
macro_rules! codes {
    ($($code:ident = $text:literal, $status:ident, $title:literal, $meaning:literal;)+) => {
        /// The stable word for a refusal. New ones are added: take one that you do not know by its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            /// All of them, by status.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => $text,)+ }
            }

            /// The status it comes with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)+ }
            }

            /// A title for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request", BAD_REQUEST, "Invalid request", "`field` is missing, wrong or unknown";
    InvalidJson = "invalid_json", BAD_REQUEST, "Invalid JSON", "the body is not JSON";
    InvalidAccountHost = "invalid_account_host", BAD_REQUEST, "Invalid account host", "`referer` is not one of amoCRM's hosts, or is missing with a code that the callback never saw and no `AMO_DOMAIN`; nothing was sent";
    InvalidCode = "invalid_code", BAD_REQUEST, "Invalid code", "amoCRM refused the code";
    StateMismatch = "state_mismatch", BAD_REQUEST, "State mismatch", "the code did not come with this state";
    Unauthorized = "unauthorized", UNAUTHORIZED, "Unauthorized", "no good JWT; one over 8 kB is refused unread";
    Forbidden = "forbidden", FORBIDDEN, "Forbidden", "amoCRM says that the person who connected has no right to this; the connection is good";
    InvalidSignature = "invalid_signature", FORBIDDEN, "Invalid signature", "a hook that is not amoCRM's, or not for this integration";
    NotFound = "not_found", NOT_FOUND, "Not found", "there is nothing at this address";
    AttemptNotFound = "attempt_not_found", NOT_FOUND, "Attempt not found", "the user has no such attempt, or it is older than 24 hours";
    LeadNotFound = "lead_not_found", NOT_FOUND, "Lead not found", "the lead is unknown, deleted or another account's";
    TaskNotFound = "task_not_found", NOT_FOUND, "Task not found", "the task is unknown, deleted or another account's";
    PipelineNotFound = "pipeline_not_found", NOT_FOUND, "Pipeline not found", "the account has no such pipeline";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed", "`Allow` says what is";
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "Request timeout", "the body did not arrive within 10 s";
    AlreadyConnected = "already_connected", CONFLICT, "Already connected", "the user is connected to another account, or was until the connection ended by itself; disconnect first";
    CodeBelongsToAnotherUser = "code_belongs_to_another_user", CONFLICT, "Code belongs to another user", "nothing was changed or sent";
    NotConnected = "not_connected", CONFLICT, "Not connected", "there is no connection";
    NeedsReauth = "needs_reauth", CONFLICT, "Needs re-authorization", "amoCRM has ended the connection; connect again";
    Revoked = "revoked", CONFLICT, "Revoked", "the integration was switched off in amoCRM";
    RequestInProgress = "request_in_progress", CONFLICT, "Request in progress", "a request with this `Idempotency-Key` is under way; `Retry-After`";
    IdempotencyKeyExpired = "idempotency_key_expired", CONFLICT, "Idempotency key expired", "the key was used in another account, or before a disconnect; this request wrote nothing, the first one may have";
    CodeExpired = "code_expired", GONE, "Code expired", "disconnected or replaced since, or not claimed in time";
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "Payload too large", "the body is over 16 kB";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type", "the body is not `application/json`";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency key reused", "the key was used for another body or path; this request wrote nothing";
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many requests", "the user or the address is over its rate, or too much of the user's is under way; `Retry-After`";
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "Internal error", "a bug, or stored data that cannot be read";
    CrmUnavailable = "crm_unavailable", BAD_GATEWAY, "amoCRM unavailable", "amoCRM is down, bans us, refuses the account or the integration, wants it paid for (402), or answers nonsense; `problem` of `/status` says which, where there is a connection";
    OutcomeUnknown = "outcome_unknown", BAD_GATEWAY, "Outcome unknown", "it may have been written: amoCRM's answer was lost. With the same `Idempotency-Key` it can be sent again, and is written once; `Retry-After` if it had one";
    AuthUnavailable = "auth_unavailable", SERVICE_UNAVAILABLE, "Authentication unavailable", "the key set at `JWT_JWKS_URL` could not be fetched since the service started; `Retry-After`";
    ExchangeInProgress = "exchange_in_progress", SERVICE_UNAVAILABLE, "Exchange in progress", "the exchange goes on; `Retry-After`";
    RefreshInProgress = "refresh_in_progress", SERVICE_UNAVAILABLE, "Refresh in progress", "the refresh goes on; `Retry-After`";
    RateLimited = "rate_limited", SERVICE_UNAVAILABLE, "Rate limited", "amoCRM's limit of calls; nothing was lost; `Retry-After`";
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE, "Storage unavailable", "the database is down, or cannot be written. There is no `Retry-After`";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Overloaded", "this instance has as many connections or requests as it takes at one time; nothing was done; `Retry-After`";
    Draining = "draining", SERVICE_UNAVAILABLE, "Draining", "of `/readyz` alone: the instance is about to stop, and still serves";
    CrmTimeout = "crm_timeout", GATEWAY_TIMEOUT, "amoCRM too slow", "amoCRM is slow";
}

impl Code {
    /// A refusal with it, for the documentation.
    pub fn example(self) -> ApiError {
        match self {
            Self::InvalidRequest => ApiError::invalid("limit", "must be a whole number from 1 to 250"),
            Self::InvalidJson => ApiError::InvalidJson,
            Self::InvalidAccountHost => ApiError::InvalidAccountHost,
            Self::InvalidCode => ApiError::InvalidCode,
            Self::StateMismatch => ApiError::StateMismatch,
            Self::Unauthorized => ApiError::Unauthorized("there is none"),
            Self::Forbidden => ApiError::Forbidden,
            Self::InvalidSignature => ApiError::InvalidSignature,
            Self::NotFound => ApiError::NotFound,
            Self::AttemptNotFound => ApiError::AttemptNotFound,
            Self::LeadNotFound => ApiError::LeadNotFound,
            Self::TaskNotFound => ApiError::TaskNotFound,
            Self::PipelineNotFound => ApiError::PipelineNotFound,
            Self::MethodNotAllowed => ApiError::MethodNotAllowed("GET"),
            Self::RequestTimeout => ApiError::RequestTimeout,
            Self::AlreadyConnected => ApiError::AlreadyConnected,
            Self::CodeBelongsToAnotherUser => ApiError::CodeBelongsToAnotherUser,
            Self::NotConnected => ApiError::NotConnected,
            Self::NeedsReauth => ApiError::NeedsReauth,
            Self::Revoked => ApiError::Revoked,
            Self::RequestInProgress => ApiError::RequestInProgress,
            Self::IdempotencyKeyExpired => ApiError::KeyExpired,
            Self::IdempotencyKeyReused => ApiError::KeyReused,
            Self::OutcomeUnknown => ApiError::OutcomeUnknown(Candidates { found: Vec::new(), has_key: true }),
            Self::CodeExpired => ApiError::CodeExpired,
            Self::PayloadTooLarge => ApiError::PayloadTooLarge,
            Self::UnsupportedMediaType => ApiError::UnsupportedMediaType,
            Self::TooManyRequests => ApiError::TooManyRequests(1),
            Self::InternalError => ApiError::Internal(None),
            Self::CrmUnavailable => ApiError::CrmUnavailable(None),
            Self::AuthUnavailable => ApiError::AuthUnavailable,
            Self::ExchangeInProgress => ApiError::ExchangeInProgress,
            Self::RefreshInProgress => ApiError::RefreshInProgress,
            Self::RateLimited => ApiError::RateLimited(1),
            Self::StorageUnavailable => ApiError::StorageUnavailable(StoreError::of_the_rate_limiter()),
            Self::Overloaded => ApiError::Overloaded,
            Self::Draining => ApiError::Draining,
            Self::CrmTimeout => ApiError::CrmTimeout,
        }
    }
}

/// A refusal, as `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:amo-connect:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// A title for people.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, in a sentence for people.
    detail: String,
    code: Code,
    /// The `X-Request-Id` of the answer, which the log has too.
    request_id: String,
    /// Always `false`.
    #[schema(schema_with = super::handlers::schemas::always_false)]
    success: bool,
    /// The same as `detail`, for the app that is shipped.
    message: String,
    /// The parameter or the member of the body that is to blame. Missing where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
}

impl Problem {
    /// What `error` says to the request with this id.
    pub fn of(error: &ApiError, request_id: String) -> Self {
        let code = error.code();
        let detail = error.to_string();
        Self {
            kind: format!("urn:amo-connect:problem:{}", code.as_str()),
            title: code.title(),
            status: error.status_code().as_u16(),
            code,
            request_id,
            success: false,
            message: detail.clone(),
            detail,
            field: error.field().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_example_of_its_own() {
        for code in Code::ALL {
            let error = code.example();
            assert_eq!(error.code(), *code);
            let told = serde_json::to_value(Problem::of(&error, "1".to_owned())).unwrap();
            assert_eq!(
                (told["code"].as_str(), told["status"].as_u64()),
                (Some(code.as_str()), Some(code.status().as_u16().into()))
            );
        }
    }

    #[test]
    fn codes_are_words_of_their_own_and_go_by_status_of_the_client_and_then_of_the_server() {
        let words: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(Code::ALL.is_sorted_by_key(|code| code.status().is_server_error()));
    }
}
