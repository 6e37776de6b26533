//! The cache of recent reads, for each connection apart.
//!
//! It is bounded and short-lived, and uses the time of the [`Runtime`], so that a test can let it
//! pass. That is why no library with a clock of its own is used.
//!
//! [`Runtime`]: crate::ports::Runtime

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Holder;
use crate::clock::Instant;
use crate::crm::account::{AmoAccount, User};
use crate::crm::contact::Contact;
use crate::crm::pipeline::Pipeline;
use crate::ids::UserId;

/// How long the account is cached: a grant is one user's for ever, and a name or a currency seldom changes.
const ACCOUNT_TTL: Duration = Duration::from_mins(10);

/// How long users are cached.
const USERS_TTL: Duration = Duration::from_mins(1);

/// How long pipelines are cached.
const PIPELINES_TTL: Duration = Duration::from_mins(1);

/// How long a contact is cached, and the fact that there is none.
const CONTACTS_TTL: Duration = Duration::from_secs(30);

/// The most connections with cached reads.
const MOST_ENTRIES: usize = 1_000;

/// The most contacts cached for a connection: two of the largest pages.
const MOST_CONTACTS: usize = 500;

/// Contacts by number; `None` for one that amoCRM does not show.
pub(crate) type Contacts = HashMap<u64, Option<Arc<Contact>>>;

/// One entry for each user, for their newest connection only.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<UserId, CacheEntry>>);

struct CacheEntry {
    holder: Holder,
    used: Instant,
    account: Option<Aged<Arc<AmoAccount>>>,
    users: Option<Aged<Arc<Vec<User>>>>,
    pipelines: Option<Aged<Arc<Vec<Pipeline>>>>,
    contacts: HashMap<u64, Aged<Option<Arc<Contact>>>>,
}

struct Aged<T> {
    what: T,
    since: Instant,
}

impl<T> Aged<T> {
    fn is_fresh(&self, ttl: Duration, now: Instant) -> bool {
        now.since(self.since) < ttl
    }
}

/// What was kept, if it still is fresh.
fn fresh<T: Clone>(kept: Option<&Aged<T>>, ttl: Duration, now: Instant) -> Option<T> {
    kept.filter(|aged| aged.is_fresh(ttl, now)).map(|aged| aged.what.clone())
}

impl CacheEntry {
    fn empty(holder: &Holder, now: Instant) -> Self {
        Self {
            holder: holder.clone(),
            used: now,
            account: None,
            users: None,
            pipelines: None,
            contacts: HashMap::new(),
        }
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.account.as_ref().is_some_and(|aged| aged.is_fresh(ACCOUNT_TTL, now))
            || self.users.as_ref().is_some_and(|aged| aged.is_fresh(USERS_TTL, now))
            || self.pipelines.as_ref().is_some_and(|aged| aged.is_fresh(PIPELINES_TTL, now))
            || self.contacts.values().any(|aged| aged.is_fresh(CONTACTS_TTL, now))
    }
}

impl Cache {
    pub(crate) fn account(&self, holder: &Holder, now: Instant) -> Option<Arc<AmoAccount>> {
        self.own(holder, |own| fresh(own.account.as_ref(), ACCOUNT_TTL, now))
    }

    pub(crate) fn keep_account(&self, holder: &Holder, account: &Arc<AmoAccount>, now: Instant) {
        self.fill(holder, now, |entry| entry.account = Some(Aged { what: Arc::clone(account), since: now }));
    }

    pub(crate) fn users(&self, holder: &Holder, now: Instant) -> Option<Arc<Vec<User>>> {
        self.own(holder, |own| fresh(own.users.as_ref(), USERS_TTL, now))
    }

    pub(crate) fn keep_users(&self, holder: &Holder, users: &Arc<Vec<User>>, now: Instant) {
        self.fill(holder, now, |entry| entry.users = Some(Aged { what: Arc::clone(users), since: now }));
    }

    pub(crate) fn pipelines(&self, holder: &Holder, now: Instant) -> Option<Arc<Vec<Pipeline>>> {
        self.own(holder, |own| fresh(own.pipelines.as_ref(), PIPELINES_TTL, now))
    }

    /// What `read` finds in the entry of this very connection.
    fn own<T>(&self, holder: &Holder, read: impl FnOnce(&CacheEntry) -> Option<T>) -> Option<T> {
        read(self.entries().get(&holder.user).filter(|own| own.holder == *holder)?)
    }

    pub(crate) fn keep_pipelines(&self, holder: &Holder, pipelines: &Arc<Vec<Pipeline>>, now: Instant) {
        self.fill(holder, now, |entry| entry.pipelines = Some(Aged { what: Arc::clone(pipelines), since: now }));
    }

    /// Those of `ids` that are known.
    pub(crate) fn contacts(&self, holder: &Holder, ids: &[u64], now: Instant) -> Contacts {
        let entries = self.entries();
        let Some(own) = entries.get(&holder.user).filter(|own| own.holder == *holder) else {
            return Contacts::new();
        };
        let known = |id: &u64| Some((*id, own.contacts.get(id)?));
        let fresh = ids.iter().filter_map(known).filter(|(_, aged)| aged.is_fresh(CONTACTS_TTL, now));
        fresh.map(|(id, aged)| (id, aged.what.clone())).collect()
    }

    pub(crate) fn keep_contacts(&self, holder: &Holder, contacts: &Contacts, now: Instant) {
        self.fill(holder, now, |entry| {
            if entry.contacts.len() + contacts.len() > MOST_CONTACTS {
                entry.contacts.retain(|_, aged| aged.is_fresh(CONTACTS_TTL, now));
            }
            if entry.contacts.len() + contacts.len() > MOST_CONTACTS {
                entry.contacts.clear();
            }
            let aged = |(id, what): (&u64, &Option<Arc<Contact>>)| (*id, Aged { what: what.clone(), since: now });
            entry.contacts.extend(contacts.iter().map(aged));
        });
    }

    /// Removes the entry of a user whose connection has ended.
    pub(crate) fn forget(&self, user: &UserId) {
        self.entries().remove(user);
    }

    /// Removes the contacts of a user who has written.
    pub(crate) fn forget_contacts(&self, user: &UserId) {
        if let Some(entry) = self.entries().get_mut(user) {
            entry.contacts.clear();
        }
    }

    /// Removes what is not fresh.
    pub(crate) fn sweep(&self, now: Instant) {
        self.entries().retain(|_, entry| {
            entry.contacts.retain(|_, aged| aged.is_fresh(CONTACTS_TTL, now));
            entry.is_fresh(now)
        });
    }

    /// Changes the entry of `holder`. A connection that was replaced since has none any more.
    fn fill(&self, holder: &Holder, now: Instant, put: impl FnOnce(&mut CacheEntry)) {
        let mut entries = self.entries();
        let known = entries.get(&holder.user).map(|entry| &entry.holder);
        if known.is_some_and(|known| known.epoch > holder.epoch) {
            return;
        }
        if known != Some(holder) {
            make_room(&mut entries, now);
            entries.insert(holder.user.clone(), CacheEntry::empty(holder, now));
        }
        if let Some(entry) = entries.get_mut(&holder.user) {
            entry.used = now;
            put(entry);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<UserId, CacheEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(entries: &mut HashMap<UserId, CacheEntry>, now: Instant) {
    if entries.len() >= MOST_ENTRIES {
        entries.retain(|_, entry| entry.is_fresh(now));
    }
    if entries.len() >= MOST_ENTRIES {
        let oldest = entries.iter().min_by_key(|(_, entry)| entry.used).map(|(user, _)| user.clone());
        oldest.map(|user| entries.remove(&user));
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("entries", &self.entries().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, Epoch};

    fn at(second: u64) -> Instant {
        Instant::at(Duration::from_secs(second))
    }

    fn holder(user: &str, epoch: i64) -> Holder {
        Holder { user: UserId::new(user).unwrap(), epoch: Epoch(epoch), account: Some(AccountId(1)) }
    }

    fn some(ids: impl IntoIterator<Item = u64>) -> Contacts {
        ids.into_iter().map(|id| (id, None)).collect()
    }

    fn knows(cache: &Cache, holder: &Holder, second: u64) -> (bool, bool) {
        (cache.pipelines(holder, at(second)).is_some(), !cache.contacts(holder, &[1], at(second)).is_empty())
    }

    fn filled(holder: &Holder) -> Cache {
        let cache = Cache::default();
        cache.keep_pipelines(holder, &Arc::default(), at(0));
        cache.keep_contacts(holder, &some([1]), at(0));
        cache
    }

    #[test]
    fn pipelines_last_a_minute_and_contacts_half_of_it() {
        let olena = holder("olena", 1);
        let cache = filled(&olena);
        for (second, expected) in
            [(0, (true, true)), (29, (true, true)), (30, (true, false)), (59, (true, false)), (60, (false, false))]
        {
            assert_eq!(knows(&cache, &olena, second), expected, "after {second} s");
        }
    }

    #[test]
    fn users_last_a_minute_and_the_account_ten() {
        let olena = holder("olena", 1);
        let cache = Cache::default();
        let knows = |holder: &Holder, second| {
            (cache.account(holder, at(second)).is_some(), cache.users(holder, at(second)).is_some())
        };
        assert_eq!(knows(&olena, 0), (false, false));
        cache.keep_account(&olena, &Arc::new(AmoAccount::numbered(AccountId(1))), at(0));
        cache.keep_users(&olena, &Arc::default(), at(0));
        for (second, expected) in [(59, (true, true)), (60, (true, false)), (599, (true, false)), (600, (false, false))]
        {
            assert_eq!(knows(&olena, second), expected, "after {second} s");
        }
        for other in [holder("ivan", 1), holder("olena", 2)] {
            assert_eq!(knows(&other, 0), (false, false), "{other:?}");
        }
        cache.sweep(at(599));
        assert!(knows(&olena, 599).0);
        cache.sweep(at(600));
        assert_eq!(cache.entries().len(), 0);
    }

    #[test]
    fn no_other_user_and_no_other_connection_sees_cached_reads() {
        let olena = holder("olena", 2);
        let cache = filled(&olena);
        let elsewhere = Holder { account: Some(AccountId(2)), ..olena.clone() };
        for other in [holder("ivan", 2), holder("olena", 1), holder("olena", 3), elsewhere] {
            assert_eq!(knows(&cache, &other, 0), (false, false), "{other:?}");
        }
        // A late read of the connection before is not cached.
        cache.keep_contacts(&holder("olena", 1), &some([1]), at(0));
        assert_eq!(knows(&cache, &olena, 0), (true, true));
        assert_eq!(knows(&cache, &holder("olena", 1), 0), (false, false));
        // The next connection begins with nothing.
        cache.keep_pipelines(&holder("olena", 3), &Arc::default(), at(0));
        assert_eq!(knows(&cache, &holder("olena", 3), 0), (true, false));
        assert_eq!(knows(&cache, &olena, 0), (false, false));
        cache.forget(&olena.user);
        assert_eq!(knows(&cache, &holder("olena", 3), 0), (false, false));
    }

    #[test]
    fn neither_connections_nor_contacts_pile_up() {
        let cache = Cache::default();
        for number in 0..1_100 {
            cache.keep_pipelines(&holder(&format!("user {number}"), 1), &Arc::default(), at(number / 100));
        }
        assert_eq!(cache.entries().len(), MOST_ENTRIES);
        assert!(knows(&cache, &holder("user 1099", 1), 11).0);
        assert!(!knows(&cache, &holder("user 0", 1), 11).0);

        let olena = holder("olena", 1);
        for page in 0..10 {
            cache.keep_contacts(&olena, &some(page * 250..page * 250 + 250), at(12));
        }
        assert!(cache.entries()[&olena.user].contacts.len() <= MOST_CONTACTS);
        assert_eq!(cache.contacts(&olena, &[2_499], at(12)).len(), 1);
        cache.keep_pipelines(&olena, &Arc::default(), at(50));
        cache.sweep(at(75));
        assert_eq!(cache.entries().len(), 1);
        assert_eq!(cache.entries()[&olena.user].contacts.len(), 0, "names are not cached longer than they are used");
        cache.sweep(at(1_000));
        assert_eq!(cache.entries().len(), 0);
    }
}
