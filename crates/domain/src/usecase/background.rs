//! Tending connections in the background: what nobody waits for, and must be done all the same.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::clock::{after, before};
use crate::ids::{Generation, UserId};
use crate::ports::StoreError;
use crate::usecase::UseCases;
use crate::usecase::tokens::refresh_token::AskedBy;

/// How many refreshes in the background go on at a time, in this process.
const AT_A_TIME: usize = 128;

/// How many orphaned refreshes are begun with in one round: somebody may be waiting for each.
const ORPHANS_A_ROUND: u32 = 100;

/// How many refreshes are begun with in one round that an accusation held up which is over, and
/// whose access tokens are dead: their users are without amoCRM.
const ACQUITTED_A_ROUND: u32 = 100;

/// How many stale connections are begun with in one round. They have months, so their work is
/// spread out.
const STALE_A_ROUND: u32 = 8;

/// Tokens that were issued so far in the future were dated by a clock that was ahead. Nearer ones
/// are past soon enough: amoCRM keeps a connection for days longer than the longest
/// [`Settings::keepalive_after`](crate::usecase::Settings::keepalive_after).
const UNKNOWN_AGE: Duration = Duration::from_hours(24);

/// The places for refreshes in the background.
#[derive(Clone, Debug)]
pub(crate) struct BackgroundSlots(Arc<Semaphore>);

impl Default for BackgroundSlots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }
}

impl UseCases {
    /// One round: finds out what became of refreshes whose owner died or whose answer was lost,
    /// refreshes connections that nobody has used for long, and looks where amoCRM told us to.
    ///
    /// To be called every [`BACKGROUND_INTERVAL`](crate::usecase::BACKGROUND_INTERVAL) in each process; leases keep several
    /// from doing the same work.
    pub async fn background_round(&self) -> Result<(), StoreError> {
        // What fails of this is not in the way of the rest.
        let orphans = self.stores.maintenance.orphaned_refreshes(ORPHANS_A_ROUND).await;
        let now = self.runtime.now();
        let (fresh_since, fresh_until) = (before(now, self.settings.keepalive_after), after(now, UNKNOWN_AGE));
        let stale = self.stores.maintenance.stale_connections(fresh_since, fresh_until, STALE_A_ROUND).await;
        let dead = self.stores.maintenance.acquitted_refreshes(self.client, Some(now), ACQUITTED_A_ROUND).await;
        let alive = self.stores.maintenance.acquitted_refreshes(self.client, None, STALE_A_ROUND).await;
        for (user, generation) in [&orphans, &dead, &alive, &stale].into_iter().flatten().flatten() {
            self.refresh_in_background(user.clone(), *generation);
        }
        self.look().await?;
        orphans.and(dead).and(alive).and(stale).map(drop)
    }

    fn refresh_in_background(&self, user: UserId, generation: Generation) {
        let Ok(place) = Arc::clone(&self.places.0).try_acquire_owned() else { return };
        let this = self.clone();
        self.runtime.spawn(Box::pin(async move {
            // Whatever comes of it is on record. For who comes late the generation has moved on.
            let _ = this.refreshing(user, generation, AskedBy::Service).await;
            drop(place);
        }));
    }
}
