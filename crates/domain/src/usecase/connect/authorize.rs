//! Starting an attempt, and reporting its progress to the app.

use jiff::Timestamp;
use url::Url;

use crate::authorization::attempt::{Attempt, AttemptReason, AttemptState};
use crate::authorization::progress::AttemptProgress;
use crate::ids::{AttemptId, UserId};
use crate::ports::StoreError;
use crate::token::{State, StateHash};
use crate::usecase::UseCases;

/// An attempt that has begun. It has no `Debug`: its URL holds the state.
pub struct Started {
    /// Its public name.
    pub attempt: AttemptId,
    /// Where the app sends the browser.
    pub authorization_url: Url,
    /// What the deep link will repeat.
    pub state: State,
    /// Until when the state is valid.
    pub expires_at: Timestamp,
}

/// An attempt as its user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptView {
    /// Its public name.
    pub attempt: AttemptId,
    /// Where it stands.
    pub progress: AttemptProgress,
}

impl UseCases {
    /// Begins an attempt of `user`, whose pages lead to `deep_link`, or else where the service's own link does. A
    /// connection they have is not touched.
    pub async fn start(&self, user: UserId, deep_link: Option<String>) -> Result<Started, StoreError> {
        let (mut id, mut state) = ([0; 16], [0; 32]);
        self.runtime.fill_random(&mut id);
        self.runtime.fill_random(&mut state);
        let state = State::from_random(state);
        let attempt = Attempt::open(AttemptId(id), user, StateHash::of(Some(&state)), self.runtime.now());
        let attempt = Attempt { deep_link, ..attempt };
        self.stores.tokens.open_attempt(&attempt).await?;
        self.deep_links.note(&attempt, self.runtime.instant());
        Ok(Started {
            attempt: attempt.id,
            authorization_url: self.amo.authorization_url(&state, self.settings.default_host.as_ref()),
            state,
            expires_at: attempt.expires_at,
        })
    }

    /// Where an attempt of `user` stands; `None` if they have no such attempt.
    pub async fn attempt(&self, user: &UserId, id: AttemptId) -> Result<Option<AttemptView>, StoreError> {
        let Some(attempt) = self.stores.tokens.attempt(id).await?.filter(|attempt| attempt.user == *user) else {
            return Ok(None);
        };
        let exchange = match attempt.state {
            AttemptState::Spent(code) => self.stores.tokens.exchange(code).await?,
            _ => None,
        };
        let progress = match attempt.progress(exchange.as_ref(), self.runtime.now(), self.stores.health.clock().await?)
        {
            AttemptProgress::Pending(_) if self.unrecorded.has(&attempt.state_hash) => {
                AttemptProgress::Pending(Some(AttemptReason::StorageUnavailable))
            }
            progress => progress,
        };
        Ok(Some(AttemptView { attempt: id, progress }))
    }
}
