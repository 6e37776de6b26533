//! What the checker sees of the rows after each operation of the store, and what an instance tells.

use std::fmt;
use std::sync::Arc;

use amo_connect_domain::authorization::budget::admits_another_code;
use amo_connect_domain::authorization::code::{Admission, Exchange, ExchangeStatus, Origin};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::{AuditLog as _, Event, Observer, TokenStore as _};
use amo_connect_domain::token::CodeHash;
use futures_util::FutureExt as _;

use crate::crm::{GrantId, code, pair_of};
use crate::invariants::Invariant;
use crate::setup::number_of;
use crate::world::World;

/// Who watches the instances.
pub(crate) struct ModelObserver(pub(crate) Arc<World>);

impl Observer for ModelObserver {
    fn observe(&self, event: &Event<'_>) {
        if let Event::LostPairSaved { user, saved, found } = event {
            self.0.checker().accuse(Invariant::FalseAlarm, || {
                format!("the store is said to have lost {saved:?} of {user}, and to have {found:?}")
            });
        }
    }
}

impl fmt::Debug for ModelObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelObserver")
    }
}

/// What the store holds of `user`, without delay and without fault.
pub(crate) fn row(world: &World, user: &UserId) -> Option<CrmConnection> {
    world.truth.connection(user).now_or_never()?.ok()?
}

/// What the store holds of a code, without delay and without fault.
pub(crate) fn record(world: &World, code: CodeHash) -> Option<Exchange> {
    world.truth.exchange(code).now_or_never()?.ok()?
}

pub(crate) fn saw_row(world: &World, user: &UserId, operation: &str) {
    if let Some(row) = row(world, user) {
        let crm = world.crm();
        world.checker().saw_row(&crm, number_of(user), operation, &row, world.now());
    }
}

pub(crate) fn saw_code(world: &World, code: CodeHash, operation: &str) {
    let Some(record) = record(world, code) else { return };
    if let ExchangeStatus::Waiting { grant, .. } = &record.status
        && let Some(pair) = pair_of(&grant.tokens.refresh)
    {
        let crm = world.crm();
        world.checker().saw_waiting(&crm, record.user.as_ref().map(number_of), operation, pair, world.now());
    }
    let useless =
        matches!(record.status, ExchangeStatus::Void | ExchangeStatus::OtherAccount | ExchangeStatus::Unclaimed);
    if let (true, Some(code)) = (useless, code_id(world, code)) {
        world.checker().disposed(code);
    }
    if let Some(user) = &record.user {
        saw_row(world, user, operation);
    }
}

/// A disconnect may have made codes void. Their records may be forgotten before their pairs come.
pub(crate) fn saw_voided(world: &World) {
    let codes: Vec<_> = world.code_ids().iter().map(|(hash, id)| (CodeHash(*hash), *id)).collect();
    for (_, id) in codes
        .into_iter()
        .filter(|(code, _)| record(world, *code).is_some_and(|record| record.status == ExchangeStatus::Void))
    {
        world.checker().disposed(id);
    }
}

/// Whether the user who vouches for this code may bring another one.
pub(crate) fn has_room(world: &World, request: &Admission) -> bool {
    let (Origin::Attempt { user, .. } | Origin::App { user, .. }) = &request.origin else { return false };
    let Some(Ok(codes)) = world.truth.exchanges_of(user, u32::MAX).now_or_never() else { return false };
    let codes: Vec<_> = codes.iter().map(Exchange::in_budget).collect();
    admits_another_code(&codes, world.truth.test_clock().now()).is_ok()
}

pub(crate) fn code_id(world: &World, code: CodeHash) -> Option<usize> {
    world.code_ids().get(&code.0).copied()
}

impl World {
    /// The grants that wait in the store for `user`'s claim.
    pub(crate) fn waiting_for(&self, user: usize) -> Vec<GrantId> {
        let codes = self.crm().codes.len();
        let waiting = (0..codes).filter_map(|id| {
            let record = record(self, CodeHash::of(&code(id)))?;
            let theirs = record.user.as_ref().map(number_of) == Some(user);
            match record.status {
                ExchangeStatus::Waiting { grant, .. } if theirs => pair_of(&grant.tokens.refresh),
                _ => None,
            }
        });
        let pairs: Vec<_> = waiting.collect();
        let crm = self.crm();
        pairs.into_iter().map(|pair| crm.pairs[pair].grant).collect()
    }
}
