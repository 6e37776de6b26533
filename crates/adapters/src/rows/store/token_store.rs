//! The port for attempts, codes and connections.

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionSummary, CrmConnection, Grant};
use amo_connect_domain::ids::{AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{Claim, RefreshRequest, Served, StoreError, TokenStore};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, StateHash, TokenPair};
use async_trait::async_trait;
use jiff::Timestamp;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::{Durable, Erased};
use crate::rows::grant::Tokens;
use crate::rows::summary::SummaryRow;

#[async_trait]
impl<D: Database> TokenStore for Store<D> {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let (attempt, write) = (attempt.clone(), Durable.on(&attempt.user));
        self.database.transact(write, |session| Box::pin(session.open_attempt(attempt))).await
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        self.database.read(move |session| Box::pin(session.attempt(id))).await
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        self.database.read(move |session| Box::pin(session.attempt_by_state(state))).await
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        self.database.transact(Durable, move |session| Box::pin(session.close_attempt(state, end))).await
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        self.database.read(move |session| Box::pin(session.exchange(code))).await
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        let request = request.clone();
        self.database.transact(Durable.first(), move |session| Box::pin(session.admit_code(request, owner, now))).await
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        self.database.transact(Durable.first(), move |session| Box::pin(session.renew_code_lease(code, owner))).await
    }

    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let (grant, served) = (grant.clone(), *served);
        self.database
            .transact(Erased.first(), move |session| Box::pin(session.save_grant(code, grant, served, now)))
            .await
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        let record = record.clone();
        self.database.transact(Durable.first(), move |session| Box::pin(session.restore_exchange(record))).await
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        self.database
            .transact(Durable.first(), move |session| Box::pin(session.end_exchange(code, owner, refused)))
            .await
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        let user = user.clone();
        self.database.transact(Erased, move |session| Box::pin(session.claim(code, user, as_of, now))).await
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let user = user.clone();
        self.database.read(move |session| Box::pin(session.awaits_claim(user, now))).await
    }

    async fn summary(&self, user: &UserId) -> Result<Option<ConnectionSummary>, StoreError> {
        let row = self.summaries.get(user.clone()).await?;
        Ok(row.map(SummaryRow::open).transpose()?)
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        let row = self.connections.get(user.clone()).await?;
        Ok(row.map(|row| row.open(Tokens::Opened(self.database.keys()))).transpose()?)
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        let connection = connection.clone();
        let durability = if connection.grant().is_none() { Erased } else { Durable };
        let write = durability.on(&connection.user);
        self.database.transact(write, move |session| Box::pin(session.save(connection, expected))).await
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        // Somebody who has nothing to wipe may ask as often as they like, and SQLite's log is emptied after each wipe.
        let nobody = user.clone();
        let write = Durable.on(user);
        let done =
            self.database.transact(write, move |session| Box::pin(session.disconnect_without_tokens(nobody, by)));
        if done.await? {
            return Ok(());
        }
        let user = user.clone();
        self.database.transact(Erased.on(&user), move |session| Box::pin(session.disconnect(user, by))).await
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let (user, request) = (user.clone(), *request);
        self.database
            .transact(Durable.first().on(&user), move |session| Box::pin(session.lease_refresh(user, request)))
            .await
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        let user = user.clone();
        self.database
            .transact(Durable.first().on(&user), move |session| Box::pin(session.renew_refresh_lease(user, owner)))
            .await
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        let (user, backoff) = (user.clone(), *backoff);
        self.database
            .transact(Durable.first().on(&user), move |session| {
                Box::pin(session.back_off_refresh(user, owner, backoff))
            })
            .await
    }

    async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        let (user, pair, served) = (user.clone(), pair.clone(), *served);
        self.database
            .transact(Durable.first().on(&user), move |session| {
                Box::pin(session.save_rotated(user, spent, pair, served, now))
            })
            .await
    }
}
