//! The keys of stored tokens, beside those of the other instances: what an instance publishes of its
//! own, and what it refuses.

use std::sync::Arc;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_domain::key_ring::{
    InstanceId, KEY_RING_INTERVAL, KeyConflict, KeyId, KeyRing, SealedRecords, SealedTotal,
};
use amo_connect_domain::ports::{KeyRegistry, StoreError};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Why a process must not work with its keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysRefused {
    /// They do not go with those of running instances.
    #[error("TOKEN_KEYS: {0} (an instance that has crashed counts for 30 s; docs/keys.md has the steps)")]
    Conflict(KeyConflict),
    /// They open too little of what is stored.
    #[error(
        "TOKEN_KEYS: {} of {} records with tokens are sealed under keys that are not in it: {keys}; if they are lost for \
         good, ALLOW_MISSING_KEYS=true starts all the same, and those users connect again",
        total.unopened, total.records
    )]
    Missing {
        /// How many.
        total: SealedTotal,
        /// Their keys.
        keys: String,
    },
    /// The database failed.
    #[error("the keys in use cannot be read")]
    Store(#[from] StoreError),
    /// There is no name for this process.
    #[error("the machine gives no random bytes")]
    NoRandomness,
}

impl From<KeyConflict> for KeysRefused {
    fn from(conflict: KeyConflict) -> Self {
        Self::Conflict(conflict)
    }
}

/// What this process has published of its keys.
#[derive(Debug)]
pub struct KeyGuard {
    registry: Arc<dyn KeyRegistry>,
    instance: InstanceId,
    ring: KeyRing,
}

impl KeyGuard {
    /// Publishes `ring`. Whoever starts at the same time sees it, or is seen.
    pub async fn publish(registry: Arc<dyn KeyRegistry>, ring: KeyRing) -> Result<Self, KeysRefused> {
        let instance = InstanceId(TokenKeys::random_id().or(Err(KeysRefused::NoRandomness))?);
        let guard = Self { registry, instance, ring };
        guard.publish_again().await?;
        Ok(guard)
    }

    /// Publishes the same for another term.
    pub async fn publish_again(&self) -> Result<(), StoreError> {
        self.registry.publish_keys(self.instance, &self.ring).await
    }

    /// Takes it back.
    pub async fn withdraw(&self) {
        if let Err(error) = self.registry.withdraw_keys(self.instance).await {
            tracing::warn!(error = %error.whole(), "the keys of this instance are not taken back; they count for 30 s more");
        }
    }

    /// The keys of the other instances.
    async fn others(&self) -> Result<Vec<KeyRing>, StoreError> {
        let published = self.registry.published_keys().await?;
        let others = published.into_iter().filter(|(instance, _)| *instance != self.instance);
        Ok(others.map(|(_, ring)| ring).collect())
    }

    /// Refuses keys that do not go with those of the other instances.
    pub async fn check_beside_others(&self) -> Result<(), KeysRefused> {
        Ok(self.ring.check_beside(&self.others().await?)?)
    }

    /// Refuses to seal everything anew while other instances seal under another key.
    pub async fn check_rotation(&self) -> Result<(), KeysRefused> {
        Ok(self.ring.check_rotation(&self.others().await?)?)
    }

    /// Logs what cannot be opened, and refuses keys that open too little, unless that is allowed.
    pub async fn check_records(&self, allow_missing: bool) -> Result<(), KeysRefused> {
        let sealed = self.registry.sealed_records().await?;
        let total = SealedTotal::of(&sealed);
        if total.unopened == 0 {
            return Ok(());
        }
        let keys = names(sealed.iter().filter(|of_key| !of_key.opens));
        tracing::error!(
            records = total.unopened,
            of = total.records,
            keys,
            "stored tokens cannot be opened with TOKEN_KEYS"
        );
        if total.has_wrong_keys() && !allow_missing {
            return Err(KeysRefused::Missing { total, keys });
        }
        Ok(())
    }

    /// What is sealed under other keys than the first one.
    pub async fn sealed_otherwise(&self) -> Result<Vec<SealedRecords>, StoreError> {
        let mut sealed = self.registry.sealed_records().await?;
        sealed.retain(|of_key| of_key.key.as_ref() != Some(&self.ring.first.id));
        Ok(sealed)
    }

    /// The names of the keys that only open, and that nothing of `sealed` needs.
    pub fn unused(&self, sealed: &[SealedRecords]) -> Vec<&str> {
        let is_needed = |id: &KeyId| sealed.iter().any(|of_key| of_key.key.as_ref() == Some(id));
        self.ring.others.iter().map(|key| &key.id).filter(|id| !is_needed(id)).map(|id| id.0.as_str()).collect()
    }

    /// Publishes for as long as it runs, and logs where other instances have come to differ.
    async fn keep(self: Arc<Self>) {
        let mut ticks = interval(KEY_RING_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            ticks.tick().await;
            let checked = match self.publish_again().await {
                Ok(()) => self.check_beside_others().await,
                Err(error) => Err(error.into()),
            };
            let problem = match &checked {
                // The database's failures have lines of their own.
                Ok(()) | Err(KeysRefused::Store(_)) => None,
                Err(refused) => Some(refused.to_string()),
            };
            if problem != told
                && let Some(problem) = &problem
            {
                tracing::error!(problem, "the keys of running instances do not go together");
            }
            told = problem;
        }
    }
}

/// The guard of a process that serves.
#[derive(Debug)]
pub struct ServingKeys {
    guard: Arc<KeyGuard>,
    keeping: JoinHandle<()>,
}

impl ServingKeys {
    /// Publishes `ring` and keeps it published, unless these keys must not serve.
    pub async fn start(
        registry: Arc<dyn KeyRegistry>,
        ring: KeyRing,
        allow_missing: bool,
    ) -> Result<Self, KeysRefused> {
        let guard = Arc::new(KeyGuard::publish(registry, ring).await?);
        let checked = async {
            guard.check_beside_others().await?;
            guard.check_records(allow_missing).await
        };
        if let Err(refused) = checked.await {
            guard.withdraw().await;
            return Err(refused);
        }
        let keeping = tokio::spawn(Arc::clone(&guard).keep());
        Ok(Self { guard, keeping })
    }

    /// Takes it back: this process seals nothing any more.
    pub async fn stop(self) {
        self.keeping.abort();
        // What is being published must not come after what follows.
        let _ = self.keeping.await;
        self.guard.withdraw().await;
    }
}

/// The keys of `sealed`, with their numbers of records, for people.
pub fn names<'s>(sealed: impl Iterator<Item = &'s SealedRecords>) -> String {
    let name = |of_key: &SealedRecords| match &of_key.key {
        Some(key) => format!("{key} ({})", of_key.records),
        None => format!("none that can be read ({})", of_key.records),
    };
    sealed.map(name).collect::<Vec<_>>().join(", ")
}
