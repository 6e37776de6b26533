//! How many calls to one host are under way: of a host that does not answer, few.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A host that has calls under way, and has answered none for so long, is silent: amoCRM answers in a second or two.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a silent host is known to be that, after the last call to it has ended without an answer.
const REMEMBERED: Duration = Duration::from_mins(1);

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
/// All accounts of one of amoCRM's shards fall silent together, hundreds of them. So no call to a silent host begins
/// while half of all calls are to silent hosts, and the other accounts have the other half.
pub(super) struct HostCalls {
    most: usize,
    most_to_silent_hosts: usize,
    hosts: Arc<Hosts>,
}

/// Why there is no further call to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostFull {
    /// It has as many as a host may have.
    Busy,
    /// It is silent, and it or all silent hosts together have as many as they may have.
    Silent,
}

/// A call that is under way, until it is dropped.
pub(super) struct HostCall {
    host: String,
    hosts: Arc<Hosts>,
}

#[derive(Default)]
struct Hosts(Mutex<HashMap<String, Host>>);

struct Host {
    under_way: usize,
    /// When it answered last, or was asked first.
    quiet_since: Instant,
    /// When the last call to it ended, if none is under way.
    left_at: Option<Instant>,
}

impl Host {
    fn is_silent(&self, now: Instant) -> bool {
        now.duration_since(self.quiet_since) >= SILENCE
    }

    fn is_remembered(&self, now: Instant) -> bool {
        self.left_at.is_none_or(|left_at| now.duration_since(left_at) < REMEMBERED)
    }
}

impl HostCalls {
    /// Of so many calls in all.
    pub(super) fn of(most_calls: usize) -> Self {
        let most_to_silent_hosts = (most_calls / 2).max(1);
        Self { most: most_of_a_host(most_calls), most_to_silent_hosts, hosts: Arc::default() }
    }

    /// One more call to `host`, if there may be one.
    pub(super) fn begin(&self, host: &str) -> Result<HostCall, HostFull> {
        let (mut hosts, now) = (self.hosts.all(), Instant::now());
        let known = hosts.get(host).filter(|host| host.is_remembered(now));
        let under_way = known.map_or(0, |host| host.under_way);
        if known.is_some_and(|host| host.is_silent(now)) {
            let to_silent_hosts = hosts.values().filter(|host| host.is_silent(now)).map(|host| host.under_way);
            if under_way >= MOST_TO_A_SILENT_HOST || to_silent_hosts.sum::<usize>() >= self.most_to_silent_hosts {
                return Err(HostFull::Silent);
            }
        } else if under_way >= self.most {
            return Err(HostFull::Busy);
        } else if under_way == 0 {
            hosts.insert(host.to_owned(), Host { under_way, quiet_since: now, left_at: None });
        }
        if let Some(host) = hosts.get_mut(host) {
            (host.under_way, host.left_at) = (under_way + 1, None);
        }
        Ok(HostCall { host: host.to_owned(), hosts: Arc::clone(&self.hosts) })
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
        let (mut hosts, now) = (self.hosts.all(), Instant::now());
        let Some(host) = hosts.get_mut(&self.host) else { return };
        host.under_way -= 1;
        if host.under_way > 0 {
            return;
        }
        host.left_at = Some(now);
        if host.is_silent(now) {
            hosts.retain(|_, host| host.is_remembered(now));
        } else {
            hosts.remove(&self.host);
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
        std::iter::from_fn(|| calls.begin(host).ok()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn one_host_has_a_quarter_of_the_calls() {
        for (all, of_one) in [(20, 16), (96, 24), (1_536, 128)] {
            let calls = HostCalls::of(all);
            let one = as_many_as_may_be(&calls, "one");
            assert_eq!(calls.begin("one").err(), Some(HostFull::Busy));
            assert_eq!((one.len(), as_many_as_may_be(&calls, "another").len()), (of_one, of_one), "of {all}");
            drop(one);
            assert!(calls.hosts.all().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_host_has_eight_until_it_answers() {
        let calls = HostCalls::of(96);
        let mut silent: Vec<_> = (0..10).filter_map(|_| calls.begin("silent").ok()).collect();
        advance(SILENCE.checked_sub(Duration::from_millis(1)).unwrap()).await;
        silent.extend(calls.begin("silent"));
        assert_eq!(silent.len(), 11);
        advance(Duration::from_millis(1)).await;
        assert_eq!(calls.begin("silent").err(), Some(HostFull::Silent), "more than eight are under way");
        assert_eq!(as_many_as_may_be(&calls, "another").len(), 24);
        silent.truncate(5);
        let more = as_many_as_may_be(&calls, "silent");
        assert_eq!(more.len(), 3);
        more[0].answered();
        assert_eq!(as_many_as_may_be(&calls, "silent").len(), 16);
        advance(SILENCE).await;
        assert_eq!(calls.begin("silent").err(), Some(HostFull::Silent));
        drop((silent, more));
        assert_eq!(as_many_as_may_be(&calls, "silent").len(), 8, "it is remembered");
        advance(REMEMBERED).await;
        assert_eq!(as_many_as_may_be(&calls, "silent").len(), 24);
    }

    #[tokio::test(start_paused = true)]
    async fn silent_hosts_together_have_half_of_the_calls() {
        let calls = HostCalls::of(96);
        let names: Vec<_> = (0..96).map(|number| format!("host-{number}")).collect();
        // One caller asks each host, and asks again when no answer comes.
        let mut asked: Vec<_> = names.iter().filter_map(|name| calls.begin(name).ok()).collect();
        assert_eq!(asked.len(), 96);
        for _ in 0..3 {
            advance(SILENCE).await;
            asked.clear();
            asked.extend(names.iter().filter_map(|name| calls.begin(name).ok()));
            assert_eq!((asked.len(), as_many_as_may_be(&calls, "another").len()), (48, 24));
        }
        asked[0].answered();
        assert_eq!(as_many_as_may_be(&calls, &names[0]).len(), 23);
        assert!(calls.begin(&names[95]).is_ok(), "one silent host less");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_ends_early_or_was_answered_leaves_nothing_and_silent_hosts_are_forgotten() {
        let calls = HostCalls::of(96);
        let early = calls.begin("early").unwrap();
        advance(Duration::from_secs(1)).await;
        drop(early);
        let answered = calls.begin("answered").unwrap();
        advance(SILENCE * 2).await;
        answered.answered();
        drop(answered);
        assert!(calls.hosts.all().is_empty());
        let silent = calls.begin("silent").unwrap();
        advance(SILENCE).await;
        drop(silent);
        advance(REMEMBERED).await;
        let another = calls.begin("another").unwrap();
        advance(SILENCE).await;
        drop(another);
        assert_eq!(calls.hosts.all().keys().collect::<Vec<_>>(), ["another"]);
    }
}
