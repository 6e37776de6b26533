//! An entry of the audit trail as a row.

use amo_connect_domain::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::host::AccountHost;
use diesel::prelude::*;

use super::columns::{needed, time, user, words};
use super::connection::{problem, problem_word, reauth, reauth_word};
use super::failure::Failure;
use super::grant::{account, account_column};
use super::schema::audit;

words! { Actor, actor_word, actor, "an audit entry's actor is unknown":
    Actor::User = "user",
    Actor::Amo = "amocrm",
    Actor::Administrator = "administrator",
    Actor::Operator = "operator",
    Actor::Service = "service",
}

/// A row of `audit`, but for its number.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct AuditRow {
    at: i64,
    user_id: Vec<u8>,
    actor: String,
    event: String,
    reason: Option<String>,
    host: Option<String>,
    account_id: Option<i64>,
}

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        let (event, reason) = match entry.event {
            AuditEvent::Connected => ("connected", None),
            AuditEvent::Replaced => ("replaced", None),
            AuditEvent::Disconnected => ("disconnected", None),
            AuditEvent::Doubted => ("doubted", None),
            AuditEvent::NeedsReauth(reason) => ("needs_reauth", Some(reauth_word(reason))),
            AuditEvent::Revoked => ("revoked", None),
            AuditEvent::Healed => ("healed", None),
            AuditEvent::ProblemBegan(code) => ("problem_began", Some(problem_word(code))),
            AuditEvent::ProblemEnded(code) => ("problem_ended", Some(problem_word(code))),
            AuditEvent::Moved => ("moved", None),
            AuditEvent::Kept => ("kept", None),
        };
        Self {
            at: entry.at.as_microsecond(),
            user_id: entry.user.as_str().as_bytes().to_vec(),
            actor: actor_word(entry.actor).to_owned(),
            event: event.to_owned(),
            reason: reason.map(str::to_owned),
            host: entry.host.as_ref().map(|host| host.as_str().to_owned()),
            account_id: entry.account.map(account_column),
        }
    }
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = Failure;

    fn try_from(row: AuditRow) -> Result<Self, Failure> {
        let event = match row.event.as_str() {
            "connected" => AuditEvent::Connected,
            "replaced" => AuditEvent::Replaced,
            "disconnected" => AuditEvent::Disconnected,
            "doubted" => AuditEvent::Doubted,
            "needs_reauth" => AuditEvent::NeedsReauth(reauth(&needed(row.reason)?)?),
            "revoked" => AuditEvent::Revoked,
            "healed" => AuditEvent::Healed,
            "problem_began" => AuditEvent::ProblemBegan(problem(&needed(row.reason)?)?),
            "problem_ended" => AuditEvent::ProblemEnded(problem(&needed(row.reason)?)?),
            "moved" => AuditEvent::Moved,
            "kept" => AuditEvent::Kept,
            _ => return Err(Failure::Corrupt("an audit entry's event is unknown")),
        };
        Ok(Self {
            at: time(row.at)?,
            user: user(row.user_id)?,
            actor: actor(&row.actor)?,
            event,
            host: row.host.map(AccountHost::stored),
            account: row.account_id.map(account),
        })
    }
}
