//! An account: what never changes of it, and the store of what does.

use super::Store;
use crate::AccountId;

/// An account with all that is in it.
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) name: &'static str,
    pub(crate) subdomain: &'static str,
    pub(crate) uuid: &'static str,
    pub(crate) country: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) currency_symbol: &'static str,
    pub(crate) created_at: u64,
    pub(crate) store: Store,
}
