//! Background work on connections: refreshes and checks that no caller waits for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::clock::{after, before};
use crate::ids::{Generation, UserId};
use crate::ports::{Event, StoreError};
use crate::usecase::UseCases;
use crate::usecase::tokens::refresh_token::AskedBy;

/// How many background refreshes this process runs at a time.
const CONCURRENCY: usize = 128;

/// How many orphaned refreshes one round starts: somebody may be waiting for each.
const ORPHANS_A_ROUND: u32 = 100;

/// How many refreshes one round starts after their accusation has ended, for connections whose
/// access token is dead: their users are without amoCRM.
const ACQUITTED_A_ROUND: u32 = 100;

/// How many stale connections one round starts to refresh. They have months, so their work is
/// spread out.
const STALE_A_ROUND: u32 = 8;

/// Tokens that are dated so far in the future were dated by a clock that was ahead. Nearer dates
/// pass in time: amoCRM keeps a connection for days longer than the longest
/// [`Settings::keepalive_after`](crate::usecase::Settings::keepalive_after).
const UNKNOWN_AGE: Duration = Duration::from_hours(24);

/// The slots of background refreshes.
#[derive(Clone, Debug)]
pub(crate) struct BackgroundSlots(Arc<Semaphore>);

impl Default for BackgroundSlots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONCURRENCY)))
    }
}

impl UseCases {
    /// One round: finishes refreshes whose owner died or whose answer was lost, refreshes connections
    /// that nobody has used for long, looks for pairs that were saved some minutes ago, and starts
    /// revocation checks that are due.
    ///
    /// Each process calls it every [`BACKGROUND_INTERVAL`](crate::usecase::BACKGROUND_INTERVAL); leases
    /// keep two processes from doing the same work.
    pub async fn background_round(&self) -> Result<(), StoreError> {
        let began = self.runtime.instant();
        let outcome = self.round().instrument(tracing::debug_span!("background_round")).await;
        let took = self.runtime.instant().since(began);
        self.observer.observe(&Event::BackgroundRoundEnded { is_good: outcome.is_ok(), took });
        outcome
    }

    async fn round(&self) -> Result<(), StoreError> {
        // A listing that fails does not stop the others.
        let orphans = self.stores.maintenance.orphaned_refreshes(ORPHANS_A_ROUND).await;
        let now = self.runtime.now();
        let (fresh_since, fresh_until) = (before(now, self.settings.keepalive_after), after(now, UNKNOWN_AGE));
        let stale = self.stores.maintenance.stale_connections(fresh_since, fresh_until, STALE_A_ROUND).await;
        let dead = self.stores.maintenance.acquitted_refreshes(self.client, Some(now), ACQUITTED_A_ROUND).await;
        let alive = self.stores.maintenance.acquitted_refreshes(self.client, None, STALE_A_ROUND).await;
        for (user, generation) in [&orphans, &dead, &alive, &stale].into_iter().flatten().flatten() {
            self.refresh_in_background(user.clone(), *generation);
        }
        let looked_for = self.look_for_saved_pairs().await;
        self.start_revocation_checks().await?;
        looked_for?;
        orphans.and(dead).and(alive).and(stale).map(drop)
    }

    fn refresh_in_background(&self, user: UserId, generation: Generation) {
        let Ok(slot) = Arc::clone(&self.background_slots.0).try_acquire_owned() else { return };
        let this = self.clone();
        self.runtime.spawn(Box::pin(async move {
            // The store has the outcome. If the generation has moved on, nothing is sent.
            let _ = this.refreshing(user, generation, AskedBy::Background).await;
            drop(slot);
        }));
    }
}
