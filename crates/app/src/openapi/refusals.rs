//! Which refusals each operation can give.

use crate::problem::Code::{
    self, AlreadyConnected, AttemptNotFound, AuthUnavailable, CodeBelongsToAnotherUser, CodeExpired, CrmTimeout,
    CrmUnavailable, Draining, ExchangeInProgress, Forbidden, IdempotencyKeyExpired, IdempotencyKeyReused,
    InternalError, InvalidAccountHost, InvalidCode, InvalidJson, InvalidRequest, InvalidSignature, LeadNotFound,
    MethodNotAllowed, NeedsReauth, NotConnected, NotFound, OutcomeUnknown, Overloaded, PayloadTooLarge,
    PipelineNotFound, RateLimited, RefreshInProgress, RequestInProgress, RequestTimeout, Revoked, StateMismatch,
    StorageUnavailable, TaskNotFound, TooManyRequests, Unauthorized, UnsupportedMediaType,
};

/// Refusals of whatever has a JWT.
const CALLER: &[Code] =
    &[InvalidRequest, Unauthorized, TooManyRequests, InternalError, StorageUnavailable, AuthUnavailable, Overloaded];

/// Refusals of whatever has a body.
const BODY: &[Code] = &[InvalidJson, RequestTimeout, PayloadTooLarge, UnsupportedMediaType];

/// Refusals of whatever reads amoCRM.
const READ: &[Code] = &[NotConnected, NeedsReauth, Revoked, CrmUnavailable, RefreshInProgress, RateLimited, CrmTimeout];

/// What only a write refuses.
const WRITE: &[Code] = &[Forbidden, RequestInProgress, IdempotencyKeyExpired, IdempotencyKeyReused, OutcomeUnknown];

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
        "createLead" => &[CALLER, BODY, READ, WRITE],
        "changeLead" | "createNote" | "createTask" => &[CALLER, BODY, READ, WRITE, &[LeadNotFound]],
        "changeTask" => &[CALLER, BODY, READ, WRITE, &[TaskNotFound]],
        "listStages" => &[CALLER, READ, &[PipelineNotFound]],
        "disconnectHook" => &[&[InvalidSignature, TooManyRequests, InternalError, StorageUnavailable, Overloaded]],
        "getReadiness" => &[&[TooManyRequests, StorageUnavailable, Draining]],
        "getDocument" | "getDocs" | "getMetrics" => &[&[TooManyRequests]],
        _ => &[],
    };
    Code::ALL.iter().copied().filter(|code| groups.iter().any(|group| group.contains(code))).collect()
}
