//! What the ports of one database promise: for each port a table of the sentences of its documentation, and of the cases
//! that check them.

pub mod audit_log;
pub mod host_look_up_store;
pub mod idempotency_store;
pub mod import_store;
pub mod maintenance;
pub mod revocation_queue;
pub mod store_health;
pub mod token_store;

use super::Case;

/// The tables.
pub const PORTS: &[&[Case]] = &[
    store_health::CASES,
    token_store::CASES,
    host_look_up_store::CASES,
    import_store::CASES,
    idempotency_store::CASES,
    revocation_queue::CASES,
    audit_log::CASES,
    maintenance::CASES,
];
