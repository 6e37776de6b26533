//! An account: what never changes of it, and the store of what does.

use super::Store;
use crate::AccountId;

/// The time zone of all accounts, `Europe/Kyiv` without its summers.
pub(crate) const UTC_OFFSET_S: i64 = 2 * 60 * 60;

/// An account with all that is in it.
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) name: String,
    pub(crate) subdomain: String,
    pub(crate) uuid: String,
    pub(crate) country: String,
    pub(crate) currency: String,
    pub(crate) currency_symbol: String,
    pub(crate) created_at: u64,
    pub(crate) store: Store,
}
