//! Which connections the background has work on, and the moment that orders them. A store that
//! cannot call these functions, because its database chooses the rows, repeats them there; a case of
//! the contract suite compares the two.

use jiff::Timestamp;

use crate::client::{ClientFingerprint, ClientRecord};
use crate::connection::CrmConnection;
use crate::refresh::lease::RefreshLease;

/// Since when the refresh of this connection [is orphaned](RefreshLease::is_orphaned), if it is.
pub fn orphaned_since(
    connection: &CrmConnection,
    lease: Option<&RefreshLease>,
    store_now: Timestamp,
) -> Option<Timestamp> {
    connection.grant()?;
    lease.filter(|lease| lease.is_orphaned(store_now)).map(|lease| lease.until)
}

/// When the tokens of this connection were issued, if that was before `issued_before`, or after
/// `issued_after`, and its refresh may begin now.
pub fn stale_since(
    connection: &CrmConnection,
    lease: Option<&RefreshLease>,
    issued_before: Timestamp,
    issued_after: Timestamp,
    store_now: Timestamp,
) -> Option<Timestamp> {
    let issued = connection.grant()?.tokens.issued_at;
    let is_aged = issued < issued_before || issued > issued_after;
    let is_free = lease.is_none_or(|lease| lease.until <= store_now);
    (is_aged && is_free && connection.refresh_backs_off_until(store_now).is_none()).then_some(issued)
}

/// When the access token of this connection expires, if its refresh backs off for an accusation that
/// [is over](crate::client::Accusation::is_over_for) for `client`. `record` is that client's.
pub fn acquitted_expires_at(
    connection: &CrmConnection,
    lease: Option<&RefreshLease>,
    client: ClientFingerprint,
    record: &ClientRecord,
) -> Option<Timestamp> {
    let expires = connection.grant()?.tokens.expires_at;
    let backoff = lease.filter(|lease| lease.owner.is_none() && !lease.in_doubt)?;
    backoff.accusation?.is_over_for(client, record).then_some(expires)
}
