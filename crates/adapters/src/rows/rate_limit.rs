//! The store of rate limits as rows: one a line, and the port over them.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{CallOutcome, OpenCircuit, Pace, Probe, RateLimit, Reservation};
use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::{needed, optional_time, time};
use super::failure::Failure;
use super::schema::turns;
use super::store::{Database, Store};

/// The integration's own line. No account host is called so.
pub(crate) const INTEGRATION: &str = "*";

/// A row of `turns`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = turns, treat_none_as_null = true, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct LineRow {
    pub(super) line: String,
    next_at: Option<i64>,
    ban_since: Option<i64>,
    ban_probe_at: Option<i64>,
    ban_probing: Option<bool>,
    ban_met: Option<i64>,
    put_off_for: Option<i64>,
}

impl LineRow {
    pub(super) fn new(name: &str, line: &RateLimit) -> Self {
        Self {
            line: name.to_owned(),
            next_at: line.next_at.map(Timestamp::as_microsecond),
            ban_since: line.circuit.map(|ban| ban.since.as_microsecond()),
            ban_probe_at: line.circuit.map(|ban| ban.probe_at.as_microsecond()),
            ban_probing: line.circuit.map(|ban| ban.probing),
            ban_met: line.circuit.map(|ban| ban.met.into()),
            put_off_for: line.next_at.filter(|_| line.is_put_off).map(Timestamp::as_microsecond),
        }
    }
}

impl TryFrom<LineRow> for RateLimit {
    type Error = Failure;

    fn try_from(row: LineRow) -> Result<Self, Failure> {
        let ban = row.ban_since.map(|since| {
            Ok::<_, Failure>(OpenCircuit {
                since: time(since)?,
                probe_at: time(needed(row.ban_probe_at)?)?,
                probing: needed(row.ban_probing)?,
                met: needed(row.ban_met)?.try_into().or(Err(Failure::Corrupt("a count is out of range")))?,
            })
        });
        let is_put_off = row.put_off_for.is_some() && row.put_off_for == row.next_at;
        Ok(Self { next_at: optional_time(row.next_at)?, is_put_off, circuit: ban.transpose()? })
    }
}

#[async_trait]
impl<D: Database> RateLimitStore for Store<D> {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        let account = account.clone();
        self.database.jot(move |session| Box::pin(session.reserve(account, pace, longest_wait))).await
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.database.jot(move |session| Box::pin(session.record_outcome(account, call_outcome, probe))).await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.database.jot(|session| Box::pin(session.forget_turns())).await
    }
}

/// The rows of `turns`, within a transaction. [`turn_rows_in_diesel!`] writes it for each database.
#[async_trait]
pub(crate) trait TurnRows: Send {
    /// Those of these lines that are there.
    async fn lines(&mut self, names: [&str; 2]) -> Result<Vec<LineRow>, Failure>;
    async fn put_line(&mut self, row: &LineRow) -> Result<(), Failure>;
    /// How many accounts except this one have a ban that began after the one moment, and not after
    /// the other.
    async fn banned_accounts(&mut self, except: &str, after: i64, until: i64) -> Result<i64, Failure>;
    /// Deletes lines of which nothing is due later.
    async fn forget_lines(&mut self, micros: i64) -> Result<(), Failure>;
}

/// Implements [`TurnRows`] for a type whose field `connection` is a diesel-async connection.
macro_rules! turn_rows_in_diesel {
    ($rows:ty) => {
        const _: () = {
            use $crate::rows::statements::*;

            #[async_trait::async_trait]
            impl $crate::rows::TurnRows for $rows {
                async fn lines(&mut self, names: [&str; 2]) -> Result<Vec<LineRow>, Failure> {
                    let found = turns::table
                        .filter(turns::line.eq(names[0]).or(turns::line.eq(names[1])))
                        .select(LineRow::as_select());
                    Ok(found.load(self.connection).await?)
                }

                async fn put_line(&mut self, row: &LineRow) -> Result<(), Failure> {
                    diesel::insert_into(turns::table)
                        .values(row)
                        .on_conflict(turns::line)
                        .do_update()
                        .set(row)
                        .execute(self.connection)
                        .await?;
                    Ok(())
                }

                async fn banned_accounts(&mut self, except: &str, after: i64, until: i64) -> Result<i64, Failure> {
                    let others = turns::line.ne_all([except, INTEGRATION]);
                    let recent = turns::ban_since.gt(after).and(turns::ban_since.le(until));
                    let banned = turns::table.filter(recent).filter(others);
                    Ok(banned.count().get_result(self.connection).await?)
                }

                async fn forget_lines(&mut self, micros: i64) -> Result<(), Failure> {
                    let idle = turns::next_at.is_null().or(turns::next_at.assume_not_null().lt(micros));
                    let free = turns::ban_probe_at.is_null().or(turns::ban_probe_at.assume_not_null().lt(micros));
                    diesel::delete(turns::table.filter(idle).filter(free)).execute(self.connection).await?;
                    Ok(())
                }
            }
        };
    };
}
pub(crate) use turn_rows_in_diesel;
