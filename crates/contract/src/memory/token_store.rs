//! [`TokenStore`] in memory. Each decision is the domain's.

use amo_connect_domain::authorization::attempt::{Attempt, AttemptReason, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, ClaimRefusal, Exchange, Origin};
use amo_connect_domain::connection::audit::{Actor, AuditEntry};
use amo_connect_domain::connection::{ConnectionSummary, CrmConnection, Grant};
use amo_connect_domain::ids::{AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{Claim, RefreshRequest, Served, StoreError, TokenStore};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseDecision, LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, StateHash, TokenPair};
use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryTokenStore;
use super::rows::Row;

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        let open = |other: &&Attempt| other.user == attempt.user && other.state == AttemptState::Open;
        let newest_first = rows.attempts.iter().rev().filter(open).cloned().collect();
        for superseded in Attempt::superseded(newest_first) {
            rows.attempts
                .iter_mut()
                .filter(|older| older.id == superseded.id)
                .for_each(|older| *older = superseded.clone());
        }
        rows.forget_attempts(&attempt.user);
        rows.attempts.push(attempt.clone());
        Ok(())
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        Ok(self.rows()?.attempts.iter().find(|attempt| attempt.id == id).cloned())
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        Ok(self.rows()?.attempts.iter().find(|attempt| attempt.state_hash == state).cloned())
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        let open = |attempt: &&mut Attempt| attempt.state_hash == state && attempt.state == AttemptState::Open;
        if let Some(attempt) = self.rows()?.attempts.iter_mut().find(open) {
            attempt.state = end;
        }
        Ok(())
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        Ok(self.rows()?.exchanges.get(&code).cloned())
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        let mut rows = self.rows()?;
        let (user, attempt) = match &request.origin {
            Origin::Attempt { id, user, .. } => (Some(user), Some(*id)),
            Origin::App { attempt, user, .. } => (Some(user), *attempt),
            Origin::Unsolicited => (None, None),
        };
        let admitted = Exchange::admit(
            rows.exchanges.get(&request.code).cloned(),
            request,
            rows.attempts.iter().find(|other| Some(other.id) == attempt),
            user.and_then(|user| rows.connections.get(user)).map(|row| &row.connection),
            owner,
            now,
            self.now(),
        );
        if let Admitted::Granted(exchange) = &admitted
            && let Err(later) = rows.take_from_budget(request, exchange, owner)
        {
            return Ok(Admitted::Later(later));
        }
        if let Admitted::Granted(exchange) = &admitted
            && let Some(attempt) = rows.attempts.iter_mut().find(|other| Some(other.id) == exchange.attempt)
        {
            attempt.state = AttemptState::Spent(exchange.code);
        }
        if let Admitted::OnRecord(exchange) | Admitted::Granted(exchange) = &admitted {
            rows.exchanges.insert(exchange.code, exchange.clone());
        }
        Ok(admitted)
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        Ok(self.rows()?.exchanges.get_mut(&code).is_some_and(|exchange| exchange.renew(owner, self.now())))
    }

    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let mut rows = self.rows()?;
        let mut exchange = rows.exchanges.get(&code).cloned().ok_or(StoreError::Conflict)?;
        let connection = exchange.user.as_ref().map(|user| rows.connection_or_new(user));
        if let Some(connection) = exchange.receive(grant.clone(), connection, now) {
            rows.put(connection, None, Actor::Service);
        }
        rows.exchanges.insert(code, exchange.clone());
        rows.acquit(served);
        Ok(exchange)
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        self.rows()?.exchanges.entry(record.code).or_insert_with(|| record.clone().restored());
        Ok(())
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        let mut rows = self.rows()?;
        let exchange = rows.exchanges.get_mut(&code).ok_or(StoreError::Conflict)?;
        exchange.end(owner, refused);
        Ok(exchange.clone())
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        let mut rows = self.rows()?;
        let Some(mut exchange) = rows.exchanges.get(&code).cloned() else {
            return Ok(Claim::Refused(ClaimRefusal::NotWaiting));
        };
        let claimed = exchange.claim(rows.connection_or_new(user), as_of, now);
        rows.exchanges.insert(code, exchange);
        Ok(match claimed {
            Ok(connection) => {
                rows.put(connection, None, Actor::Service);
                Claim::Connected
            }
            Err(refusal) => Claim::Refused(refusal),
        })
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.rows()?.exchanges.values().any(|exchange| exchange.awaits(user, now)))
    }

    async fn summary(&self, user: &UserId) -> Result<Option<ConnectionSummary>, StoreError> {
        Ok(self.rows()?.connections.get(user).map(|row| row.connection.summary()))
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        Ok(self.rows()?.connections.get(user).map(|row| row.connection.clone()))
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        let mut rows = self.rows()?;
        let row = rows.connections.get(&connection.user);
        if row.map(|row| row.connection.revision) != expected {
            return Err(StoreError::Conflict);
        }
        let lease = row.and_then(|row| row.lease).filter(|_| connection.grant().is_some());
        let revised = connection.clone().stored_as(expected.unwrap_or_default());
        Ok(rows.put(revised, lease, Actor::Service).revision)
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        let mut connection = rows.connection_or_new(user);
        connection.disconnect();
        rows.put(connection, None, by);
        for attempt in &mut rows.attempts {
            if attempt.user == *user && attempt.state == AttemptState::Open {
                attempt.state = AttemptState::Failed(Some(AttemptReason::Disconnected));
            }
        }
        rows.exchanges.values_mut().filter(|exchange| exchange.user.as_ref() == Some(user)).for_each(Exchange::void);
        Ok(())
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let (rows, store_now) = (&mut *self.rows()?, self.now());
        let client = rows.client_record(request.client);
        let usable =
            |row: &&mut Row| row.connection.generation == request.generation && row.connection.grant().is_some();
        let Some(row) = rows.connections.get_mut(user).filter(usable) else {
            return Ok(RefreshRequest::Outdated);
        };
        row.lease = row.lease.map(|lease| lease.seen_at(store_now));
        let delayed_until = row.connection.refresh_backs_off_until(store_now);
        Ok(match RefreshLease::request(row.lease, request, &client, delayed_until, store_now) {
            LeaseDecision::Held => RefreshRequest::Held,
            LeaseDecision::BackingOff(until) => RefreshRequest::BackingOff(until),
            LeaseDecision::Granted(lease) => {
                rows.audit.extend(AuditEntry::of_lease(&row.connection, row.lease.as_ref(), &lease, store_now));
                row.lease = Some(lease);
                RefreshRequest::Granted(Box::new(row.connection.clone()), lease)
            }
        })
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        let mut rows = self.rows()?;
        let Some((row, held)) = rows.leased(user, owner) else { return Ok(false) };
        row.lease = Some(held.renewed(self.now()));
        Ok(true)
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        let (mut rows, store_now) = (self.rows()?, self.now());
        let client = backoff.accused.map(|client| rows.client_record(client)).unwrap_or_default();
        let Some((row, held)) = rows.leased(user, owner) else { return Ok(None) };
        let rested = held.backed_off(backoff, &client, store_now);
        row.lease = Some(rested);
        let doubt = AuditEntry::of_lease(&row.connection, Some(&held), &rested, store_now);
        rows.audit.extend(doubt);
        if let Some(accused) = backoff.accused {
            rows.clients.insert(accused, client.accused(store_now));
        }
        Ok(Some(rested))
    }

    async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        let mut rows = self.rows()?;
        let mut connection = rows.connections.get(user).ok_or(StoreError::Conflict)?.connection.clone();
        connection.rotate(spent, pair.clone(), now).or(Err(StoreError::Conflict))?;
        rows.acquit(served);
        Ok(rows.put(connection, None, Actor::Service))
    }
}
