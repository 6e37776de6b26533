//! The port to attempts, codes and connections. Each method loads records, calls a function of the
//! domain, and writes what it returned.

use std::cmp::Reverse;
use std::sync::Arc;

use amo_connect_domain::authorization::attempt::{Attempt, AttemptReason, AttemptState};
use amo_connect_domain::authorization::budget::ATTEMPTS_OF_A_USER;
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

use crate::store::FileStore;

#[async_trait]
impl TokenStore for FileStore {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let attempt = attempt.clone();
        self.change(move |change| {
            let attempts = &mut change.records.attempts;
            let open = |other: &&Attempt| other.user == attempt.user && other.state == AttemptState::Open;
            let newest_first = attempts.iter().rev().filter(open).cloned().collect();
            for ended in Attempt::superseded(newest_first) {
                attempts.iter_mut().filter(|other| other.id == ended.id).for_each(|other| *other = ended.clone());
            }
            let past_open =
                attempts.iter().filter(|other| other.user == attempt.user && other.state != AttemptState::Open);
            let mut past_open: Vec<_> = past_open.map(|other| (other.opened_at, other.id)).collect();
            past_open.sort_by_key(|(opened_at, _)| Reverse(*opened_at));
            for (_, over) in past_open.into_iter().skip(ATTEMPTS_OF_A_USER) {
                attempts.retain(|other| other.id != over);
            }
            attempts.push(attempt);
            Ok(())
        })
        .await
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        self.read(move |records| Ok(records.attempts.iter().find(|attempt| attempt.id == id).cloned())).await
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        self.read(move |records| Ok(records.attempts.iter().find(|other| other.state_hash == state).cloned())).await
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        self.change(move |change| {
            let open = |other: &&mut Attempt| other.state_hash == state && other.state == AttemptState::Open;
            change.records.attempts.iter_mut().filter(open).for_each(|attempt| attempt.state = end);
            Ok(())
        })
        .await
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        let keys = Arc::clone(&self.keys);
        self.read(move |records| records.exchange(code).map(|sealed| sealed.open(&keys)).transpose()).await
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        let request = request.clone();
        self.change(move |mut change| {
            let (user, attempt) = match &request.origin {
                Origin::Attempt { id, user, .. } => (Some(user), Some(*id)),
                Origin::App { attempt, user, .. } => (Some(user), *attempt),
                Origin::Unsolicited => (None, None),
            };
            let records = &mut *change.records;
            let on_record = records.exchange(request.code).map(|sealed| sealed.open(change.keys)).transpose()?;
            let connection = user.and_then(|user| records.connections.get(user)).map(|row| &row.connection.record);
            let known = records.attempts.iter().find(|other| Some(other.id) == attempt);
            let admitted = Exchange::admit(on_record, &request, known, connection, owner, now, change.store_now);
            if let Admitted::Granted(granted) = &admitted
                && let Err(later) = change.take_from_budget(&request, granted, owner)
            {
                return Ok(Admitted::Later(later));
            }
            let mut attempt = change.records.attempts.iter_mut().find(|other| Some(other.id) == attempt);
            match &admitted {
                Admitted::Granted(exchange) => {
                    if let Some(attempt) = attempt.as_mut().filter(|attempt| exchange.attempt == Some(attempt.id)) {
                        attempt.state = AttemptState::Spent(exchange.code);
                    }
                    change.put_exchange(exchange.clone())?;
                }
                Admitted::OnRecord(exchange) => change.put_exchange(exchange.clone())?,
                Admitted::StateSpent | Admitted::Later(_) => {}
            }
            Ok(admitted)
        })
        .await
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        self.change(move |change| {
            let mut exchanges = change.records.exchanges.iter_mut();
            let sealed = exchanges.find(|sealed| sealed.record.code == code);
            Ok(sealed.is_some_and(|sealed| sealed.record.renew(owner, change.store_now)))
        })
        .await
    }

    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let (grant, served) = (grant.clone(), *served);
        self.change(move |mut change| {
            let sealed = change.records.exchange(code).ok_or(StoreError::Conflict)?;
            let mut exchange = sealed.open(change.keys)?;
            let connection = exchange.user.as_ref().map(|user| change.records.connection_or_new(user));
            if let Some(connection) = exchange.receive(grant, connection, now) {
                change.put(connection, None, Actor::Service)?;
            }
            change.put_exchange(exchange.clone())?;
            change.acquit(&served);
            Ok(exchange)
        })
        .await
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        let record = record.clone();
        self.change(move |mut change| match change.records.exchange(record.code) {
            Some(_) => Ok(()),
            None => change.put_exchange(record.restored()),
        })
        .await
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        self.change(move |mut change| {
            let mut exchange = change.records.exchange(code).ok_or(StoreError::Conflict)?.open(change.keys)?;
            exchange.end(owner, refused);
            change.put_exchange(exchange.clone())?;
            Ok(exchange)
        })
        .await
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        let user = user.clone();
        self.change(move |mut change| {
            let Some(sealed) = change.records.exchange(code) else {
                return Ok(Claim::Refused(ClaimRefusal::NotWaiting));
            };
            let mut exchange = sealed.open(change.keys)?;
            let claimed = exchange.claim(change.records.connection_or_new(&user), as_of, now);
            change.put_exchange(exchange)?;
            match claimed {
                Ok(connection) => change.put(connection, None, Actor::Service).map(|_| Claim::Connected),
                Err(refusal) => Ok(Claim::Refused(refusal)),
            }
        })
        .await
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let user = user.clone();
        self.read(move |records| Ok(records.exchanges.iter().any(|sealed| sealed.record.awaits(&user, now)))).await
    }

    async fn summary(&self, user: &UserId) -> Result<Option<ConnectionSummary>, StoreError> {
        let user = user.clone();
        self.read(move |records| Ok(records.connections.get(&user).map(|row| row.connection.record.summary()))).await
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        let (user, keys) = (user.clone(), Arc::clone(&self.keys));
        self.read(move |records| records.connections.get(&user).map(|row| row.connection.open(&keys)).transpose()).await
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        let connection = connection.clone();
        self.change(move |mut change| {
            let row = change.records.connections.get(&connection.user);
            if row.map(|row| row.connection.record.revision) != expected {
                return Err(StoreError::Conflict);
            }
            let lease = row.and_then(|row| row.lease).filter(|_| connection.grant().is_some());
            let revised = connection.stored_as(expected.unwrap_or_default());
            change.put(revised, lease, Actor::Service).map(|saved| saved.revision)
        })
        .await
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        let user = user.clone();
        self.change(move |mut change| {
            let mut connection = change.records.connection_or_new(&user);
            connection.disconnect();
            change.put(connection, None, by)?;
            let open = |other: &&mut Attempt| other.user == user && other.state == AttemptState::Open;
            for attempt in change.records.attempts.iter_mut().filter(open) {
                attempt.state = AttemptState::Failed(Some(AttemptReason::Disconnected));
            }
            let theirs =
                change.records.exchanges.iter_mut().filter(|sealed| sealed.record.user.as_ref() == Some(&user));
            theirs.for_each(|sealed| sealed.change(Exchange::void));
            Ok(())
        })
        .await
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let (user, request) = (user.clone(), *request);
        self.change(move |change| {
            let (records, store_now) = (change.records, change.store_now);
            let client = records.client(request.client);
            let Some(row) = records.connections.get_mut(&user) else { return Ok(RefreshRequest::Outdated) };
            let connection = &row.connection.record;
            if connection.generation != request.generation || connection.grant().is_none() {
                return Ok(RefreshRequest::Outdated);
            }
            row.lease = row.lease.map(|lease| lease.seen_at(store_now));
            let backs_off_until = connection.refresh_backs_off_until(store_now);
            let lease = match RefreshLease::request(row.lease, &request, &client, backs_off_until, store_now) {
                LeaseDecision::Held => return Ok(RefreshRequest::Held),
                LeaseDecision::BackingOff(until) => return Ok(RefreshRequest::BackingOff(until)),
                LeaseDecision::Granted(lease) => lease,
            };
            let Ok(opened) = row.connection.open(change.keys) else {
                row.lease = Some(lease.set_aside(store_now));
                return Ok(RefreshRequest::Unreadable);
            };
            records.audit.extend(AuditEntry::of_lease(connection, row.lease.as_ref(), &lease, store_now));
            row.lease = Some(lease);
            Ok(RefreshRequest::Granted(Box::new(opened), lease))
        })
        .await
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        let user = user.clone();
        self.change(move |change| {
            let Some((row, held)) = change.records.leased(&user, owner) else { return Ok(false) };
            row.lease = Some(held.renewed(change.store_now));
            Ok(true)
        })
        .await
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        let (user, backoff) = (user.clone(), *backoff);
        self.change(move |change| {
            let (records, store_now) = (change.records, change.store_now);
            let client = backoff.accused.map(|client| records.client(client)).unwrap_or_default();
            let Some((row, held)) = records.leased(&user, owner) else { return Ok(None) };
            let rested = held.backed_off(&backoff, &client, store_now);
            row.lease = Some(rested);
            let doubt = AuditEntry::of_lease(&row.connection.record, Some(&held), &rested, store_now);
            records.audit.extend(doubt);
            if let Some(accused) = backoff.accused {
                records.put_client(accused, client.accused(store_now));
            }
            Ok(Some(rested))
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
        self.change(move |mut change| {
            let mut connection = change.records.connection_or_new(&user);
            connection.rotate(spent, pair, now).or(Err(StoreError::Conflict))?;
            change.acquit(&served);
            change.put(connection, None, Actor::Service)
        })
        .await
    }
}
