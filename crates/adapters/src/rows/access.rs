//! Reading and writing rows, in statements that every database understands.

use amo_connect_domain::ids::UserId;
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use jiff::Timestamp;

use super::attempt::AttemptRow;
use super::connection::{ConnectionRow, LeaseColumns};
use super::exchange::ExchangeRow;
use super::failure::Failure;

/// What a transaction of each database does in its own way.
#[async_trait]
pub(crate) trait Dialect: Send {
    /// The database's clock, now, and not when the transaction began.
    async fn clock(&mut self) -> Result<Timestamp, Failure>;

    /// Until the transaction ends, nobody else changes the record of this code, and what is
    /// read of it is current. Taken before any user's lock.
    async fn lock_code(&mut self, code: CodeHash) -> Result<(), Failure>;

    /// Until the transaction ends, nobody else changes this user's connection, attempts and
    /// exchanges, and what is read of them is current.
    async fn lock_user(&mut self, user: &UserId) -> Result<(), Failure>;
}

/// A row's primary key and its sealed tokens.
pub(crate) type SealedRow = (Vec<u8>, Vec<u8>);

/// The rows, within a transaction. [`rows_in_diesel!`] writes it for each database.
#[async_trait]
pub(crate) trait Rows: Dialect {
    async fn migrations(&mut self) -> Result<Vec<String>, Failure>;
    async fn beat(&mut self, micros: i64) -> Result<(), Failure>;

    async fn attempt(&mut self, id: &[u8]) -> Result<Option<AttemptRow>, Failure>;
    async fn attempt_by_state(&mut self, state_hash: &[u8]) -> Result<Option<AttemptRow>, Failure>;
    /// The newest first.
    async fn open_attempts(&mut self, user_id: &[u8]) -> Result<Vec<AttemptRow>, Failure>;
    async fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure>;
    async fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure>;

    async fn exchange(&mut self, code_hash: &[u8]) -> Result<Option<ExchangeRow>, Failure>;
    /// In the order of their keys, as everybody who changes several has them.
    async fn unsettled_exchanges(&mut self, user_id: &[u8]) -> Result<Vec<ExchangeRow>, Failure>;
    /// Locked, where the database locks rows; those that somebody else is changing are left out.
    async fn late_grants(&mut self, micros: i64) -> Result<Vec<ExchangeRow>, Failure>;
    async fn has_waiting_grant(&mut self, user_id: &[u8], micros: i64) -> Result<bool, Failure>;
    async fn put_exchange(&mut self, row: &ExchangeRow) -> Result<(), Failure>;

    async fn connection(&mut self, user_id: &[u8]) -> Result<Option<(ConnectionRow, LeaseColumns)>, Failure>;
    /// Leaves the lease as it is.
    async fn put_connection(&mut self, row: &ConnectionRow) -> Result<(), Failure>;
    async fn put_lease(&mut self, user_id: &[u8], lease: &LeaseColumns) -> Result<(), Failure>;

    /// How many connections and how many exchanges have sealed tokens.
    async fn count_sealed(&mut self) -> Result<(i64, i64), Failure>;
    /// Keys and sealed tokens, in the order of the keys.
    async fn sealed_connections(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure>;
    async fn sealed_exchanges(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure>;
    /// Changes nothing, and returns 0, if the tokens are not `old` any more.
    async fn replace_sealed_connection(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure>;
    async fn replace_sealed_exchange(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure>;

    /// Deletes attempts and exchanges that are older.
    async fn forget(&mut self, micros: i64) -> Result<(), Failure>;
}

/// Implements [`Rows`] for a type whose field `connection` is a diesel-async connection. Further
/// arguments are what a `SELECT` needs to lock its rows without waiting for any.
///
/// A macro, because diesel's types name the database: a generic function would have to repeat
/// each statement in its bounds.
macro_rules! rows_in_diesel {
    ($rows:ty $(, $($locking:tt)+)?) => {
        const _: () = {
            use $crate::rows::statements::*;

            #[async_trait::async_trait]
            impl $crate::rows::Rows for $rows {
                async fn migrations(&mut self) -> Result<Vec<String>, Failure> {
                    Ok(schema_migrations::table.select(schema_migrations::version).load(self.connection).await?)
                }

                async fn beat(&mut self, micros: i64) -> Result<(), Failure> {
                    diesel::insert_into(heartbeat::table)
                        .values((heartbeat::id.eq(1), heartbeat::beat_at.eq(micros)))
                        .on_conflict(heartbeat::id)
                        .do_update()
                        .set(heartbeat::beat_at.eq(micros))
                        .execute(self.connection)
                        .await?;
                    Ok(())
                }

                async fn attempt(&mut self, id: &[u8]) -> Result<Option<AttemptRow>, Failure> {
                    let found = attempts::table.find(id).select(AttemptRow::as_select());
                    Ok(found.first(self.connection).await.optional()?)
                }

                async fn attempt_by_state(&mut self, state_hash: &[u8]) -> Result<Option<AttemptRow>, Failure> {
                    let found =
                        attempts::table.filter(attempts::state_hash.eq(state_hash)).select(AttemptRow::as_select());
                    Ok(found.first(self.connection).await.optional()?)
                }

                async fn open_attempts(&mut self, user_id: &[u8]) -> Result<Vec<AttemptRow>, Failure> {
                    let open = attempts::user_id.eq(user_id).and(attempts::state.eq(OPEN));
                    let found = attempts::table.filter(open).order((attempts::opened_at.desc(), attempts::id));
                    Ok(found.select(AttemptRow::as_select()).load(self.connection).await?)
                }

                async fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure> {
                    diesel::insert_into(attempts::table).values(row).execute(self.connection).await?;
                    Ok(())
                }

                async fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure> {
                    diesel::update(row).set(row).execute(self.connection).await?;
                    Ok(())
                }

                async fn exchange(&mut self, code_hash: &[u8]) -> Result<Option<ExchangeRow>, Failure> {
                    let found = exchanges::table.find(code_hash).select(ExchangeRow::as_select());
                    Ok(found.first(self.connection).await.optional()?)
                }

                async fn unsettled_exchanges(&mut self, user_id: &[u8]) -> Result<Vec<ExchangeRow>, Failure> {
                    let unsettled = exchanges::user_id.eq(user_id).and(exchanges::state.eq_any(UNSETTLED));
                    let found = exchanges::table.filter(unsettled).order(exchanges::code_hash);
                    let found = found.select(ExchangeRow::as_select());
                    Ok(found.load(self.connection).await?)
                }

                async fn late_grants(&mut self, micros: i64) -> Result<Vec<ExchangeRow>, Failure> {
                    let late = exchanges::state.eq(WAITING).and(exchanges::claim_by.le(micros));
                    let found = exchanges::table.filter(late).select(ExchangeRow::as_select());
                    Ok(found$($($locking)+)?.load(self.connection).await?)
                }

                async fn has_waiting_grant(&mut self, user_id: &[u8], micros: i64) -> Result<bool, Failure> {
                    let waiting = exchanges::user_id.eq(user_id).and(exchanges::state.eq(WAITING));
                    let found = exchanges::table.filter(waiting).filter(exchanges::claim_by.gt(micros));
                    Ok(diesel::select(diesel::dsl::exists(found)).get_result(self.connection).await?)
                }

                async fn put_exchange(&mut self, row: &ExchangeRow) -> Result<(), Failure> {
                    diesel::insert_into(exchanges::table)
                        .values(row)
                        .on_conflict(exchanges::code_hash)
                        .do_update()
                        .set(row)
                        .execute(self.connection)
                        .await?;
                    Ok(())
                }

                async fn connection(
                    &mut self,
                    user_id: &[u8],
                ) -> Result<Option<(ConnectionRow, LeaseColumns)>, Failure> {
                    let columns = (ConnectionRow::as_select(), LeaseColumns::as_select());
                    let found = connections::table.find(user_id).select(columns);
                    Ok(found.first(self.connection).await.optional()?)
                }

                async fn put_connection(&mut self, row: &ConnectionRow) -> Result<(), Failure> {
                    diesel::insert_into(connections::table)
                        .values(row)
                        .on_conflict(connections::user_id)
                        .do_update()
                        .set(row)
                        .execute(self.connection)
                        .await?;
                    Ok(())
                }

                async fn put_lease(&mut self, user_id: &[u8], lease: &LeaseColumns) -> Result<(), Failure> {
                    diesel::update(connections::table.find(user_id)).set(lease).execute(self.connection).await?;
                    Ok(())
                }

                async fn count_sealed(&mut self) -> Result<(i64, i64), Failure> {
                    let sealed = connections::table.filter(connections::tokens.is_not_null());
                    let connections = sealed.count().get_result(self.connection).await?;
                    let sealed = exchanges::table.filter(exchanges::tokens.is_not_null());
                    Ok((connections, sealed.count().get_result(self.connection).await?))
                }

                async fn sealed_connections(
                    &mut self,
                    after: &[u8],
                    limit: i64,
                ) -> Result<Vec<$crate::rows::SealedRow>, Failure> {
                    let sealed = connections::table.filter(connections::tokens.is_not_null()).filter(connections::user_id.gt(after));
                    let found = sealed.order(connections::user_id).limit(limit);
                    Ok(found.select((connections::user_id, connections::tokens.assume_not_null())).load(self.connection).await?)
                }

                async fn replace_sealed_connection(
                    &mut self,
                    key: &[u8],
                    old: &[u8],
                    new: &[u8],
                ) -> Result<usize, Failure> {
                    let unchanged = connections::table.find(key).filter(connections::tokens.eq(old));
                    Ok(diesel::update(unchanged).set(connections::tokens.eq(new)).execute(self.connection).await?)
                }

                async fn sealed_exchanges(
                    &mut self,
                    after: &[u8],
                    limit: i64,
                ) -> Result<Vec<$crate::rows::SealedRow>, Failure> {
                    let sealed = exchanges::table.filter(exchanges::tokens.is_not_null()).filter(exchanges::code_hash.gt(after));
                    let found = sealed.order(exchanges::code_hash).limit(limit);
                    Ok(found.select((exchanges::code_hash, exchanges::tokens.assume_not_null())).load(self.connection).await?)
                }

                async fn replace_sealed_exchange(
                    &mut self,
                    key: &[u8],
                    old: &[u8],
                    new: &[u8],
                ) -> Result<usize, Failure> {
                    let unchanged = exchanges::table.find(key).filter(exchanges::tokens.eq(old));
                    Ok(diesel::update(unchanged).set(exchanges::tokens.eq(new)).execute(self.connection).await?)
                }

                async fn forget(&mut self, micros: i64) -> Result<(), Failure> {
                    let old = attempts::table.filter(attempts::opened_at.lt(micros));
                    diesel::delete(old).execute(self.connection).await?;
                    let old = exchanges::table.filter(exchanges::admitted_at.lt(micros));
                    diesel::delete(old).execute(self.connection).await?;
                    Ok(())
                }
            }
        };
    };
}
pub(crate) use rows_in_diesel;
