//! Tending connections in the background: what nobody waits for, and must be done all the same.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::UseCases;
use crate::ids::{Generation, UserId};
use crate::ports::StoreError;

/// How many refreshes in the background go on at a time, in this process.
const AT_A_TIME: usize = 128;

/// How many orphaned refreshes are begun with in one round: somebody may be waiting for each.
const ORPHANS_A_ROUND: u32 = 100;

/// How many stale connections are begun with in one round. They have months, so their work is
/// spread out.
const STALE_A_ROUND: u32 = 8;

/// The places for refreshes in the background.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }
}

impl UseCases {
    /// One round: finds out what became of refreshes whose owner died or whose answer was lost,
    /// refreshes connections that nobody has used for long, and looks where amoCRM told us to.
    ///
    /// To be called every [`TEND_EVERY`](super::TEND_EVERY) in each process; leases keep several
    /// from doing the same work.
    pub async fn tend(&self) -> Result<(), StoreError> {
        // What fails of this is not in the way of the rest.
        let orphans = self.store.orphaned_refreshes(ORPHANS_A_ROUND).await;
        let stale = match self.runtime.now().checked_sub(self.settings.keepalive_after) {
            Ok(before) => self.store.stale_connections(before, STALE_A_ROUND).await,
            Err(_) => Ok(Vec::new()),
        };
        for (user, generation) in [&orphans, &stale].into_iter().flatten().flatten() {
            self.refresh_in_background(user.clone(), *generation);
        }
        self.look().await?;
        orphans.and(stale).map(drop)
    }

    fn refresh_in_background(&self, user: UserId, generation: Generation) {
        let Ok(place) = Arc::clone(&self.places.0).try_acquire_owned() else { return };
        let this = self.clone();
        self.runtime.spawn(Box::pin(async move {
            // Whatever comes of it is on record. For who comes late the generation has moved on.
            let _ = this.refreshing(user, generation).await;
            drop(place);
        }));
    }
}
