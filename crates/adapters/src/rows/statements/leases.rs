//! Statements on the leases in `connections`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::connection::CONNECTED;
use crate::rows::failure::Failure;
use crate::rows::lease::{Acquitted, LeaseColumns, LeaseRows};
use crate::rows::prepared::Prepared;
use crate::rows::schema::connections;

#[async_trait]
impl LeaseRows for Transaction<'_> {
    async fn put_lease(&mut self, user_id: &[u8], lease: &LeaseColumns) -> Result<(), Failure> {
        Prepared(diesel::update(connections::table.find(user_id)).set(lease)).execute(self.connection).await?;
        Ok(())
    }

    async fn orphaned_refreshes(&mut self, store_now: i64, limit: i64) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
        let unknown = connections::lease_owner.is_not_null().or(connections::lease_in_doubt.eq(true));
        let found = connections::table
            .filter(connections::lease_until.le(store_now).and(connections::state.eq(CONNECTED)))
            .filter(unknown.assume_not_null())
            .order(connections::lease_until)
            .limit(limit);
        Ok(found.select((connections::user_id, connections::generation)).load(self.connection).await?)
    }

    async fn acquitted_refreshes(
        &mut self,
        acquitted: Acquitted<'_>,
        expired_by: i64,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
        let accused = connections::accused_client.is_not_null();
        let backed_off =
            connections::lease_owner.is_null().and(connections::lease_in_doubt.eq(false).assume_not_null());
        let current = connections::lease_for.eq(connections::lease_until).assume_not_null();
        let by_others = connections::accused_client.ne(acquitted.client).assume_not_null();
        let over = connections::accused_last
            .lt(acquitted.served)
            .assume_not_null()
            .or(by_others.and(acquitted.others.into_sql::<Bool>()));
        let found = connections::table
            .filter(accused.and(connections::state.eq(CONNECTED)).and(backed_off))
            .filter(current.and(connections::accused_account.eq(false).assume_not_null()))
            .filter(over)
            .filter(connections::expires_at.le(expired_by))
            .order(connections::expires_at)
            .limit(limit);
        Ok(found.select((connections::user_id, connections::generation)).load(self.connection).await?)
    }

    async fn overlong_leases(
        &mut self,
        owned_until: i64,
        until: i64,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, LeaseColumns)>, Failure> {
        let held = connections::lease_owner.is_not_null();
        let overlong = connections::lease_until.gt(owned_until).assume_not_null();
        let overlong = overlong.and(held.or(connections::lease_until.gt(until).assume_not_null()));
        let found = connections::table.filter(overlong).limit(limit);
        let found = found.select((connections::user_id, LeaseColumns::as_select()));
        Ok(locked!(found).load(self.connection).await?)
    }
}
