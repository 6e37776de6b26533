//! One database behind several ports.

use std::sync::Arc;

use super::{
    AuditLog, HostLookUpStore, IdempotencyStore, ImportStore, Maintenance, RevocationQueue, StoreHealth, TokenStore,
};

/// Everything that must outlive the process, in one database. A type that implements the parts
/// implements it.
pub trait Storage:
    TokenStore + HostLookUpStore + ImportStore + IdempotencyStore + RevocationQueue + AuditLog + Maintenance + StoreHealth
{
}

impl<S> Storage for S where
    S: TokenStore
        + HostLookUpStore
        + ImportStore
        + IdempotencyStore
        + RevocationQueue
        + AuditLog
        + Maintenance
        + StoreHealth
{
}

/// The ports of one database, each by itself, so that a use case names those it needs.
#[derive(Clone, Debug)]
pub struct Stores {
    /// Attempts, codes, connections and leases.
    pub tokens: Arc<dyn TokenStore>,
    /// Look-ups of accounts that may have moved.
    pub look_ups: Arc<dyn HostLookUpStore>,
    /// Imported tokens.
    pub imports: Arc<dyn ImportStore>,
    /// Writes with a key.
    pub writes: Arc<dyn IdempotencyStore>,
    /// Accounts whose connections are to be checked.
    pub revocations: Arc<dyn RevocationQueue>,
    /// What happened to connections.
    pub audit: Arc<dyn AuditLog>,
    /// Listings and the sweep.
    pub maintenance: Arc<dyn Maintenance>,
    /// The store's clock, and whether it works.
    pub health: Arc<dyn StoreHealth>,
}

impl From<Arc<dyn Storage>> for Stores {
    fn from(store: Arc<dyn Storage>) -> Self {
        Self {
            tokens: Arc::clone(&store) as _,
            look_ups: Arc::clone(&store) as _,
            imports: Arc::clone(&store) as _,
            writes: Arc::clone(&store) as _,
            revocations: Arc::clone(&store) as _,
            audit: Arc::clone(&store) as _,
            maintenance: Arc::clone(&store) as _,
            health: store,
        }
    }
}
