//! Whose contacts amoCRM refuses, though it serves the rest with the same access token.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::UseCases;
use super::{Holder, Reader, Reading};
use crate::clock::Instant;
use crate::ids::{Epoch, UserId};
use crate::ports::AmoError;
use crate::usecase::tokens::access_token::Access;

/// The most connections that it is remembered of.
const MOST: usize = 1_000;

/// The connections whose contacts were refused, and not served since. A refresh is worth one try
/// for them: a token that is refused for contacts alone is no better after it.
#[derive(Debug, Default)]
pub(crate) struct RefusedContacts(Mutex<HashMap<UserId, Epoch>>);

impl RefusedContacts {
    /// Notes that they were refused. Returns whether that is new.
    pub(crate) fn note(&self, holder: &Holder) -> bool {
        let mut known = self.refused();
        if !known.contains_key(&holder.user) && known.len() >= MOST {
            // Whoever is forgotten costs one refresh more.
            let other = known.keys().next().cloned();
            other.and_then(|other| known.remove(&other));
        }
        let before = known.insert(holder.user.clone(), holder.epoch);
        before != Some(holder.epoch)
    }

    /// Notes that they were served.
    pub(crate) fn clear(&self, holder: &Holder) {
        let mut known = self.refused();
        if known.get(&holder.user) == Some(&holder.epoch) {
            known.remove(&holder.user);
        }
    }

    /// Forgets a user whose connection has ended.
    pub(crate) fn forget(&self, user: &UserId) {
        self.refused().remove(user);
    }

    fn refused(&self) -> MutexGuard<'_, HashMap<UserId, Epoch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UseCases {
    /// What `work` gives with the next access token, for whom amoCRM refused a part with this one.
    /// `None` if there is no other, or it gives less.
    pub(crate) async fn read_with_the_next<T, F>(
        &self,
        user: &UserId,
        access: &Access,
        deadline: Instant,
        work: impl Fn(Reader) -> F,
    ) -> Option<(Access, Reading<T>)>
    where
        F: Future<Output = Result<Reading<T>, AmoError>>,
    {
        let next = self.access_after_service(user, access).await?;
        let reader = Reader::new(&self.reads, user, &next, deadline);
        let reading = work(reader.clone()).await.ok()?;
        if reading.gap == Some(AmoError::AccessRefused) {
            self.reads.refused_contacts.note(&reader.holder);
        }
        Some((next, reading))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(name: &str, epoch: i64) -> Holder {
        Holder { user: UserId::new(name).unwrap(), epoch: Epoch(epoch), account: None }
    }

    #[test]
    fn a_refusal_is_new_once_for_each_connection_until_it_is_over() {
        let refused = RefusedContacts::default();
        let (olena, ivan) = (holder("olena", 1), holder("ivan", 1));
        assert_eq!([refused.note(&olena), refused.note(&olena), refused.note(&ivan)], [true, false, true]);
        refused.clear(&olena);
        assert_eq!([refused.note(&olena), refused.note(&ivan)], [true, false]);
        assert!(refused.note(&holder("olena", 2)), "another connection");
        refused.clear(&olena);
        assert!(!refused.note(&holder("olena", 2)), "what the one before was served says nothing of it");
        refused.forget(&ivan.user);
        assert!(refused.note(&ivan));
    }

    #[test]
    fn it_is_remembered_of_so_many_and_of_the_newest() {
        let refused = RefusedContacts::default();
        for number in 0..MOST + 100 {
            assert!(refused.note(&holder(&format!("user {number}"), 1)));
            assert!(!refused.note(&holder(&format!("user {number}"), 1)), "{number}");
        }
        assert_eq!(refused.refused().len(), MOST);
    }
}
