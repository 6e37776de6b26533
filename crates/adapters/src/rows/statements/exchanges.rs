//! Statements on `exchanges`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::exchange::{ExchangeRow, ExchangeRows, IN_FLIGHT, UNSETTLED, VOID, WAITING};
use crate::rows::failure::Failure;
use crate::rows::prepared::Prepared;
use crate::rows::schema::exchanges;

#[async_trait]
impl ExchangeRows for Transaction<'_> {
    async fn exchange(&mut self, code_hash: &[u8]) -> Result<Option<ExchangeRow>, Failure> {
        let found = exchanges::table.find(code_hash).select(ExchangeRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn void_exchanges(&mut self, user_id: &[u8]) -> Result<(), Failure> {
        let unsettled = exchanges::user_id.eq(user_id).and(exchanges::state.eq_any(UNSETTLED));
        let void = (
            exchanges::state.eq(VOID),
            exchanges::lease_owner.eq(None::<Vec<u8>>),
            exchanges::lease_until.eq(None::<i64>),
            exchanges::grant_host.eq(None::<String>),
            exchanges::account_id.eq(None::<i64>),
            exchanges::tokens.eq(None::<Vec<u8>>),
            exchanges::issued_at.eq(None::<i64>),
            exchanges::expires_at.eq(None::<i64>),
            exchanges::claim_by.eq(None::<i64>),
        );
        Prepared(diesel::update(exchanges::table.filter(unsettled)).set(void)).execute(self.connection).await?;
        Ok(())
    }

    async fn exchanges_of(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<ExchangeRow>, Failure> {
        let found = exchanges::table.filter(exchanges::user_id.eq(user_id));
        let found = found.order((exchanges::admitted_at.desc(), exchanges::code_hash)).limit(limit);
        Ok(found.select(ExchangeRow::as_select()).load(self.connection).await?)
    }

    async fn late_grants(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure> {
        let late = exchanges::state.eq(WAITING).and(exchanges::claim_by.le(micros));
        let found = exchanges::table.filter(late).limit(limit).select(ExchangeRow::as_select());
        Ok(locked!(found).load(self.connection).await?)
    }

    async fn overlong_waits(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure> {
        let overlong = exchanges::state.eq(WAITING).and(exchanges::claim_by.gt(micros));
        let found = exchanges::table.filter(overlong).limit(limit).select(ExchangeRow::as_select());
        Ok(locked!(found).load(self.connection).await?)
    }

    async fn codes_of(&mut self, user_id: &[u8], limit: usize) -> Result<Vec<(i64, String)>, Failure> {
        let found = exchanges::table.filter(exchanges::user_id.eq(user_id));
        let newest = found.order(exchanges::admitted_at.desc()).limit(i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(newest.select((exchanges::admitted_at, exchanges::state)).load(self.connection).await?)
    }

    async fn has_waiting_grant(&mut self, user_id: &[u8], micros: i64) -> Result<bool, Failure> {
        let waiting = exchanges::user_id.eq(user_id).and(exchanges::state.eq(WAITING));
        let found = exchanges::table.filter(waiting).filter(exchanges::claim_by.gt(micros));
        Ok(diesel::select(diesel::dsl::exists(found)).get_result(self.connection).await?)
    }

    async fn put_exchange(&mut self, row: &ExchangeRow) -> Result<(), Failure> {
        let upsert =
            diesel::insert_into(exchanges::table).values(row).on_conflict(exchanges::code_hash).do_update().set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn forget_exchanges(
        &mut self,
        admitted_before: i64,
        under_way_since: i64,
        limit: i64,
    ) -> Result<usize, Failure> {
        let nobodys = exchanges::state.ne(IN_FLIGHT).or(exchanges::lease_until.assume_not_null().lt(under_way_since));
        let old = exchanges::table.filter(exchanges::admitted_at.lt(admitted_before)).filter(nobodys).limit(limit);
        let old: Vec<Vec<u8>> = locked!(old.select(exchanges::code_hash)).load(self.connection).await?;
        let old = exchanges::table.filter(exchanges::code_hash.eq_any(old));
        Ok(diesel::delete(old).execute(self.connection).await?)
    }
}
