//! The lease on a connection's refresh as columns.

use std::time::Duration;

use amo_connect_domain::ids::{Generation, LeaseOwner};
use amo_connect_domain::refresh::lease::RefreshLease;
use async_trait::async_trait;
use diesel::prelude::*;

use super::client::AccusationColumns;
use super::columns::{array, count, needed, time};
use super::failure::Failure;
use super::schema::connections;

/// The columns of `connections` that hold the lease.
#[derive(Default, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = connections,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct LeaseColumns {
    #[diesel(column_name = lease_owner)]
    owner: Option<Vec<u8>>,
    #[diesel(column_name = lease_until)]
    until: Option<i64>,
    #[diesel(column_name = lease_generation)]
    generation: Option<i64>,
    #[diesel(column_name = lease_in_doubt)]
    in_doubt: Option<bool>,
    #[diesel(column_name = lease_tries)]
    tries: Option<i64>,
    /// The `until` that the columns below were written for.
    #[diesel(column_name = lease_for)]
    written_for: Option<i64>,
    #[diesel(column_name = lease_lasts)]
    lasts: Option<i64>,
    accused_client: Option<Vec<u8>>,
    accused_since: Option<i64>,
    accused_last: Option<i64>,
    accused_account: Option<bool>,
}

/// Which accusations are over.
pub(crate) struct Acquitted<'q> {
    /// For this client.
    pub(crate) client: &'q [u8],
    /// Those that are older than this.
    pub(crate) served: i64,
    /// And those of all other clients.
    pub(crate) others: bool,
}

/// The leases in `connections`.
#[async_trait]
pub(crate) trait LeaseRows: Send {
    async fn put_lease(&mut self, user_id: &[u8], lease: &LeaseColumns) -> Result<(), Failure>;
    /// Users whose refresh lapsed, or backs off in doubt until then: the longest ago first.
    async fn orphaned_refreshes(&mut self, store_now: i64, limit: i64) -> Result<Vec<(Vec<u8>, i64)>, Failure>;
    /// Users whose refresh backs off for an accusation that is over: the first to expire first.
    async fn acquitted_refreshes(
        &mut self,
        acquitted: Acquitted<'_>,
        expired_by: i64,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, i64)>, Failure>;
    /// Leases and backoffs that end so late that a clock ahead must have written them. Locked as
    /// [`ExchangeRows::late_grants`](super::exchange::ExchangeRows::late_grants).
    async fn overlong_leases(
        &mut self,
        owned_until: i64,
        until: i64,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, LeaseColumns)>, Failure>;
}

impl From<Option<RefreshLease>> for LeaseColumns {
    fn from(lease: Option<RefreshLease>) -> Self {
        lease.map_or_else(Self::default, |held| {
            let accused = AccusationColumns::from(held.accusation);
            Self {
                owner: held.owner.map(|owner| owner.0.to_vec()),
                until: Some(held.until.as_microsecond()),
                generation: Some(held.generation.0),
                in_doubt: Some(held.in_doubt),
                tries: Some(held.tries.into()),
                written_for: Some(held.until.as_microsecond()),
                lasts: held.lasts.map(|lasts| i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX)),
                accused_client: accused.client,
                accused_since: accused.since,
                accused_last: accused.last,
                accused_account: accused.is_accounts,
            }
        })
    }
}

impl TryFrom<LeaseColumns> for Option<RefreshLease> {
    type Error = Failure;

    fn try_from(columns: LeaseColumns) -> Result<Self, Failure> {
        let until = match (columns.until, &columns.owner) {
            (None, None) => return Ok(None),
            (until, _) => needed(until)?,
        };
        let owner = columns.owner.map(|owner| array(&owner)).transpose()?;
        let is_current = columns.written_for == Some(until);
        let lasts = columns.lasts.filter(|_| is_current).and_then(|lasts| u64::try_from(lasts).ok());
        let accused = AccusationColumns {
            client: columns.accused_client.filter(|_| is_current),
            since: columns.accused_since,
            last: columns.accused_last,
            is_accounts: columns.accused_account,
        };
        Ok(Some(RefreshLease {
            owner: owner.map(LeaseOwner),
            until: time(until)?,
            generation: Generation(count(needed(columns.generation)?)?),
            in_doubt: needed(columns.in_doubt)?,
            // A row of an older version has none.
            tries: columns.tries.unwrap_or_default().try_into().unwrap_or(u32::MAX),
            lasts: lasts.map(Duration::from_micros),
            accusation: accused.try_into()?,
        }))
    }
}
