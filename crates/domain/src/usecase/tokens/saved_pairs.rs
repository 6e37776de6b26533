//! Pairs that were saved a short while ago: a store that has lost one gets it again.
//!
//! A database can lose what it has confirmed. An asynchronous standby that takes over lacks what had
//! not arrived yet, and a copy that is put back lacks what came after it. The refresh token that is
//! there then is spent, and its successor would be lost. So a process keeps each pair that it saved
//! until it has seen it in the store again, some minutes later.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Instant;
use crate::connection::{ConnectionState, CrmConnection};
use crate::ids::{Epoch, Generation, UserId};
use crate::ports::{Event, Served, StoreError};
use crate::token::TokenPair;
use crate::usecase::UseCases;

/// When a saved pair is looked for in the store. A standby lags by less than this.
const LOOKED_FOR_AFTER: Duration = Duration::from_mins(5);

/// How many pairs are kept at most; further ones are not.
const MOST: usize = 10_000;

/// How many pairs one background round looks for.
const LOOKED_FOR_A_ROUND: usize = 100;

/// A pair that the store has confirmed.
#[derive(Clone, Debug)]
struct SavedPair {
    pair: TokenPair,
    served: Served,
    generation: Generation,
    /// Which connection it is of: an epoch that was lost too can come again, for another connection.
    epoch: Epoch,
    connected_at: Option<Timestamp>,
    saved_at: Instant,
}

impl SavedPair {
    fn of(saved: &CrmConnection, served: Served, saved_at: Instant) -> Option<Self> {
        let pair = saved.grant()?.tokens.clone();
        let (generation, epoch, connected_at) = (saved.generation, saved.epoch, saved.connected_at);
        Some(Self { pair, served, generation, epoch, connected_at, saved_at })
    }

    /// Whether the store has lost it, if it shows `stored`: an older pair of the same connection.
    fn is_lost(&self, stored: &CrmConnection) -> bool {
        let is_same_connection = (self.epoch, self.connected_at) == (stored.epoch, stored.connected_at);
        let can_take_it = match &stored.state {
            // A newer pair of a history that this process does not know has the last word.
            ConnectionState::Connected(grant) => grant.tokens.issued_at <= self.pair.issued_at,
            ConnectionState::NeedsReauth { .. } => true,
            ConnectionState::Disconnected | ConnectionState::Revoked(_) => false,
        };
        is_same_connection && can_take_it && stored.generation < self.generation
    }
}

/// Those of this process, by their users.
#[derive(Debug, Default)]
pub(crate) struct SavedPairs(Mutex<HashMap<UserId, SavedPair>>);

impl SavedPairs {
    /// Keeps the pair that `saved` has.
    pub(crate) fn keep(&self, saved: &CrmConnection, served: Served, saved_at: Instant) {
        let Some(saved_pair) = SavedPair::of(saved, served, saved_at) else { return };
        let mut all = self.all();
        if all.len() < MOST || all.contains_key(&saved.user) {
            all.insert(saved.user.clone(), saved_pair);
        }
    }

    /// Keeps the pair that `newest` has, which could not be saved, if it is one that the store has lost where it shows
    /// `stored`. Whether it is.
    pub(crate) fn keep_if_lost(
        &self,
        newest: &CrmConnection,
        served: Served,
        now: Instant,
        stored: &CrmConnection,
    ) -> bool {
        let is_lost = SavedPair::of(newest, served, now).is_some_and(|saved| saved.is_lost(stored));
        if is_lost {
            self.keep(newest, served, now);
        }
        is_lost
    }

    /// Forgets the pair of `user`.
    pub(crate) fn forget(&self, user: &UserId) {
        self.all().remove(user);
    }

    /// The pair of this user that the store has lost, if it shows `stored`.
    fn lost(&self, stored: &CrmConnection) -> Option<SavedPair> {
        self.all().get(&stored.user).filter(|saved| saved.is_lost(stored)).cloned()
    }

    fn has(&self, user: &UserId) -> bool {
        self.all().contains_key(user)
    }

    /// The users whose pairs are due to be looked for at `now`, the oldest pair first.
    fn to_look_for(&self, now: Instant) -> Vec<UserId> {
        let all = self.all();
        let is_old = |saved: &SavedPair| now.since(saved.saved_at) >= LOOKED_FOR_AFTER;
        let mut old: Vec<_> = all.iter().filter(|(_, saved)| is_old(saved)).collect();
        old.sort_unstable_by_key(|(_, saved)| saved.saved_at);
        old.into_iter().take(LOOKED_FOR_A_ROUND).map(|(user, _)| user.clone()).collect()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<UserId, SavedPair>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UseCases {
    /// What the store has to show where it shows `stored`: the same, unless it has lost a newer pair,
    /// which is saved again first.
    pub(crate) async fn with_its_newest_pair(&self, stored: CrmConnection) -> Result<CrmConnection, StoreError> {
        let mut current = stored;
        while let Some(lost) = self.saved_pairs.lost(&current) {
            let (user, generation) = (&current.user, current.generation);
            let now = self.runtime.now();
            // Up to the generation that it had: another process may keep an older pair that was lost too, and goes by
            // the generations.
            current = match self.stores.tokens.save_rotated(user, generation, &lost.pair, &lost.served, now).await {
                Ok(saved) => {
                    // Only now is it certain: another task may have saved the pair after this one had read the row.
                    self.observer.observe(&Event::LostPairSaved { user, saved: lost.generation, found: generation });
                    saved
                }
                Err(StoreError::Conflict) => match self.stores.tokens.connection(user).await? {
                    Some(changed) if changed.generation != generation => changed,
                    _ => return Ok(current),
                },
                Err(error) => return Err(error),
            };
        }
        Ok(current)
    }

    /// The same for `user`, whose row is read if this process has saved a pair of theirs.
    pub(crate) async fn restore_lost_pair(&self, user: &UserId) -> Result<(), StoreError> {
        if self.saved_pairs.has(user)
            && let Some(stored) = self.stores.tokens.connection(user).await?
        {
            self.with_its_newest_pair(stored).await?;
        }
        Ok(())
    }

    /// Looks for pairs that were saved some minutes ago, and forgets those that are there.
    pub(crate) async fn look_for_saved_pairs(&self) -> Result<(), StoreError> {
        for user in self.saved_pairs.to_look_for(self.runtime.instant()) {
            match self.restore_lost_pair(&user).await {
                // What cannot be opened is nobody's pair any more, as far as this process can tell.
                Ok(()) | Err(StoreError::Corrupt(_)) => self.saved_pairs.forget(&user),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientFingerprint;
    use crate::connection::Grant;
    use crate::host::AccountHost;
    use crate::token::{AccessToken, Issued, RefreshToken};

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn pair(name: &str, issued: i64) -> TokenPair {
        let issued_pair = Issued {
            access: AccessToken::new(format!("access-{name}")),
            refresh: RefreshToken::new(format!("refresh-{name}")),
            expires_in: Duration::from_hours(24),
            account: None,
            host: None,
        };
        issued_pair.into_pair(second(issued))
    }

    /// A connection since second 0, with a pair of generation 1.
    fn connected() -> CrmConnection {
        let mut connection = CrmConnection::new(UserId::new("olena").unwrap());
        let host = AccountHost::stored("account1.amocrm.ru".to_owned());
        connection.connect(Grant { host, account: None, tokens: pair("first", 0) }, second(0));
        connection
    }

    fn rotated(connection: &CrmConnection, issued: i64) -> CrmConnection {
        let mut rotated = connection.clone();
        rotated.rotate(connection.generation, pair("next", issued), second(issued)).unwrap();
        rotated
    }

    fn keeping(saved: &CrmConnection) -> SavedPairs {
        let (pairs, served) =
            (SavedPairs::default(), Served { client: ClientFingerprint::default(), sent_at: Timestamp::MIN });
        pairs.keep(saved, served, Instant::default());
        pairs
    }

    fn is_lost(kept: &CrmConnection, stored: &CrmConnection) -> bool {
        keeping(kept).lost(stored).is_some()
    }

    #[test]
    fn an_older_pair_of_the_same_connection_is_one_that_was_lost() {
        let (old, new) = (connected(), rotated(&connected(), 10));
        assert!(is_lost(&new, &old));
        assert!(is_lost(&rotated(&new, 20), &old), "two were lost");
        let mut refused = old.clone();
        refused.refuse(old.generation, crate::connection::ReauthReason::GrantRevoked, second(11)).unwrap();
        assert!(is_lost(&new, &refused), "and the spent one was refused");
    }

    #[test]
    fn the_pair_itself_and_newer_ones_are_none() {
        let (old, new) = (connected(), rotated(&connected(), 10));
        assert!(!is_lost(&new, &new));
        assert!(!is_lost(&old, &new));
        assert!(!is_lost(&rotated(&new, 20), &rotated(&old, 30)), "a pair that was issued later");
    }

    #[test]
    fn nothing_is_brought_back_after_a_disconnect_a_revocation_or_a_new_connection() {
        let (old, new) = (connected(), rotated(&connected(), 10));
        let mut gone = old.clone();
        gone.disconnect();
        let mut again = old.clone();
        again.connect(old.grant().unwrap().clone(), second(5));
        let mut revoked = old.clone();
        revoked.revoke(old.generation).unwrap();
        for stored in [&gone, &again, &revoked] {
            assert!(!is_lost(&new, stored), "{stored:?}");
        }
        // The connect was lost, and the user has connected again since: the epoch is the same, the connection is not.
        let kept = rotated(&again, 12);
        let mut other = old.clone();
        other.connect(old.grant().unwrap().clone(), second(6));
        assert_eq!(kept.epoch, other.epoch);
        assert!(!is_lost(&kept, &other));
    }

    #[test]
    fn pairs_are_looked_for_after_some_minutes_the_oldest_first() {
        let (pairs, served) =
            (SavedPairs::default(), Served { client: ClientFingerprint::default(), sent_at: Timestamp::MIN });
        let at = |seconds| Instant::at(Duration::from_secs(seconds));
        for (name, saved_at) in [("late", 200), ("early", 100)] {
            let mut connection = connected().into_parts();
            connection.user = UserId::new(name).unwrap();
            pairs.keep(&CrmConnection::restore(connection).unwrap(), served, at(saved_at));
        }
        let due = |seconds| pairs.to_look_for(at(seconds)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(due(399), [""; 0]);
        assert_eq!(due(400), ["early"]);
        assert_eq!(due(500), ["early", "late"]);
        pairs.forget(&UserId::new("early").unwrap());
        assert_eq!(due(500), ["late"]);
    }

    #[test]
    fn so_many_are_kept_and_of_those_the_newest() {
        let (pairs, served) =
            (SavedPairs::default(), Served { client: ClientFingerprint::default(), sent_at: Timestamp::MIN });
        let of = |number: usize| {
            let mut connection = connected().into_parts();
            connection.user = UserId::new(number.to_string()).unwrap();
            CrmConnection::restore(connection).unwrap()
        };
        for number in 0..=MOST {
            pairs.keep(&of(number), served, Instant::default());
        }
        assert!(pairs.has(&of(MOST - 1).user) && !pairs.has(&of(MOST).user));
        let (old, new) = (of(0), rotated(&of(0), 10));
        pairs.keep(&new, served, Instant::default());
        assert!(pairs.lost(&old).is_some_and(|lost| lost.generation == new.generation));
    }
}
