//! Contract suites: what the domain's ports promise, as tests that any adapter runs by one line.
//!
//! A port says in its documentation what an adapter MUST and MUST NOT do. A suite here has at
//! least one case for each of these sentences and runs every case on a fresh harness. An adapter
//! plugs in by implementing the port's harness and naming it:
//!
//! ```ignore
//! // tests/token_store.rs
//! mod sqlite {
//!     amo_connect_contract::token_store_contract!(super::SqliteHarness);
//! }
//! ```
//!
//! That makes one test per case, `token_store::sqlite::<case>`. A harness is made before its case
//! and dropped after it, also when the case panics: whatever it needs (a file, a database, a
//! server) is to go with it. Cases see the adapter as the service does, as `Arc<dyn Port>`.
//!
//! | port | macro | harness | list of cases | fake that passes |
//! |---|---|---|---|---|
//! | `Storage`: `TokenStore` and the other ports of one database | [`token_store_contract!`] | [`token_store::TokenStoreHarness`] | [`token_store::CASES`] | [`MemoryTokenStore`] |
//! | `RateLimitStore` | [`rate_limit_store_contract!`] | [`rate_limit_store::RateLimitStoreHarness`] | [`rate_limit_store::CASES`] | [`MemoryRateLimitStore`] |
//! | `KeyRegistry` | [`key_registry_contract!`] | [`key_registry::KeyRegistryHarness`] | [`key_registry::CASES`] | [`MemoryKeyRegistry`] |
//! | `AmoClient` | [`amo_client_contract!`] | [`amo_client::AmoClientHarness`] | [`amo_client::CASES`] | [`FakeAmo`] |
//! | `Observer` | [`observer_contract!`] | [`observer::ObserverHarness`] | [`observer::CASES`] | `NoObserver` |
//!
//! A harness for a client that speaks HTTP has the CRM's side ready-made in [`wire::CrmServer`],
//! for amoCRM and for any other CRM whose [`wire::Dialect`] it is given.
//!
//! The fakes are for other tests too: a use case over [`MemoryTokenStore`], [`FakeAmo`] and
//! [`TestRuntime`] behaves as it does over the real things, because all are judged by the same
//! suites.

pub mod amo_client;
mod clock;
pub mod fake;
pub mod fingerprint;
pub mod fixtures;
pub mod key_registry;
pub mod memory;
pub mod observer;
pub mod proof;
pub mod rate_limit_store;
mod runtime;
pub mod suite;
pub mod token_store;
pub mod wire;

pub use clock::TestClock;
pub use fake::{Asked, Dress, FakeAccount, FakeAmo, FakeAmoHarness, Reply, amo_denial, amo_redirect};
pub use memory::{
    MemoryHarness, MemoryKeyRegistry, MemoryRateLimitStore, MemoryRateLimitStoreHarness, MemoryTokenStore,
};
pub use runtime::TestRuntime;
