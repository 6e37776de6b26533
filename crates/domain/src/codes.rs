//! The stable codes of enums: in the database, in answers to the app and for operators. A code is
//! never changed; new ones are added.

use crate::authorization::attempt::AttemptReason;
use crate::connection::audit::{Actor, AuditEvent};
use crate::connection::{ProblemCode, ReauthReason};
use crate::crm::write::WriteField;
use crate::idempotency::WriteKind;
use crate::ports::{AmoError, CircuitChange, Endpoint};

/// Gives an enum its codes, and finds a variant by its code.
macro_rules! codes {
    ($type:ident: $($code:ident = $text:literal),+ $(,)?) => {
        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code),+];
            /// All codes.
            pub const CODES: &[&str] = &[$($text),+];

            /// The code for it.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$code => $text,)+
                }
            }

            /// The variant with this code, if there is one.
            pub fn from_code(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$code),)+
                    _ => None,
                }
            }
        }
    };
}

codes! { AttemptReason:
    CrmUnavailable = "crm_unavailable",
    StorageUnavailable = "storage_unavailable",
    InvalidCode = "invalid_code",
    InvalidAccountHost = "invalid_account_host",
    ClaimTimeout = "claim_timeout",
    Disconnected = "disconnected",
}

codes! { ReauthReason:
    GrantRevoked = "grant_revoked",
    RotationLost = "rotation_lost",
}

codes! { ProblemCode:
    ProviderBlocked = "provider_blocked",
    ProviderDown = "provider_down",
    RateLimited = "rate_limited",
    Misconfigured = "misconfigured",
    AccountRefused = "account_refused",
    PaymentRequired = "payment_required",
}

codes! { Actor:
    User = "user",
    Amo = "amocrm",
    Administrator = "administrator",
    Operator = "operator",
    Service = "service",
}

codes! { WriteKind:
    Lead = "lead",
    LeadChange = "lead_change",
    Note = "note",
    Task = "task",
    TaskChange = "task_change",
}

codes! { Endpoint:
    Exchange = "exchange",
    Refresh = "refresh",
    Locate = "locate",
    Account = "account",
    Users = "users",
    Leads = "leads",
    Lead = "lead",
    LeadNames = "lead_names",
    Notes = "notes",
    Tasks = "tasks",
    TasksOfLead = "tasks_of_lead",
    Events = "events",
    Contacts = "contacts",
    Pipelines = "pipelines",
    Note = "note",
    Task = "task",
    CreateLead = "create_lead",
    ChangeLead = "change_lead",
    CreateNote = "create_note",
    CreateTask = "create_task",
    ChangeTask = "change_task",
}

codes! { WriteField:
    Name = "name",
    GuestName = "guestName",
    GuestPhone = "guestPhone",
    GuestEmail = "guestEmail",
    Price = "price",
    Pipeline = "pipelineId",
    Stage = "stageId",
    ResponsibleUser = "responsibleUserId",
    LossReason = "lossReasonId",
    Tags = "tags",
    TagsToAdd = "tagsToAdd",
    TagsToRemove = "tagsToRemove",
    Text = "text",
    CompleteTill = "completeTill",
    TaskType = "typeId",
    IsCompleted = "isCompleted",
    Result = "result",
}

codes! { CircuitChange:
    Opened = "opened",
    HalfOpened = "half_opened",
    Closed = "closed",
}

impl AmoError {
    /// The code for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::GrantRevoked => "grant_revoked",
            Self::CodeRejected => "code_rejected",
            Self::AccessRefused => "access_refused",
            Self::Misconfigured => "misconfigured",
            Self::Refused { .. } => "refused",
            Self::Forbidden => "forbidden",
            Self::PaymentRequired => "payment_required",
            Self::NotFound => "not_found",
            Self::Moved => "moved",
            Self::Unreachable => "unreachable",
            Self::RateLimited { .. } => "rate_limited",
            Self::QueueFull { .. } => "queue_full",
            Self::PermitUnavailable => "permit_unavailable",
            Self::Blocked => "blocked",
            Self::Unavailable => "unavailable",
            Self::ConnectionLost => "connection_lost",
            Self::TimedOut => "timed_out",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Protocol => "protocol",
            Self::HostNotAllowed => "host_not_allowed",
        }
    }
}

impl AuditEvent {
    /// The codes for it: what happened and, where the event has one, the reason.
    pub fn codes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Connected => ("connected", None),
            Self::Replaced => ("replaced", None),
            Self::Disconnected => ("disconnected", None),
            Self::Doubted => ("doubted", None),
            Self::NeedsReauth(reason) => ("needs_reauth", Some(reason.code())),
            Self::Revoked => ("revoked", None),
            Self::Healed => ("healed", None),
            Self::ProblemBegan(code) => ("problem_began", Some(code.code())),
            Self::ProblemEnded(code) => ("problem_ended", Some(code.code())),
            Self::Moved => ("moved", None),
            Self::Kept => ("kept", None),
        }
    }

    /// The event with these codes, if there is one.
    pub fn from_codes(event: &str, reason: Option<&str>) -> Option<Self> {
        Some(match (event, reason) {
            ("connected", None) => Self::Connected,
            ("replaced", None) => Self::Replaced,
            ("disconnected", None) => Self::Disconnected,
            ("doubted", None) => Self::Doubted,
            ("needs_reauth", Some(reason)) => Self::NeedsReauth(ReauthReason::from_code(reason)?),
            ("revoked", None) => Self::Revoked,
            ("healed", None) => Self::Healed,
            ("problem_began", Some(code)) => Self::ProblemBegan(ProblemCode::from_code(code)?),
            ("problem_ended", Some(code)) => Self::ProblemEnded(ProblemCode::from_code(code)?),
            ("moved", None) => Self::Moved,
            ("kept", None) => Self::Kept,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows hold these codes: one that changed would make them unreadable.
    #[test]
    fn an_events_codes_are_read_as_the_event_they_were_written_for() {
        for codes in [
            ("connected", None),
            ("replaced", None),
            ("disconnected", None),
            ("doubted", None),
            ("needs_reauth", Some("grant_revoked")),
            ("needs_reauth", Some("rotation_lost")),
            ("revoked", None),
            ("healed", None),
            ("problem_began", Some("provider_blocked")),
            ("problem_began", Some("provider_down")),
            ("problem_began", Some("rate_limited")),
            ("problem_ended", Some("misconfigured")),
            ("problem_ended", Some("account_refused")),
            ("problem_ended", Some("payment_required")),
            ("moved", None),
            ("kept", None),
        ] {
            assert_eq!(AuditEvent::from_codes(codes.0, codes.1).map(AuditEvent::codes), Some(codes));
        }
        for (event, reason) in [("lost", None), ("needs_reauth", None), ("problem_began", Some("grant_revoked"))] {
            assert_eq!(AuditEvent::from_codes(event, reason), None, "{event}");
        }
    }

    #[test]
    fn a_reasons_code_is_read_as_the_reason_it_was_written_for() {
        for code in [
            "crm_unavailable",
            "storage_unavailable",
            "invalid_code",
            "invalid_account_host",
            "claim_timeout",
            "disconnected",
        ] {
            assert_eq!(AttemptReason::from_code(code).map(AttemptReason::code), Some(code));
        }
        assert_eq!(AttemptReason::from_code("mood"), None);
    }

    #[test]
    fn a_write_kinds_code_is_read_as_the_kind_it_was_written_for() {
        for code in ["lead", "lead_change", "note", "task", "task_change"] {
            assert_eq!(WriteKind::from_code(code).map(WriteKind::code), Some(code));
        }
        assert_eq!(WriteKind::from_code("contact"), None);
    }

    #[test]
    fn an_actors_code_is_read_as_the_actor_it_was_written_for() {
        for code in ["user", "amocrm", "administrator", "operator", "service"] {
            assert_eq!(Actor::from_code(code).map(Actor::code), Some(code));
        }
        assert_eq!(Actor::from_code("nobody"), None);
    }
}
