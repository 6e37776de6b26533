//! Statements on `connections`.

use amo_connect_domain::connection::ReauthReason;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::connection::{CONNECTED, ConnectionRow, ConnectionRows, StoreNow};
use crate::rows::failure::Failure;
use crate::rows::lease::LeaseColumns;
use crate::rows::prepared::Prepared;
use crate::rows::schema::connections;
use crate::rows::standing::StandingRow;

#[async_trait]
impl ConnectionRows for Transaction<'_> {
    async fn connection(&mut self, user_id: &[u8]) -> Result<Option<(ConnectionRow, LeaseColumns)>, Failure> {
        let columns = (ConnectionRow::as_select(), LeaseColumns::as_select());
        let found = connections::table.find(user_id).select(columns);
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn put_connection(&mut self, row: &ConnectionRow) -> Result<(), Failure> {
        let upsert =
            diesel::insert_into(connections::table).values(row).on_conflict(connections::user_id).do_update().set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn put_connection_without_lease(&mut self, row: &ConnectionRow) -> Result<(), Failure> {
        let lease = LeaseColumns::default();
        let upsert = diesel::insert_into(connections::table)
            .values((row, &lease))
            .on_conflict(connections::user_id)
            .do_update()
            .set((row, &lease));
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn stale_connections(
        &mut self,
        issued: (i64, i64),
        store_now: StoreNow,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
        let StoreNow { now, backoff_since } = store_now;
        let free = connections::lease_until.is_null().or(connections::lease_until.le(now).assume_not_null());
        let (pairs, refused) =
            (connections::refused_count.assume_not_null(), connections::refused_since.assume_not_null());
        let [two, three, four, five, six, seven, more] = backoff_since;
        let is_over = (pairs.eq(2).and(refused.le(two)))
            .or(pairs.eq(3).and(refused.le(three)))
            .or(pairs.eq(4).and(refused.le(four)))
            .or(pairs.eq(5).and(refused.le(five)))
            .or(pairs.eq(6).and(refused.le(six)))
            .or(pairs.eq(7).and(refused.le(seven)))
            .or(refused.le(more));
        let not_backing_off = connections::refused_count.is_null().or(pairs.lt(2)).or(is_over).or(refused.gt(now));
        let aged = connections::issued_at.lt(issued.0).or(connections::issued_at.gt(issued.1));
        let found = connections::table
            .filter(aged.and(connections::state.eq(CONNECTED)))
            .filter(free)
            .filter(not_backing_off)
            .order(connections::issued_at)
            .limit(limit);
        Ok(found.select((connections::user_id, connections::generation)).load(self.connection).await?)
    }

    async fn users_of(&mut self, account_id: i64) -> Result<Vec<Vec<u8>>, Failure> {
        let refused = connections::reauth_reason.eq(ReauthReason::GrantRevoked.code()).assume_not_null();
        let found = connections::table
            .filter(connections::account_id.eq(account_id))
            .filter(connections::state.eq(CONNECTED).or(refused))
            .order(connections::user_id);
        Ok(found.select(connections::user_id).load(self.connection).await?)
    }

    async fn standings(&mut self) -> Result<Vec<StandingRow>, Failure> {
        let columns = (connections::state, connections::problem, connections::reauth_reason);
        let counted = connections::table.group_by(columns).select((columns, diesel::dsl::count_star()));
        let rows: Vec<((String, Option<String>, Option<String>), i64)> = counted.load(self.connection).await?;
        let row = |((state, problem, reason), count)| StandingRow { state, problem, reason, count };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn users(&mut self, after: &[u8], limit: i64) -> Result<Vec<Vec<u8>>, Failure> {
        let found = connections::table.filter(connections::user_id.gt(after));
        let found = found.order(connections::user_id).limit(limit);
        Ok(found.select(connections::user_id).load(self.connection).await?)
    }
}
