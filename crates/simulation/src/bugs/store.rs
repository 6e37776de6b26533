//! The store with the planted bug, if there is one.
//!
//! It derefs to the store as it is, so a method that stands here or beside here is called instead of the
//! store's own, and every other method is the store's.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amo_connect_contract::MemoryTokenStore;
use amo_connect_domain::authorization::code::{Admission, Admitted, Origin};
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::LookUpDecision;
use amo_connect_domain::idempotency::WriteRecord;
use amo_connect_domain::ids::{AccountId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{RefreshRequest, Storage, StoreError};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseRequest, RefreshLease};
use jiff::Timestamp;

use super::Bug;
use crate::executor::{Home, Sim};
use crate::setup::Skew;

/// What buggy stores of one run remember together.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(super) leases: HashMap<UserId, RefreshLease>,
    /// The rows as they were when their tokens were leased.
    pub(super) leased: BTreeMap<(UserId, Generation), CrmConnection>,
    /// The writes that are on no record.
    pub(super) writes: HashMap<LeaseOwner, WriteRecord>,
}

/// Whose store it is.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) sim: Sim,
    pub(crate) home: Home,
    pub(crate) skew: Skew,
    pub(crate) users: usize,
    /// The store, whose records a bug alters.
    pub(crate) truth: MemoryTokenStore,
    pub(crate) notes: Arc<Mutex<Notes>>,
}

#[derive(Debug)]
pub(crate) struct BuggyStore {
    pub(super) rows: Arc<dyn Storage>,
    pub(super) bug: Option<Bug>,
    pub(super) context: Context,
}

impl Deref for BuggyStore {
    type Target = dyn Storage;

    fn deref(&self) -> &Self::Target {
        &*self.rows
    }
}

impl BuggyStore {
    pub(crate) fn new(rows: Arc<dyn Storage>, bug: Option<Bug>, context: Context) -> Self {
        Self { rows, bug, context }
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.context.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn admit_code(
        &self,
        request: &Admission,
        owner: LeaseOwner,
        now: Timestamp,
    ) -> Result<Admitted, StoreError> {
        let mut request = request.clone();
        if let (Some(Bug::AdmitsPastDisconnects), Origin::App { user, as_of, .. }) = (self.bug, &mut request.origin) {
            *as_of = self.rows.connection(user).await?.map_or(Epoch::default(), |row| row.epoch);
        }
        match self.bug {
            Some(Bug::PlacesForAll) => request.caller = None,
            Some(Bug::PlacesForUsers) => request.caller = request.caller.or(Some(CallerNetwork::default())),
            _ => {}
        }
        let admitted = self.rows.admit_code(&request, owner, now).await?;
        if self.bug == Some(Bug::NoLeaseOnCodes) {
            Ok(self.granted_anyway(admitted, owner).await)
        } else {
            Ok(admitted)
        }
    }

    pub(crate) async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        match self.bug {
            Some(Bug::ConnectionByAccount) => self.somebodys_connection(user).await,
            _ => self.rows.connection(user).await,
        }
    }

    pub(crate) async fn save(
        &self,
        connection: &CrmConnection,
        expected: Option<Revision>,
    ) -> Result<Revision, StoreError> {
        match self.bug {
            Some(Bug::LastWriterWins) => self.overwrite(connection.clone()).await,
            Some(Bug::RefusalOverNewerPair) => self.refuse_anyway(connection, expected).await,
            _ => self.rows.save(connection, expected).await,
        }
    }

    pub(crate) async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        match self.bug {
            Some(Bug::DisconnectKeepsGeneration) => self.disconnect_state_only(user).await,
            Some(Bug::DisconnectAfterAnswer) => {
                self.later(user.clone());
                Ok(())
            }
            _ => self.rows.disconnect(user, by).await,
        }
    }

    pub(crate) async fn lease_refresh(
        &self,
        user: &UserId,
        request: &LeaseRequest,
    ) -> Result<RefreshRequest, StoreError> {
        let answer = match self.bug {
            Some(bug) if bug.has_own_leases() => self.own_lease(user, request).await?,
            _ => self.rows.lease_refresh(user, request).await?,
        };
        let answer = match (self.bug, answer) {
            (Some(Bug::NoLease), RefreshRequest::Held) => self.lease_anyway(user, request).await?,
            (Some(Bug::LeaseAheadTakenOver), RefreshRequest::Held) if self.is_ahead(user).await? => {
                self.lease_anyway(user, request).await?
            }
            (Some(Bug::DoubtForgotten), RefreshRequest::Granted(connection, mut lease)) => {
                lease.in_doubt = false;
                RefreshRequest::Granted(connection, lease)
            }
            (_, answer) => answer,
        };
        if let (Some(bug), RefreshRequest::Granted(connection, lease)) = (self.bug, &answer) {
            let mut notes = self.notes();
            if bug == Bug::LeaseAheadTakenOver {
                notes.leases.insert(user.clone(), *lease);
            }
            notes.leased.insert((user.clone(), request.generation), (**connection).clone());
        }
        Ok(answer)
    }

    pub(crate) async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        match self.bug {
            Some(Bug::LeaseNotRenewed) => Ok(true),
            Some(Bug::RenewsForAnybody) => self.rows.renew_refresh_lease(user, owner).await.map(|_| true),
            Some(bug) if bug.has_own_leases() => self.renew_own_lease(user, owner).await,
            _ => self.rows.renew_refresh_lease(user, owner).await,
        }
    }

    pub(crate) async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        match self.bug {
            Some(bug) if bug.has_own_leases() => self.back_off_own_lease(user, owner, backoff).await,
            Some(Bug::NoBackoff) => {
                let none = Backoff { pause: Duration::ZERO, ..*backoff };
                self.rows.back_off_refresh(user, owner, &none).await
            }
            _ => self.rows.back_off_refresh(user, owner, backoff).await,
        }
    }

    pub(crate) async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        match self.bug {
            Some(Bug::LooksUpAtAnyTime) => Ok(LookUpDecision::Granted),
            _ => self.rows.request_look_up(host, account).await,
        }
    }

    pub(crate) async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        match self.bug {
            Some(Bug::NoBackground) => Ok(Vec::new()),
            _ => self.rows.orphaned_refreshes(limit).await,
        }
    }
}
