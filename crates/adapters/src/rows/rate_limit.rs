//! Rate limits as rows: one a line.

use amo_connect_domain::rate_limit::{BannedCaller, OpenCircuit, ProbeCallers, RateLimit};
use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::{needed, optional_time, time};
use super::failure::Failure;
use super::schema::turns;
use super::shares;

/// The integration's own line. No account host is called so.
pub(crate) const INTEGRATION: &str = "*";

/// A row of `turns`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = turns,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct RateLimitRow {
    pub(super) line: String,
    next_at: Option<i64>,
    ban_since: Option<i64>,
    ban_probe_at: Option<i64>,
    ban_probing: Option<bool>,
    ban_met: Option<i64>,
    put_off_for: Option<i64>,
    shares: Option<String>,
    unbanned_asked_at: Option<i64>,
    banned_asked_at: Option<i64>,
    banned_due_at: Option<i64>,
}

/// The rows of `turns`.
#[async_trait]
pub(crate) trait RateLimitRows: Send {
    /// Those of these lines that are there.
    async fn rate_limits(&mut self, names: [&str; 2]) -> Result<Vec<RateLimitRow>, Failure>;
    async fn put_rate_limit(&mut self, row: &RateLimitRow) -> Result<(), Failure>;
    /// How many accounts except this one have a ban that began after the one moment, and not after
    /// the other.
    async fn banned_accounts(&mut self, except: &str, after: i64, until: i64) -> Result<i64, Failure>;
    /// How many lines have a ban without a probe under way, and with one.
    async fn circuits(&mut self) -> Result<[i64; 2], Failure>;
    /// Deletes lines of which nothing is due later.
    async fn forget_lines(&mut self, micros: i64) -> Result<(), Failure>;
}

impl RateLimitRow {
    pub(super) fn new(name: &str, line: &RateLimit) -> Self {
        Self {
            line: name.to_owned(),
            next_at: line.next_at.map(Timestamp::as_microsecond),
            ban_since: line.circuit.map(|ban| ban.since.as_microsecond()),
            ban_probe_at: line.circuit.map(|ban| ban.probe_at.as_microsecond()),
            ban_probing: line.circuit.map(|ban| ban.probing),
            ban_met: line.circuit.map(|ban| ban.banned_probes.into()),
            put_off_for: line.next_at.filter(|_| line.is_delayed).map(Timestamp::as_microsecond),
            shares: shares::text(&line.shares),
            unbanned_asked_at: line.callers.unbanned_at.map(Timestamp::as_microsecond),
            banned_asked_at: line.callers.banned.map(|first| first.asked_at.as_microsecond()),
            banned_due_at: line.callers.banned.map(|first| first.due.as_microsecond()),
        }
    }
}

impl TryFrom<RateLimitRow> for RateLimit {
    type Error = Failure;

    fn try_from(row: RateLimitRow) -> Result<Self, Failure> {
        let ban = row.ban_since.map(|since| {
            Ok::<_, Failure>(OpenCircuit {
                since: time(since)?,
                probe_at: time(needed(row.ban_probe_at)?)?,
                probing: needed(row.ban_probing)?,
                banned_probes: needed(row.ban_met)?.try_into().or(Err(Failure::Corrupt("a count is out of range")))?,
            })
        });
        let banned = match (row.banned_due_at, row.banned_asked_at) {
            (Some(due), Some(asked_at)) => Some(BannedCaller { due: time(due)?, asked_at: time(asked_at)? }),
            _ => None,
        };
        let callers = ProbeCallers { unbanned_at: optional_time(row.unbanned_asked_at)?, banned };
        let shares = row.shares.as_deref().map(shares::read).unwrap_or_default();
        let is_delayed = row.put_off_for.is_some() && row.put_off_for == row.next_at;
        Ok(Self { next_at: optional_time(row.next_at)?, is_delayed, circuit: ban.transpose()?, shares, callers })
    }
}
