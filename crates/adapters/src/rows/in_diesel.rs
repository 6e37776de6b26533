//! The statements on rows, which every database understands.

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

                async fn late_grants(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure> {
                    let late = exchanges::state.eq(WAITING).and(exchanges::claim_by.le(micros));
                    let found = exchanges::table.filter(late).limit(limit).select(ExchangeRow::as_select());
                    Ok(found$($($locking)+)?.load(self.connection).await?)
                }

                async fn overlong_waits(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure> {
                    let overlong = exchanges::state.eq(WAITING).and(exchanges::claim_by.gt(micros));
                    let found = exchanges::table.filter(overlong).limit(limit).select(ExchangeRow::as_select());
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

                async fn forget_attempts(&mut self, micros: i64, limit: i64) -> Result<usize, Failure> {
                    let old = attempts::table.filter(attempts::opened_at.lt(micros)).limit(limit);
                    let old: Vec<Vec<u8>> = old.select(attempts::id)$($($locking)+)?.load(self.connection).await?;
                    let old = attempts::table.filter(attempts::id.eq_any(old));
                    Ok(diesel::delete(old).execute(self.connection).await?)
                }

                async fn forget_exchanges(&mut self, micros: i64, limit: i64) -> Result<usize, Failure> {
                    let nobodys = exchanges::state.ne(IN_FLIGHT).or(exchanges::lease_until.assume_not_null().lt(micros));
                    let old = exchanges::table.filter(exchanges::admitted_at.lt(micros)).filter(nobodys).limit(limit);
                    let old: Vec<Vec<u8>> = old.select(exchanges::code_hash)$($($locking)+)?.load(self.connection).await?;
                    let old = exchanges::table.filter(exchanges::code_hash.eq_any(old));
                    Ok(diesel::delete(old).execute(self.connection).await?)
                }

                async fn forget_audit(&mut self, micros: i64, limit: i64) -> Result<usize, Failure> {
                    let old = audit::table.filter(audit::at.lt(micros)).limit(limit);
                    let old: Vec<i64> = old.select(audit::id)$($($locking)+)?.load(self.connection).await?;
                    let old = audit::table.filter(audit::id.eq_any(old));
                    Ok(diesel::delete(old).execute(self.connection).await?)
                }

                async fn forget_looks(&mut self, store_now: i64, limit: i64) -> Result<usize, Failure> {
                    let over = looks::not_before.le(store_now).and(looks::wanted.eq(false)).and(looks::under_way.eq(false));
                    let over = looks::table.filter(over).limit(limit);
                    let over: Vec<i64> = over.select(looks::account_id)$($($locking)+)?.load(self.connection).await?;
                    let over = looks::table.filter(looks::account_id.eq_any(over));
                    Ok(diesel::delete(over).execute(self.connection).await?)
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

                async fn stale_connections(
                    &mut self,
                    issued: (i64, i64),
                    store_now: $crate::rows::StoreNow,
                    limit: i64,
                ) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
                    let $crate::rows::StoreNow { now, put_off_since } = store_now;
                    let free = connections::lease_until.is_null().or(connections::lease_until.le(now).assume_not_null());
                    let refused = connections::refused_since.assume_not_null();
                    let not_put_off = connections::refused_count
                        .is_null()
                        .or(connections::refused_count.assume_not_null().lt(2))
                        .or(refused.le(put_off_since))
                        .or(refused.gt(now));
                    let aged = connections::issued_at.lt(issued.0).or(connections::issued_at.gt(issued.1));
                    let found = connections::table
                        .filter(aged.and(connections::state.eq(CONNECTED)))
                        .filter(free)
                        .filter(not_put_off)
                        .order(connections::issued_at)
                        .limit(limit);
                    Ok(found.select((connections::user_id, connections::generation)).load(self.connection).await?)
                }

                async fn users_of(&mut self, account_id: i64) -> Result<Vec<Vec<u8>>, Failure> {
                    let refused = connections::reauth_reason.eq(ReauthReason::GrantRevoked.word()).assume_not_null();
                    let found = connections::table
                        .filter(connections::account_id.eq(account_id))
                        .filter(connections::state.eq(CONNECTED).or(refused))
                        .order(connections::user_id);
                    Ok(found.select(connections::user_id).load(self.connection).await?)
                }

                async fn users(&mut self, after: &[u8], limit: i64) -> Result<Vec<Vec<u8>>, Failure> {
                    let found = connections::table.filter(connections::user_id.gt(after));
                    let found = found.order(connections::user_id).limit(limit);
                    Ok(found.select(connections::user_id).load(self.connection).await?)
                }

                async fn acquitted_refreshes(
                    &mut self,
                    acquitted: $crate::rows::Acquitted<'_>,
                    expired_by: i64,
                    limit: i64,
                ) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
                    let accused = connections::accused_client.is_not_null();
                    let resting = connections::lease_owner.is_null().and(connections::lease_in_doubt.eq(false).assume_not_null());
                    let current = connections::lease_for.eq(connections::lease_until).assume_not_null();
                    let by_others = connections::accused_client.ne(acquitted.client).assume_not_null();
                    let over = connections::accused_last
                        .lt(acquitted.served)
                        .assume_not_null()
                        .or(by_others.and(acquitted.others.into_sql::<diesel::sql_types::Bool>()));
                    let found = connections::table
                        .filter(accused.and(connections::state.eq(CONNECTED)).and(resting))
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
                    Ok(found$($($locking)+)?.load(self.connection).await?)
                }

                async fn overlong_looks(&mut self, not_before: i64, limit: i64) -> Result<Vec<LookRow>, Failure> {
                    let found = looks::table.filter(looks::not_before.gt(not_before)).limit(limit);
                    Ok(found.select(LookRow::as_select())$($($locking)+)?.load(self.connection).await?)
                }

                async fn client(&mut self, client: &[u8]) -> Result<Option<ClientRow>, Failure> {
                    let found = clients::table.find(client).select(ClientRow::as_select());
                    Ok(found.first(self.connection).await.optional()?)
                }

                async fn put_client(&mut self, row: &ClientRow) -> Result<(), Failure> {
                    diesel::insert_into(clients::table)
                        .values(row)
                        .on_conflict(clients::client)
                        .do_update()
                        .set(row)
                        .execute(self.connection)
                        .await?;
                    Ok(())
                }

                async fn host_look_up(&mut self, subject: &str) -> Result<Option<HostLookUpRow>, Failure> {
                    let found = host_look_ups::table.find(subject).select(HostLookUpRow::as_select());
                    Ok(found.first(self.connection).await.optional()?)
                }

                async fn put_host_look_up(&mut self, row: &HostLookUpRow) -> Result<(), Failure> {
                    diesel::insert_into(host_look_ups::table)
                        .values(row)
                        .on_conflict(host_look_ups::subject)
                        .do_update()
                        .set(row)
                        .execute(self.connection)
                        .await?;
                    Ok(())
                }

                async fn forget_host_look_ups(&mut self, store_now: i64, moved: i64, limit: i64) -> Result<usize, Failure> {
                    let over = host_look_ups::found_host.is_null().or(host_look_ups::not_before.le(moved));
                    let over = over.and(host_look_ups::not_before.le(store_now));
                    let old = host_look_ups::table.filter(over).limit(limit).select(host_look_ups::subject);
                    let old: Vec<String> = old$($($locking)+)?.load(self.connection).await?;
                    let old = host_look_ups::table.filter(host_look_ups::subject.eq_any(old));
                    Ok(diesel::delete(old).execute(self.connection).await?)
                }

                async fn look(&mut self, account_id: i64) -> Result<Option<LookRow>, Failure> {
                    let found = looks::table.find(account_id).select(LookRow::as_select());
                    Ok(found.first(self.connection).await.optional()?)
                }

                async fn due_looks(&mut self, store_now: i64, limit: i64) -> Result<Vec<i64>, Failure> {
                    let due = looks::not_before.le(store_now).and(looks::wanted.or(looks::under_way));
                    let found = looks::table.filter(due).order(looks::not_before).limit(limit);
                    Ok(found.select(looks::account_id).load(self.connection).await?)
                }

                async fn put_look(&mut self, row: &LookRow) -> Result<(), Failure> {
                    diesel::insert_into(looks::table)
                        .values(row)
                        .on_conflict(looks::account_id)
                        .do_update()
                        .set(row)
                        .execute(self.connection)
                        .await?;
                    Ok(())
                }

                async fn insert_audit(&mut self, row: &AuditRow) -> Result<(), Failure> {
                    diesel::insert_into(audit::table).values(row).execute(self.connection).await?;
                    Ok(())
                }

                async fn audit(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<AuditRow>, Failure> {
                    let found = audit::table.filter(audit::user_id.eq(user_id)).order(audit::id.desc()).limit(limit);
                    Ok(found.select(AuditRow::as_select()).load(self.connection).await?)
                }
            }
        };
    };
}
pub(crate) use rows_in_diesel;
