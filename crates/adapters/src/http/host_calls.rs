//! How many calls to one host are under way: of a host that does not answer, few.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A host that has calls under way, and has answered none for so long, is silent: amoCRM answers in a second or two.
const SILENCE: Duration = Duration::from_secs(5);

/// How many calls to one silent host there are. They show that it answers again, and a lead with all its parts needs no
/// more.
const MOST_TO_A_SILENT_HOST: usize = 8;

/// How many of all calls may be to one host: a quarter, so that a host which has just fallen silent cannot take them
/// all. At least 16, which an account needs whose answers take two seconds; at most 128, which is more than a silent
/// host gets.
fn most_of_a_host(most_calls: usize) -> usize {
    (most_calls / 4).clamp(16, 128)
}

/// The hosts that calls are under way to.
///
/// All accounts of one of amoCRM's shards fall silent together, hundreds of them. So the calls to silent hosts are half
/// of all at most, and the other accounts have the other half.
pub(super) struct HostCalls {
    most: usize,
    hosts: Arc<Hosts>,
    to_silent_hosts: Arc<Semaphore>,
}

/// A call that is under way, until it is dropped.
pub(super) struct HostCall {
    host: String,
    hosts: Arc<Hosts>,
    _to_a_silent_host: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
struct Hosts(Mutex<HashMap<String, Host>>);

struct Host {
    under_way: usize,
    /// When it answered last, or was asked first.
    quiet_since: Instant,
}

impl HostCalls {
    /// Of so many calls in all.
    pub(super) fn of(most_calls: usize) -> Self {
        let to_silent_hosts = Arc::new(Semaphore::new((most_calls / 2).max(1)));
        Self { most: most_of_a_host(most_calls), hosts: Arc::default(), to_silent_hosts }
    }

    /// One more call to `host`; `None` if as many are under way as may be.
    pub(super) fn begin(&self, host: &str) -> Option<HostCall> {
        let (mut hosts, now) = (self.hosts.all(), Instant::now());
        let is_silent = hosts.get(host).is_some_and(|host| now.duration_since(host.quiet_since) >= SILENCE);
        let most = if is_silent { MOST_TO_A_SILENT_HOST } else { self.most };
        if hosts.get(host).is_some_and(|host| host.under_way >= most) {
            return None;
        }
        let to_a_silent_host =
            if is_silent { Some(Arc::clone(&self.to_silent_hosts).try_acquire_owned().ok()?) } else { None };
        hosts.entry(host.to_owned()).or_insert(Host { under_way: 0, quiet_since: now }).under_way += 1;
        Some(HostCall { host: host.to_owned(), hosts: Arc::clone(&self.hosts), _to_a_silent_host: to_a_silent_host })
    }
}

impl HostCall {
    /// Its host has answered.
    pub(super) fn answered(&self) {
        if let Some(host) = self.hosts.all().get_mut(&self.host) {
            host.quiet_since = Instant::now();
        }
    }
}

impl Drop for HostCall {
    fn drop(&mut self) {
        let mut hosts = self.hosts.all();
        match hosts.get_mut(&self.host) {
            Some(host) if host.under_way > 1 => host.under_way -= 1,
            _ => {
                hosts.remove(&self.host);
            }
        }
    }
}

impl Hosts {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HostCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostCalls").field("most", &self.most).finish_non_exhaustive()
    }
}

impl fmt::Debug for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostCall")
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Calls to `host` until no more may be begun.
    fn as_many_as_may_be(calls: &HostCalls, host: &str) -> Vec<HostCall> {
        std::iter::from_fn(|| calls.begin(host)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn one_host_has_a_quarter_of_the_calls() {
        for (all, of_one) in [(20, 16), (96, 24), (1_536, 128)] {
            let calls = HostCalls::of(all);
            let one = as_many_as_may_be(&calls, "one");
            assert_eq!((one.len(), as_many_as_may_be(&calls, "another").len()), (of_one, of_one), "of {all}");
            drop(one);
            assert!(calls.hosts.all().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_host_has_eight_until_it_answers() {
        let calls = HostCalls::of(96);
        let mut silent: Vec<_> = (0..10).filter_map(|_| calls.begin("silent")).collect();
        advance(SILENCE.checked_sub(Duration::from_millis(1)).unwrap()).await;
        silent.extend(calls.begin("silent"));
        assert_eq!(silent.len(), 11);
        advance(Duration::from_millis(1)).await;
        assert!(calls.begin("silent").is_none(), "more than eight are under way");
        assert_eq!(as_many_as_may_be(&calls, "another").len(), 24);
        silent.truncate(5);
        let more = as_many_as_may_be(&calls, "silent");
        assert_eq!(more.len(), 3);
        more[0].answered();
        assert_eq!(as_many_as_may_be(&calls, "silent").len(), 16);
        // What it has not answered counts no longer once nothing is under way.
        advance(SILENCE).await;
        assert!(calls.begin("silent").is_none());
        drop((silent, more));
        assert_eq!(as_many_as_may_be(&calls, "silent").len(), 24);
    }

    #[tokio::test(start_paused = true)]
    async fn silent_hosts_together_have_half_of_the_calls() {
        let calls = HostCalls::of(96);
        let asked: Vec<_> = (0..20).filter_map(|number| calls.begin(&format!("host-{number}"))).collect();
        advance(SILENCE).await;
        let to_silent_hosts: Vec<_> =
            (0..20).flat_map(|number| as_many_as_may_be(&calls, &format!("host-{number}"))).collect();
        assert_eq!((asked.len(), to_silent_hosts.len()), (20, 48));
        assert_eq!(as_many_as_may_be(&calls, "another").len(), 24);
        drop(to_silent_hosts);
        assert_eq!(as_many_as_may_be(&calls, "host-0").len(), 7);
    }
}
