//! The conversations with the outside. Each contract is written here, once.

mod amo_client;
mod amo_error;
mod audit_log;
mod crm_api;
mod host_look_up_store;
mod idempotency_store;
mod import_store;
mod key_registry;
mod maintenance;
mod observer;
mod rate_limit_store;
mod revocation_queue;
mod runtime;
mod storage;
mod store_error;
mod store_health;
mod token_endpoint;
mod token_store;

pub use amo_client::AmoClient;
pub use amo_error::AmoError;
pub use audit_log::AuditLog;
pub use crm_api::CrmApi;
pub use host_look_up_store::HostLookUpStore;
pub use idempotency_store::IdempotencyStore;
pub use import_store::ImportStore;
pub use key_registry::KeyRegistry;
pub use maintenance::Maintenance;
pub use observer::{CircuitChange, Endpoint, Event, ExchangeEnd, NoObserver, Observer, RefreshEnd, RefreshEnded};
pub use rate_limit_store::RateLimitStore;
pub use revocation_queue::RevocationQueue;
pub use runtime::Runtime;
pub use storage::{Storage, Stores};
pub use store_error::StoreError;
pub use store_health::StoreHealth;
pub use token_endpoint::{Located, TokenEndpoint};
pub use token_store::{Claim, RefreshRequest, Served, TokenStore};
#[cfg(feature = "mock")]
pub use {
    amo_client::MockAmoClient, audit_log::MockAuditLog, host_look_up_store::MockHostLookUpStore,
    idempotency_store::MockIdempotencyStore, import_store::MockImportStore, maintenance::MockMaintenance,
    rate_limit_store::MockRateLimitStore, revocation_queue::MockRevocationQueue, runtime::MockRuntime,
    store_health::MockStoreHealth, token_store::MockTokenStore,
};
