//! The places of strangers' codes as rows.

use amo_connect_domain::authorization::places::{CallerNetwork, Known, Place};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::LeaseOwner;
use amo_connect_domain::lease::Lease;
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use diesel::prelude::*;

use super::columns::{array, time};
use super::failure::Failure;
use super::schema::code_places;

/// A row of `code_places`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = code_places, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct PlaceRow {
    code_hash: Vec<u8>,
    owner: Vec<u8>,
    network: Vec<u8>,
    host: String,
    is_new_host: bool,
    given_at: i64,
}

/// A row with the lease on its code, if that is in flight: whose it is, and until when.
pub(crate) type LeasedPlace = (PlaceRow, Option<Vec<u8>>, Option<i64>);

/// The rows of `code_places`.
#[async_trait]
pub(crate) trait PlaceRows: Send {
    async fn places(&mut self) -> Result<Vec<LeasedPlace>, Failure>;
    async fn put_place(&mut self, row: &PlaceRow) -> Result<(), Failure>;
    /// Deletes those that were given by the one moment, or after the other. As
    /// [`AttemptRows::forget_attempts`](super::attempt::AttemptRows::forget_attempts).
    async fn forget_places(&mut self, given_by: i64, given_after: i64, limit: i64) -> Result<usize, Failure>;
    /// Whether a connection at this host has tokens.
    async fn has_connection_at(&mut self, host: &str) -> Result<bool, Failure>;
}

impl From<&Place> for PlaceRow {
    fn from(place: &Place) -> Self {
        Self {
            code_hash: place.code.0.to_vec(),
            owner: place.owner.0.to_vec(),
            network: place.network.0.to_vec(),
            host: place.host.as_str().to_owned(),
            is_new_host: place.is_new_host,
            given_at: place.given_at.as_microsecond(),
        }
    }
}

/// As the domain has it.
pub(super) fn open((row, lease_owner, lease_until): LeasedPlace) -> Result<Known, Failure> {
    let place = Place {
        code: CodeHash(array(&row.code_hash)?),
        owner: LeaseOwner(array(&row.owner)?),
        network: CallerNetwork(array(&row.network)?),
        host: AccountHost::stored(row.host),
        is_new_host: row.is_new_host,
        given_at: time(row.given_at)?,
    };
    let lease = lease_owner.zip(lease_until);
    let lease =
        lease.map(|(owner, until)| Ok::<_, Failure>(Lease { owner: LeaseOwner(array(&owner)?), until: time(until)? }));
    Ok((place, lease.transpose()?))
}
