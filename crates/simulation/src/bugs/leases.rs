//! Leases as they should not be.

use std::time::Duration;

use amo_connect_domain::exchange::{Admitted, ExchangeStatus};
use amo_connect_domain::ids::{Generation, LeaseOwner, UserId};
use amo_connect_domain::lease::{Lease, LeaseDecision, RefreshLease};
use amo_connect_domain::ports::{RefreshRequest, StoreError};
use jiff::Timestamp;

use super::Bug;
use super::store::BuggyStore;

impl BuggyStore {
    async fn instance_clock(&self) -> Result<Timestamp, StoreError> {
        Ok(self.rows.clock().await?.saturating_add(self.stand.skew).unwrap_or(Timestamp::MAX))
    }

    /// Grants what somebody else holds.
    pub(super) async fn lease_anyway(
        &self,
        user: &UserId,
        generation: Generation,
        owner: LeaseOwner,
    ) -> Result<RefreshRequest, StoreError> {
        let Some(connection) = self.rows.connection(user).await? else { return Ok(RefreshRequest::Outdated) };
        match RefreshLease::request(None, generation, owner, self.rows.clock().await?) {
            LeaseDecision::Granted(lease) => Ok(RefreshRequest::Granted(Box::new(connection), lease)),
            LeaseDecision::Held => Ok(RefreshRequest::Held),
            LeaseDecision::Resting(until) => Ok(RefreshRequest::Resting(until)),
        }
    }

    /// Decides by leases of our own.
    pub(super) async fn own_lease(
        &self,
        user: &UserId,
        generation: Generation,
        owner: LeaseOwner,
    ) -> Result<RefreshRequest, StoreError> {
        let now = self.instance_clock().await?;
        let usable =
            self.rows.connection(user).await?.filter(|row| row.generation == generation && row.grant().is_some());
        let Some(connection) = usable else { return Ok(RefreshRequest::Outdated) };
        let mut notes = self.notes();
        let held = notes.leases.get(user).copied();
        let stands = |held: RefreshLease| held.owner.is_some() && held.generation == generation;
        if self.bug == Bug::LeaseNeverLapses && held.is_some_and(stands) {
            return Ok(RefreshRequest::Held);
        }
        Ok(match RefreshLease::request(held, generation, owner, now) {
            LeaseDecision::Held => RefreshRequest::Held,
            LeaseDecision::Resting(until) => RefreshRequest::Resting(until),
            LeaseDecision::Granted(lease) => {
                notes.leases.insert(user.clone(), lease);
                RefreshRequest::Granted(Box::new(connection), lease)
            }
        })
    }

    pub(super) async fn renew_own_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        let now = self.instance_clock().await?;
        let mut notes = self.notes();
        let Some(held) = notes.leases.get_mut(user).filter(|held| held.owner == Some(owner)) else { return Ok(false) };
        *held = held.renewed(now);
        Ok(true)
    }

    pub(super) async fn rest_own_lease(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        in_doubt: bool,
        pause: Duration,
    ) -> Result<(), StoreError> {
        let now = self.instance_clock().await?;
        if let Some(held) = self.notes().leases.get_mut(user).filter(|held| held.owner == Some(owner)) {
            *held = held.rested(in_doubt, pause, now);
        }
        Ok(())
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
