//! Statements on `turns`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::prepared::Prepared;
use crate::rows::rate_limit::{INTEGRATION, RateLimitRow, RateLimitRows};
use crate::rows::schema::turns;

#[async_trait]
impl RateLimitRows for Transaction<'_> {
    async fn rate_limits(&mut self, names: [&str; 2]) -> Result<Vec<RateLimitRow>, Failure> {
        let found = turns::table
            .filter(turns::line.eq(names[0]).or(turns::line.eq(names[1])))
            .select(RateLimitRow::as_select());
        Ok(found.load(self.connection).await?)
    }

    async fn put_rate_limit(&mut self, row: &RateLimitRow) -> Result<(), Failure> {
        let upsert = diesel::insert_into(turns::table).values(row).on_conflict(turns::line).do_update().set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn banned_accounts(&mut self, except: &str, after: i64, until: i64) -> Result<i64, Failure> {
        let others = turns::line.ne_all([except, INTEGRATION]);
        let recent = turns::ban_since.gt(after).and(turns::ban_since.le(until));
        let banned = turns::table.filter(recent).filter(others);
        Ok(banned.count().get_result(self.connection).await?)
    }

    async fn circuits(&mut self) -> Result<[i64; 2], Failure> {
        let mut counts = [0; 2];
        for (count, probing) in counts.iter_mut().zip([false, true]) {
            let banned = turns::table.filter(turns::ban_since.is_not_null().and(turns::ban_probing.eq(probing)));
            *count = banned.count().get_result(self.connection).await?;
        }
        Ok(counts)
    }

    async fn forget_lines(&mut self, micros: i64) -> Result<(), Failure> {
        let idle = turns::next_at.is_null().or(turns::next_at.assume_not_null().lt(micros));
        let free = turns::ban_probe_at.is_null().or(turns::ban_probe_at.assume_not_null().lt(micros));
        diesel::delete(turns::table.filter(idle).filter(free)).execute(self.connection).await?;
        Ok(())
    }
}
