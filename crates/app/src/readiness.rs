//! Whether this instance is better than none.
//!
//! It is, while it can read the database and the schema is one that it can serve. An instance that cannot
//! write is still better than none, unless others can.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amo_connect_domain::ports::StoreError;
use amo_connect_domain::usecase::UseCases;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How often the database is asked at most, whoever asks; and how long it may take to answer.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long our writes fail before it matters that others' do not.
const WRITES_MAY_FAIL: Duration = Duration::from_secs(10);

/// Why requests should go to other instances.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unready {
    /// This one is about to stop.
    #[error("this instance is about to stop")]
    Draining,
    /// The database cannot be read, or its schema is none that this build can serve.
    #[error("the database cannot be used")]
    Database(#[source] Arc<StoreError>),
    /// The database has not answered.
    #[error("the database has not answered within a second")]
    Silent,
    /// This instance cannot write, and others can.
    #[error("the database cannot be written by this instance, and by others it can")]
    OnlyOthersWrite,
}

/// What `/readyz` goes by.
#[derive(Debug)]
pub struct Readiness {
    draining: AtomicBool,
    runtime: Handle,
    last: Mutex<Option<Probe>>,
    writes: Arc<Mutex<Writes>>,
}

/// A question to the database, and its answer when that has come.
#[derive(Clone, Debug)]
struct Probe {
    begun: Instant,
    outcome: watch::Receiver<Option<Result<(), Unready>>>,
}

/// What became of our writes.
#[derive(Debug, Default)]
struct Writes {
    /// One is under way: a synchronous standby that is gone holds it up for long.
    under_way: bool,
    failing: Option<Failing>,
}

/// Our writes fail.
#[derive(Clone, Copy, Debug)]
struct Failing {
    since: Instant,
    /// The heartbeat as it was then. It moves if others can write.
    heartbeat: Option<Timestamp>,
}

impl Readiness {
    /// That of a process that is not draining; `runtime` is what store calls run on.
    pub fn new(runtime: Handle) -> Self {
        Self { draining: AtomicBool::new(false), runtime, last: Mutex::default(), writes: Arc::default() }
    }

    /// From now on requests should go to other instances.
    pub fn begin_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether they should.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether requests should come here. The database is asked at most once a second, and waited for
    /// for at most a second.
    pub async fn check(&self, use_cases: &UseCases) -> Result<(), Unready> {
        if self.is_draining() {
            return Err(Unready::Draining);
        }
        let mut probe = self.probe(use_cases);
        let answer = timeout_at(probe.begun + INTERVAL, probe.outcome.wait_for(Option::is_some)).await;
        match answer {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(Unready::Silent)),
            Ok(Err(_)) | Err(_) => Err(Unready::Silent),
        }
    }

    /// The question that is under way or was asked within a second, or a new one.
    fn probe(&self, use_cases: &UseCases) -> Probe {
        let mut last = locked(&self.last);
        if let Some(probe) = &*last
            && (probe.begun.elapsed() < INTERVAL || is_under_way(probe))
        {
            return probe.clone();
        }
        let (told, outcome) = watch::channel(None);
        let (use_cases, writes) = (use_cases.clone(), Arc::clone(&self.writes));
        self.runtime.spawn(async move {
            let read = use_cases.ready().await;
            let heartbeat = read.as_ref().ok().copied();
            let outcome = read.map_err(|error| Unready::Database(Arc::new(error)));
            let outcome = outcome.and_then(|heartbeat| locked(&writes).judge(heartbeat));
            told.send_replace(Some(outcome));
            if let Some(heartbeat) = heartbeat
                && locked(&writes).begin()
            {
                let written = use_cases.beat().await;
                locked(&writes).end(written, heartbeat);
            }
        });
        let probe = Probe { begun: Instant::now(), outcome };
        *last = Some(probe.clone());
        probe
    }
}

/// Whether its answer has not come, and may yet.
fn is_under_way(probe: &Probe) -> bool {
    probe.outcome.borrow().is_none() && probe.outcome.has_changed().is_ok()
}

impl Writes {
    /// Whether this instance is better than none, with a heartbeat that has just been read.
    fn judge(&self, heartbeat: Option<Timestamp>) -> Result<(), Unready> {
        match self.failing {
            Some(failing) if failing.since.elapsed() >= WRITES_MAY_FAIL && heartbeat != failing.heartbeat => {
                Err(Unready::OnlyOthersWrite)
            }
            _ => Ok(()),
        }
    }

    /// Whether a write may begin.
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.under_way, true)
    }

    /// A write has ended; `heartbeat` was read before it.
    fn end(&mut self, written: Result<(), StoreError>, heartbeat: Option<Timestamp>) {
        self.under_way = false;
        match (written, self.failing) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(failing)) => {
                self.failing = None;
                tracing::info!(failed_for_s = failing.since.elapsed().as_secs(), "the database can be written again");
            }
            (Err(error), None) => {
                self.failing = Some(Failing { since: Instant::now(), heartbeat });
                tracing::error!(error = %error.whole(), "the database can be read and not written");
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing_for(seconds: u64) -> Writes {
        let since = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        Writes { under_way: false, failing: Some(Failing { since, heartbeat: Some(Timestamp::UNIX_EPOCH) }) }
    }

    #[test]
    fn an_instance_that_cannot_write_is_better_than_none_unless_others_have_written_since() {
        let later = Timestamp::UNIX_EPOCH.checked_add(Duration::from_secs(1)).unwrap();
        for (writes, heartbeat, better) in [
            (Writes::default(), later, true),
            (failing_for(9), later, true),
            (failing_for(11), Timestamp::UNIX_EPOCH, true),
            (failing_for(11), later, false),
        ] {
            let judged = writes.judge(Some(heartbeat));
            assert_eq!(judged.is_ok(), better, "{judged:?}");
        }
    }

    #[test]
    fn writes_fail_from_the_first_failure_to_the_next_success_and_one_is_made_at_a_time() {
        let mut writes = Writes::default();
        assert!(writes.begin() && !writes.begin());
        writes.end(Err(StoreError::Conflict), None);
        let since = writes.failing.unwrap().since;
        assert!(writes.begin());
        writes.end(Err(StoreError::Conflict), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(writes.failing.unwrap().since, since);
        assert_eq!(writes.failing.unwrap().heartbeat, None);
        assert!(writes.begin());
        writes.end(Ok(()), None);
        assert!(writes.failing.is_none());
    }
}
