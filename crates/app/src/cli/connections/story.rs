//! A connection and its story, in JSON and in words.

use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::AuditEntry;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::UserId;
use amo_connect_domain::usecase::ConnectionStatus;
use serde_json::{Value, json};

use crate::cli::table;
use crate::handlers::connection::Status;

/// The columns of a connection, in JSON and in the table.
const COLUMNS: [&str; 7] = ["user", "state", "domain", "accountId", "problem", "connectedAt", "lastRefreshedAt"];

/// A user's connection, in the words of `GET /status`.
pub(super) fn row(user: &UserId, connection: Option<&CrmConnection>) -> Value {
    let connection = connection.map(CrmConnection::summary);
    let status = json!(Status::of(&ConnectionStatus { connection, awaits_claim: false }));
    json!({
        "user": user.as_str(),
        "state": status["state"],
        "domain": status["domain"],
        "accountId": status["accountId"],
        "problem": status["problem"],
        "connectedAt": status["connectedAt"],
        "lastRefreshedAt": status["lastRefreshedAt"],
    })
}

/// A connection whose row cannot be read, to the account that `last`, the end of its story, names.
pub(super) fn unreadable(user: &UserId, why: &str, last: Option<&AuditEntry>) -> Value {
    let domain = last.and_then(|entry| entry.host.as_ref()).map_or("", AccountHost::as_str);
    let account = last.and_then(|entry| entry.account).map_or_else(String::new, |account| account.to_string());
    json!({
        "user": user.as_str(), "state": "unreadable", "domain": domain, "accountId": account,
        "problem": { "code": "unreadable", "since": null, "detail": why },
        "connectedAt": null, "lastRefreshedAt": null,
    })
}

/// An entry of the audit trail.
pub(super) fn entry(entry: &AuditEntry) -> Value {
    let (event, reason) = entry.event.codes();
    json!({
        "at": entry.at.to_string(),
        "actor": entry.actor.code(),
        "event": event,
        "reason": reason,
        "domain": entry.host.as_ref().map(AccountHost::as_str),
        "accountId": entry.account.map(|account| account.to_string()),
    })
}

/// Connections as a table.
pub(super) fn table(rows: &[Value]) -> String {
    table::table(COLUMNS, rows.iter().map(|row| COLUMNS.map(|name| cell(&row[name]))))
}

/// A connection with its story.
pub(super) fn tell(told: &Value) -> String {
    let facts = COLUMNS.map(|name| format!("{name:16} {}", cell(&told[name])).trim_end().to_owned());
    let audit = part(&told["audit"], "What happened", ["at", "event", "reason", "actor", "domain"]);
    let attempts = part(&told["attempts"], "Attempts of the last 24 hours", ["at", "state", "detail"]);
    let exchanges = part(&told["exchanges"], "Codes of the last 24 hours", ["at", "state", "detail", "domain"]);
    [facts.join("\n"), audit, attempts, exchanges].join("\n\n")
}

/// A part of a story under its heading.
fn part<const N: usize>(rows: &Value, heading: &str, columns: [&str; N]) -> String {
    match rows.as_array() {
        Some(rows) if !rows.is_empty() => {
            let rows = rows.iter().map(|row| columns.map(|name| cell(&row[name])));
            format!("{heading}:\n{}", table::table(columns, rows))
        }
        _ => format!("{heading}: none"),
    }
}

/// A value for a terminal, which must not be told what to do by a user's id.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => table::shown(text),
        Value::Object(problem) => {
            let [code, since, detail] =
                ["code", "since", "detail"].map(|name| problem.get(name).and_then(Value::as_str));
            let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
            format!("{}{since}", table::shown(detail.or(code).unwrap_or_default()))
        }
        other => other.to_string(),
    }
}
