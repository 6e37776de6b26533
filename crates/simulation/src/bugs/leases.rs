//! Planted bugs of leases.

use amo_connect_domain::authorization::code::{Admitted, ExchangeStatus};
use amo_connect_domain::client::ClientRecord;
use amo_connect_domain::ids::{LeaseOwner, UserId};
use amo_connect_domain::lease::Lease;
use amo_connect_domain::ports::{RefreshRequest, StoreError};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseDecision, LeaseRequest, RefreshLease};
use jiff::Timestamp;

use super::Bug;
use super::store::BuggyStore;

impl Bug {
    /// Whether it grants leases by itself, past the store.
    pub(super) fn has_own_leases(self) -> bool {
        matches!(self, Self::LeaseByInstanceClock | Self::LeaseNeverLapses | Self::LeaseAheadStands)
    }
}

impl BuggyStore {
    /// The clock that the bug's own leases are judged by.
    async fn own_clock(&self) -> Result<Timestamp, StoreError> {
        if self.bug == Some(Bug::LeaseAheadStands) {
            return self.rows.clock().await;
        }
        Ok(self.rows.clock().await?.saturating_add(self.context.skew.get()).unwrap_or(Timestamp::MAX))
    }

    /// Grants a lease that another owner holds.
    pub(super) async fn lease_anyway(
        &self,
        user: &UserId,
        request: &LeaseRequest,
    ) -> Result<RefreshRequest, StoreError> {
        let Some(connection) = self.rows.connection(user).await? else { return Ok(RefreshRequest::Outdated) };
        match RefreshLease::request(None, request, &ClientRecord::default(), None, self.rows.clock().await?) {
            LeaseDecision::Granted(lease) => Ok(RefreshRequest::Granted(Box::new(connection), lease)),
            LeaseDecision::Held => Ok(RefreshRequest::Held),
            LeaseDecision::BackingOff(until) => Ok(RefreshRequest::BackingOff(until)),
        }
    }

    /// Decides by the bug's own leases.
    pub(super) async fn own_lease(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let generation = request.generation;
        let now = self.own_clock().await?;
        let usable =
            self.rows.connection(user).await?.filter(|row| row.generation == generation && row.grant().is_some());
        let Some(connection) = usable else { return Ok(RefreshRequest::Outdated) };
        let mut notes = self.notes();
        let held = notes.leases.get(user).copied();
        let stands = |held: RefreshLease| held.owner.is_some() && held.generation == generation;
        if self.bug == Some(Bug::LeaseNeverLapses) && held.is_some_and(stands) {
            return Ok(RefreshRequest::Held);
        }
        Ok(match RefreshLease::request(held, request, &ClientRecord::default(), None, now) {
            LeaseDecision::Held => RefreshRequest::Held,
            LeaseDecision::BackingOff(until) => RefreshRequest::BackingOff(until),
            LeaseDecision::Granted(lease) => {
                notes.leases.insert(user.clone(), lease);
                RefreshRequest::Granted(Box::new(connection), lease)
            }
        })
    }

    pub(super) async fn renew_own_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        let now = self.own_clock().await?;
        let mut notes = self.notes();
        let Some(held) = notes.leases.get_mut(user).filter(|held| held.owner == Some(owner)) else { return Ok(false) };
        *held = held.renewed(now);
        Ok(true)
    }

    pub(super) async fn back_off_own_lease(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        let now = self.own_clock().await?;
        let mut notes = self.notes();
        let held = notes.leases.get_mut(user).filter(|held| held.owner == Some(owner));
        Ok(held.map(|held| {
            *held = held.backed_off(backoff, &ClientRecord::default(), now);
            *held
        }))
    }

    /// Whether the lease that was granted last ends later than one can.
    pub(super) async fn is_ahead(&self, user: &UserId) -> Result<bool, StoreError> {
        let now = self.rows.clock().await?;
        Ok(self.notes().leases.get(user).is_some_and(|lease| lease.until != lease.seen_at(now).until))
    }

    pub(super) fn end_own_lease(&self, user: &UserId) {
        self.notes().leases.remove(user);
    }

    /// Grants a code that somebody else is sending.
    pub(super) async fn granted_anyway(&self, admitted: Admitted, owner: LeaseOwner) -> Admitted {
        let Ok(now) = self.rows.clock().await else { return admitted };
        match admitted {
            Admitted::OnRecord(mut record) if matches!(record.status, ExchangeStatus::InFlight(_)) => {
                record.status = ExchangeStatus::InFlight(Lease::granted(owner, now));
                Admitted::Granted(record)
            }
            other => other,
        }
    }
}
