//! The clock that leases are judged by: the server's.

use std::fmt;
use std::sync::Arc;

use diesel::data_types::PgTimestamp;
use diesel::{QueryResult, define_sql_function};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use jiff::{SignedDuration, Timestamp};

use crate::rows::Failure;

/// PostgreSQL counts microseconds from the beginning of 2000.
const EPOCH: i64 = 946_684_800_000_000;

define_sql_function! {
    /// The time now, and not when the transaction began.
    fn clock_timestamp() -> diesel::sql_types::Timestamptz;
}

/// How far the store's clock is from the server's; a test may move it.
#[derive(Clone)]
pub struct ClockShift(Arc<dyn Fn() -> SignedDuration + Send + Sync>);

impl ClockShift {
    /// The server's clock as it is.
    pub fn none() -> Self {
        Self::new(|| SignedDuration::ZERO)
    }

    /// Another clock, so far from the server's.
    pub fn new(shift: impl Fn() -> SignedDuration + Send + Sync + 'static) -> Self {
        Self(Arc::new(shift))
    }

    /// The time, to the microsecond, as it is stored.
    pub(super) async fn now(&self, connection: &mut AsyncPgConnection) -> Result<Timestamp, Failure> {
        let now: QueryResult<PgTimestamp> = diesel::select(clock_timestamp()).get_result(connection).await;
        self.shifted(now?)
    }

    /// The store's time when the server's was `now`.
    pub(super) fn shifted(&self, now: PgTimestamp) -> Result<Timestamp, Failure> {
        let shift = i64::try_from((self.0)().as_micros()).unwrap_or_default();
        let micros = now.0.saturating_add(EPOCH).saturating_add(shift);
        Timestamp::from_microsecond(micros).or(Err(Failure::Corrupt("the server's time is out of range")))
    }
}

impl fmt::Debug for ClockShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockShift")
    }
}
