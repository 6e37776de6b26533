//! Saving the pair that a refresh gave: the old one is spent, so this goes on until it succeeds.

use crate::connection::{CrmConnection, Grant};
use crate::ports::{Event, RefreshEnd, Served, StoreError};
use crate::token::{Issued, TokenPair};
use crate::usecase::UseCases;
use crate::usecase::tokens::refresh_token::Sending;
use crate::usecase::tokens::tokens_in_flight::Pending;

impl UseCases {
    /// Saves the new pair, and tries until it succeeds: the old token is spent.
    pub(super) async fn save_pair(&self, sending: &Sending, issued: Issued) -> RefreshEnd {
        let Sending { connection, lease, .. } = sending;
        let (user, generation) = (&connection.user, &connection.generation);
        let served = Served { client: self.client, sent_at: lease.begun_at() };
        let pending = self.tokens_in_flight.take(Pending::Connection(user.clone()));
        let (account, named) = (issued.account, self.named_host(&issued));
        let pair = issued.into_pair(self.runtime.now());
        let mut tries = 0;
        let saved = loop {
            match self.stores.tokens.save_rotated(user, *generation, &pair, &served, self.runtime.now()).await {
                Ok(saved) => break saved,
                Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                    tracing::error!(%user, error = %error.whole(), attempt = tries, "refreshed tokens not saved; trying again");
                    pending.note_failure();
                    self.observer.observe(&Event::SaveFailed);
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                Err(StoreError::Conflict) => return self.superseded(sending, pair, served).await,
            }
        };
        self.saved_pairs.keep(&saved, served, self.runtime.instant());
        if pending.has_failed() {
            tracing::info!(%user, tries, "refreshed tokens are saved now");
        }
        if let (Some(Grant { account: None, .. }), Some(account)) = (saved.grant(), account) {
            let learnt = self.update(user, |connection| connection.learn_account(saved.generation, account));
            if let Err(error) = learnt.await {
                tracing::warn!(%user, %error, "account number not known yet");
            }
        }
        if let (Some(grant), Some(host)) = (saved.grant(), named)
            && grant.host != host
        {
            self.follow(user, saved.generation, &host).await;
        }
        RefreshEnd::Refreshed
    }

    /// The store does not show the tokens that were spent any more: the user has a newer grant or none. Or the store
    /// has lost a pair that it had confirmed; then this one is saved on what is left.
    async fn superseded(&self, sending: &Sending, pair: TokenPair, served: Served) -> RefreshEnd {
        let (user, mut newest) = (&sending.connection.user, sending.connection.clone());
        if newest.rotate(sending.lease.generation, pair, self.runtime.now()).is_err() {
            return RefreshEnd::Superseded;
        }
        let mut tries = 0;
        // Whether it is needed is not known before the store has been read: until then nobody else has it.
        while let Err(error @ StoreError::Unavailable(_)) = self.save_if_lost(&newest, served).await {
            tracing::warn!(%user, error = %error.whole(), attempt = tries, "not known whether the store has lost a pair");
            self.before_saving_again(tries).await;
            tries += 1;
        }
        RefreshEnd::Superseded
    }

    /// Saves the pair that `newest` has, if the store shows an older generation than the one that was spent for it.
    async fn save_if_lost(&self, newest: &CrmConnection, served: Served) -> Result<(), StoreError> {
        let Some(stored) = self.stores.tokens.connection(&newest.user).await? else { return Ok(()) };
        let has_fallen_back = stored.generation.next() < newest.generation;
        if has_fallen_back && self.saved_pairs.keep_if_lost(newest, served, self.runtime.instant(), &stored) {
            self.with_its_newest_pair(stored).await?;
        }
        Ok(())
    }
}
