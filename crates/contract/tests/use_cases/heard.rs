//! What the use cases have told an observer, counted.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use amo_connect_domain::ports::{Event, Observer, RefreshEnd};

/// Counts events.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    failed_saves: AtomicUsize,
    codes_refused: AtomicUsize,
    lost_pairs: AtomicUsize,
    /// Of the refreshes that have ended, which sending of its token each was.
    attempts: Mutex<Vec<u32>>,
    doubts: AtomicUsize,
}

impl Heard {
    /// How often new tokens were not saved.
    pub(crate) fn failed_saves(&self) -> usize {
        self.failed_saves.load(Ordering::Relaxed)
    }

    /// How many codes were not admitted.
    pub(crate) fn codes_refused(&self) -> usize {
        self.codes_refused.load(Ordering::Relaxed)
    }

    /// How often a pair was saved again that the store had lost.
    pub(crate) fn lost_pairs(&self) -> usize {
        self.lost_pairs.load(Ordering::Relaxed)
    }

    /// See [`RefreshEnded::attempt`](amo_connect_domain::ports::RefreshEnded::attempt).
    pub(crate) fn attempts(&self) -> Vec<u32> {
        self.attempts.lock().unwrap().clone()
    }

    /// How many refreshes ended in doubt.
    pub(crate) fn doubts(&self) -> usize {
        self.doubts.load(Ordering::Relaxed)
    }
}

impl Observer for Heard {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::SaveFailed => drop(self.failed_saves.fetch_add(1, Ordering::Relaxed)),
            Event::CodeRefused { .. } => drop(self.codes_refused.fetch_add(1, Ordering::Relaxed)),
            Event::LostPairSaved { .. } => drop(self.lost_pairs.fetch_add(1, Ordering::Relaxed)),
            Event::RefreshEnded(ended) => {
                self.attempts.lock().unwrap().push(ended.attempt);
                let is_doubt = matches!(ended.end, RefreshEnd::Failed { in_doubt: true, .. });
                self.doubts.fetch_add(usize::from(is_doubt), Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
