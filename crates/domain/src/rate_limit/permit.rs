//! Permits: without one, nothing is sent to a CRM.

use std::marker::PhantomData;

use crate::host::AccountHost;

/// What a permit is for: one call of this kind.
pub mod call {
    /// An exchange of an authorization code.
    #[derive(Debug)]
    pub enum Exchange {}

    /// A refresh.
    #[derive(Debug)]
    pub enum Refresh {}

    /// A look-up of where an account answers.
    #[derive(Debug)]
    pub enum LookUp {}

    /// A read of the API.
    #[derive(Debug)]
    pub enum Read {}

    /// A write to the API.
    #[derive(Debug)]
    pub enum Write {}
}

/// The right to send one call of kind `K` to one host, now. The rate limiter issues it, and the
/// call consumes it.
#[derive(Debug)]
pub struct Permit<K> {
    host: AccountHost,
    kind: PhantomData<fn(K)>,
}

impl<K> Permit<K> {
    pub(crate) fn new(host: &AccountHost) -> Self {
        Self { host: host.clone(), kind: PhantomData }
    }

    /// A permit that no rate limiter issued, for the tests of an adapter.
    #[cfg(feature = "testing")]
    pub fn for_testing(host: &AccountHost) -> Self {
        Self::new(host)
    }

    /// Where the call goes.
    pub fn host(&self) -> &AccountHost {
        &self.host
    }
}
