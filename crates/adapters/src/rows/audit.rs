//! An entry of the audit trail as a row.

use amo_connect_domain::connection::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::host::AccountHost;
use async_trait::async_trait;
use diesel::prelude::*;

use super::columns::{time, user};
use super::failure::Failure;
use super::grant::{account, account_column};
use super::schema::audit;

/// A row of `audit`, except its number.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(
    table_name = audit,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct AuditRow {
    at: i64,
    user_id: Vec<u8>,
    actor: String,
    event: String,
    reason: Option<String>,
    host: Option<String>,
    account_id: Option<i64>,
}

/// The rows of `audit`.
#[async_trait]
pub(crate) trait AuditRows: Send {
    async fn insert_audit(&mut self, row: &AuditRow) -> Result<(), Failure>;
    /// The newest first.
    async fn audit(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<AuditRow>, Failure>;
    /// Deletes those that are older. As [`AttemptRows::forget_attempts`](super::attempt::AttemptRows::forget_attempts).
    async fn forget_audit(&mut self, micros: i64, limit: i64) -> Result<usize, Failure>;
}

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        let (event, reason) = entry.event.codes();
        Self {
            at: entry.at.as_microsecond(),
            user_id: entry.user.as_str().as_bytes().to_vec(),
            actor: entry.actor.code().to_owned(),
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
        let event = AuditEvent::from_codes(&row.event, row.reason.as_deref());
        let actor = Actor::from_code(&row.actor);
        Ok(Self {
            at: time(row.at)?,
            user: user(row.user_id)?,
            actor: actor.ok_or(Failure::Corrupt("an audit entry's actor is unknown"))?,
            event: event.ok_or(Failure::Corrupt("an audit entry's event is unknown"))?,
            host: row.host.map(AccountHost::stored),
            account: row.account_id.map(account),
        })
    }
}
