//! The ports to the store, and what the checker sees of each operation.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::connection::import::{Import, ImportRecord, NotImported};
use amo_connect_domain::connection::{ConnectionSummary, CrmConnection, Grant, Standing};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, LookUpDecision};
use amo_connect_domain::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{
    AuditLog, Claim, HostLookUpStore, ImportStore, Maintenance, RefreshRequest, RevocationQueue, Served, StoreError,
    StoreHealth, TokenStore,
};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, RefreshTokenHash, StateHash, TokenPair};
use async_trait::async_trait;
use jiff::Timestamp;

use super::ModelStore;
use crate::crm::pair_of;
use crate::invariants::Secret;
use crate::observe::{code_id, has_room, saw_code, saw_row, saw_voided};
use crate::setup::number_of;
use crate::world::World;

#[async_trait]
impl TokenStore for ModelStore {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.plain_call("open_attempt", self.rows.open_attempt(attempt)).await
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        self.plain_call("attempt", self.rows.attempt(id)).await
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        self.plain_call("attempt_by_state", self.rows.attempt_by_state(state)).await
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        self.plain_call("close_attempt", self.rows.close_attempt(state, end)).await
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        self.plain_call("exchange", self.rows.exchange(code)).await
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        let home = self.home;
        let seen = |world: &World, outcome: &Result<Admitted, StoreError>| {
            match (outcome, request.caller) {
                (Ok(Admitted::Granted(_)), Some(network)) => {
                    let (code, host) = ((request.code, owner), request.host.clone());
                    world.checker().stranger_admitted(code, network, host, world.now());
                }
                (Ok(Admitted::Granted(_)), None) => world.checker().stranger_settled(request.code),
                (Ok(Admitted::Later(_)), None) => {
                    let has_room = has_room(world, request);
                    world.checker().users_code_refused(has_room);
                }
                _ => {}
            }
            if let (Ok(Admitted::Granted(record)), Some(code)) = (outcome, code_id(world, request.code)) {
                world.checker().admitted(code, record.attempt.is_some());
                world.checker().lease_granted(Secret::Code(code), owner, home, world.now());
            }
        };
        self.call("admit_code", self.rows.admit_code(request, owner, now), seen).await
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        self.call("renew_code_lease", self.rows.renew_code_lease(code, owner), |world, outcome| {
            if matches!(outcome, Ok(true)) {
                world.checker().lease_renewed(owner, world.now());
            }
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
        let operation = self.rows.save_grant(code, grant, served, now);
        self.call("save_grant", operation, |world, outcome| {
            if outcome.is_ok() {
                world.checker().stranger_settled(code);
            }
            saw_code(world, code, "save_grant");
            // Its grant may not be needed: the code is spent in any case.
            if let (Ok(_), Some(code)) = (outcome, code_id(world, code)) {
                world.checker().spent(Secret::Code(code));
            }
        })
        .await
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        self.plain_call("restore_exchange", self.rows.restore_exchange(record)).await
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        self.call("end_exchange", self.rows.end_exchange(code, owner, refused), |world, outcome| {
            if outcome.is_ok() {
                world.checker().code_ended(owner);
            }
        })
        .await
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        self.call("claim", self.rows.claim(code, user, as_of, now), |world, _| {
            saw_code(world, code, "claim");
            saw_row(world, user, "claim");
        })
        .await
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        self.plain_call("awaits_claim", self.rows.awaits_claim(user, now)).await
    }

    async fn summary(&self, user: &UserId) -> Result<Option<ConnectionSummary>, StoreError> {
        self.plain_call("summary", self.rows.summary(user)).await
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        self.plain_call("connection", self.rows.connection(user)).await
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        let operation = self.rows.save(connection, expected);
        self.call("save", operation, |world, _| saw_row(world, &connection.user, "save")).await
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        let begun = self.world.now();
        self.call("disconnect", self.rows.disconnect(user, by), |world, outcome| {
            if outcome.is_ok() {
                world.checker().disconnected(number_of(user), begun);
                saw_row(world, user, "disconnect");
                saw_voided(world);
            }
        })
        .await
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let (home, owner, by_hand) = (self.home, request.owner, request.by_hand);
        let seen = |world: &World, outcome: &Result<RefreshRequest, StoreError>| {
            let Ok(RefreshRequest::Granted(connection, _)) = outcome else { return };
            if let Some(pair) = connection.grant().and_then(|grant| pair_of(&grant.tokens.refresh)) {
                if by_hand {
                    world.checker().backoff_ended_by_hand(Secret::Token(pair), world.now());
                }
                world.checker().lease_granted(Secret::Token(pair), owner, home, world.now());
            }
        };
        self.call("lease_refresh", self.rows.lease_refresh(user, request), seen).await
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        self.call("renew_refresh_lease", self.rows.renew_refresh_lease(user, owner), |world, outcome| {
            if matches!(outcome, Ok(true)) {
                world.checker().lease_renewed(owner, world.now());
            }
        })
        .await
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        // An accusation ends as soon as another connection is served.
        let (Backoff { in_doubt, pause, .. }, accused) = (*backoff, backoff.accused.is_some());
        self.call("back_off_refresh", self.rows.back_off_refresh(user, owner, backoff), |world, outcome| {
            if outcome.is_ok() {
                let pause = if accused { Duration::ZERO } else { pause };
                world.checker().lease_backed_off(owner, in_doubt, pause, world.now());
                world.ring();
            }
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
        let operation = self.rows.save_rotated(user, spent, pair, served, now);
        let saved = self.call("save_rotated", operation, |world, _| saw_row(world, user, "save_rotated")).await;
        self.rows.saved(saved)
    }
}

#[async_trait]
impl HostLookUpStore for ModelStore {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        self.call("request_look_up", self.rows.request_look_up(host, account), |world, outcome| {
            if let (Ok(LookUpDecision::Granted), Some(account)) = (outcome, account) {
                world.checker().look_up_granted(account, world.now());
            }
        })
        .await
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        self.plain_call("save_move", self.rows.save_move(host, moved_to)).await
    }
}

#[async_trait]
impl RevocationQueue for ModelStore {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.call("request_check", self.rows.request_check(account), |world, _| {
            world.checker().check_requested(account);
        })
        .await
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.call("take_checks", self.rows.take_checks(limit), |world, outcome| {
            if let Ok(taken) = outcome {
                world.checker().checks_taken(taken);
            }
        })
        .await
    }

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.call("extend_check", self.rows.extend_check(account), |_, _| {}).await
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.call("finish_check", self.rows.finish_check(account), |world, _| world.checker().check_finished(account))
            .await
    }
}

#[async_trait]
impl AuditLog for ModelStore {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.plain_call("audit", self.rows.audit(user, limit)).await
    }

    async fn attempts_of(&self, user: &UserId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        self.plain_call("attempts_of", self.rows.attempts_of(user, limit)).await
    }

    async fn exchanges_of(&self, user: &UserId, limit: u32) -> Result<Vec<Exchange>, StoreError> {
        self.plain_call("exchanges_of", self.rows.exchanges_of(user, limit)).await
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        self.plain_call("record", self.rows.record(connection, event, by)).await
    }
}

#[async_trait]
impl ImportStore for ModelStore {
    async fn import_record(&self, token: RefreshTokenHash) -> Result<Option<ImportRecord>, StoreError> {
        self.plain_call("import_record", self.rows.import_record(token)).await
    }

    async fn import(&self, import: &Import, now: Timestamp) -> Result<Result<CrmConnection, NotImported>, StoreError> {
        self.call("import", self.rows.import(import, now), |world, _| saw_row(world, &import.user, "import")).await
    }
}

#[async_trait]
impl Maintenance for ModelStore {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.plain_call("orphaned_refreshes", self.rows.orphaned_refreshes(limit)).await
    }

    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.plain_call("stale_connections", self.rows.stale_connections(issued_before, issued_after, limit)).await
    }

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.plain_call("acquitted_refreshes", self.rows.acquitted_refreshes(client, expired_by, limit)).await
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        self.plain_call("users_of", self.rows.users_of(account)).await
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        self.plain_call("users", self.rows.users(after, limit)).await
    }

    async fn standings(&self) -> Result<Vec<(Standing, u64)>, StoreError> {
        self.rows.standings().await
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        self.plain_call("sweep", self.rows.sweep(now, as_of)).await
    }
}

#[async_trait]
impl StoreHealth for ModelStore {
    async fn ready(&self) -> Result<Option<Timestamp>, StoreError> {
        self.plain_call("ready", self.rows.ready()).await
    }

    async fn beat(&self) -> Result<(), StoreError> {
        self.plain_call("beat", self.rows.beat()).await
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.plain_call("clock", self.rows.clock()).await
    }
}
