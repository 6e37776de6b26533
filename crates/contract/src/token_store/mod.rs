//! The suite of [`TokenStore`](amo_connect_domain::ports::TokenStore) and the other ports of one database: cases by what
//! they are about, and a table of [`promises`] for each port.

#![expect(clippy::unwrap_used, reason = "a case panics where a promise is broken")]

mod attempts;
mod audit;
mod budgets;
mod claims;
mod clients;
mod clocks;
mod codes;
mod connections;
mod disconnect;
mod due;
mod durability;
mod harness;
mod host_look_ups;
mod imports;
mod leases;
mod maintenance;
mod places;
pub mod promises;
mod revocation_checks;
mod rotation;
mod steps;
mod terms;
mod unreadable;
mod writes;
mod written;

pub use harness::{Keys, TokenStoreHarness};

use crate::suite;
use promises::PORTS;

/// A case of this suite.
pub type Case = suite::Case<dyn TokenStoreHarness>;

/// Runs the case of this name on a fresh harness of `H`.
pub fn judge<H: TokenStoreHarness>(name: &str) {
    suite::judge(CASES, name, async { Box::new(H::fresh().await) as _ });
}

/// The cases of all tables.
pub const CASES: &[Case] = &suite::concat::<_, { suite::count(PORTS) }>(PORTS);

/// One test per case of every port of a database, on a fresh harness each.
#[macro_export]
macro_rules! token_store_contract {
    ($adapter:ty) => {
        $crate::store_health_cases!($adapter);
        $crate::token_store_cases!($adapter);
        $crate::host_look_up_store_cases!($adapter);
        $crate::import_store_cases!($adapter);
        $crate::idempotency_store_cases!($adapter);
        $crate::revocation_queue_cases!($adapter);
        $crate::audit_log_cases!($adapter);
        $crate::maintenance_cases!($adapter);
    };
}
