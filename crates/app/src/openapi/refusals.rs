//! Which refusals each operation can give.

use crate::problem::Code::{
    self, AlreadyConnected, AttemptNotFound, AuthUnavailable, CodeBelongsToAnotherUser, CodeExpired, CrmTimeout,
    CrmUnavailable, Draining, ExchangeInProgress, Forbidden, InternalError, InvalidAccountHost, InvalidCode,
    InvalidJson, InvalidRequest, InvalidSignature, LeadNotFound, MethodNotAllowed, NeedsReauth, NotConnected, NotFound,
    PayloadTooLarge, PipelineNotFound, RateLimited, RefreshInProgress, RequestTimeout, Revoked, StateMismatch,
    StorageUnavailable, TooManyRequests, Unauthorized, UnsupportedMediaType,
};

/// Refusals of whatever has a JWT.
const CALLER: &[Code] =
    &[InvalidRequest, Unauthorized, TooManyRequests, InternalError, StorageUnavailable, AuthUnavailable];

/// Refusals of whatever has a body.
const BODY: &[Code] = &[InvalidJson, RequestTimeout, PayloadTooLarge, UnsupportedMediaType];

/// Refusals of whatever reads amoCRM.
const READ: &[Code] = &[NotConnected, NeedsReauth, Revoked, CrmUnavailable, RefreshInProgress, RateLimited, CrmTimeout];

/// What only an exchange refuses.
const EXCHANGE: &[Code] = &[
    InvalidAccountHost,
    InvalidCode,
    StateMismatch,
    AlreadyConnected,
    CodeBelongsToAnotherUser,
    CodeExpired,
    CrmUnavailable,
    ExchangeInProgress,
];

/// What answers without an operation of its own.
pub(super) const ELSEWHERE: &[(&str, Code)] = &[
    ("NotFound", NotFound),
    ("MethodNotAllowed", MethodNotAllowed),
    ("RefusedPreflight", InvalidRequest),
    ("TooManyRequests", TooManyRequests),
];

/// The refusals of the operation with this id.
pub(super) fn of(operation: &str) -> Vec<Code> {
    let groups: &[&[Code]] = match operation {
        "beginAttempt" | "disconnect" => &[CALLER, BODY],
        "getAttempt" => &[CALLER, &[AttemptNotFound]],
        "exchangeCode" => &[CALLER, BODY, EXCHANGE],
        "getStatus" => &[CALLER],
        "getMe" | "listLeads" | "listPipelines" => &[CALLER, READ],
        "getLead" | "listNotes" | "listTasksOfLead" | "listEvents" => &[CALLER, READ, &[Forbidden, LeadNotFound]],
        "listTasks" | "listUsers" => &[CALLER, READ, &[Forbidden]],
        "listStages" => &[CALLER, READ, &[PipelineNotFound]],
        "disconnectHook" => &[&[InvalidSignature, TooManyRequests, InternalError, StorageUnavailable]],
        "getReadiness" => &[&[TooManyRequests, StorageUnavailable, Draining]],
        "getDocument" | "getDocs" | "getMetrics" => &[&[TooManyRequests]],
        _ => &[],
    };
    Code::ALL.iter().copied().filter(|code| groups.iter().any(|group| group.contains(code))).collect()
}
