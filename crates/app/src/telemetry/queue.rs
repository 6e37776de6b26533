//! Lines on their way to standard error. Who logs never waits for whoever reads.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How many lines wait to be written. More are dropped, and counted.
pub(super) const QUEUE: usize = 8192;

/// How many lines are written at once.
const BATCH: usize = 256;

/// Lines that wait, and how many were dropped.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// There is a line to write.
    added: Condvar,
    /// There is none.
    written: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    /// Whether lines that were taken out are being written.
    is_writing: bool,
    /// Whether the writer sleeps until a line comes.
    is_asleep: bool,
}

impl Queue {
    /// Adds a line, or counts it if there is no room.
    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.lines.len() >= QUEUE {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.lines.push_back(line.to_owned());
        if std::mem::take(&mut waiting.is_asleep) {
            self.added.notify_one();
        }
    }

    /// Writes the lines that wait, at most [`BATCH`], with one write, or the first that comes within `timeout`. Lines
    /// that cannot be written are dropped. Returns whether no more wait.
    pub(super) fn write_waiting(&self, timeout: Duration, output: &mut impl Write) -> bool {
        let mut waiting = self.waiting();
        waiting.is_asleep = waiting.lines.is_empty();
        let waited = self.added.wait_timeout_while(waiting, timeout, |waiting| waiting.lines.is_empty());
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.is_asleep = false;
        let count = waiting.lines.len().min(BATCH);
        let batch: Vec<Vec<u8>> = waiting.lines.drain(..count).collect();
        waiting.is_writing = count > 0;
        drop(waiting);
        let written = output.write_all(&batch.concat());
        if written.is_err() {
            self.dropped.fetch_add(count as u64, Ordering::Relaxed);
        }
        let mut waiting = self.waiting();
        waiting.is_writing = false;
        let is_all = waiting.lines.is_empty();
        if is_all {
            self.written.notify_all();
        }
        is_all
    }

    /// Waits until all lines are written, and no longer than `limit`. Whether they are.
    pub(super) fn wait_until_written(&self, limit: Duration) -> bool {
        let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.lines.is_empty();
        let waited = self.written.wait_timeout_while(self.waiting(), limit, is_busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// How many lines were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A writer of whole lines into a queue.
#[derive(Clone, Debug)]
pub(super) struct Lines(pub(super) Arc<Queue>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing, as a pipe whose reader is gone.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_as_they_went_in() {
        let (queue, mut output) = (Queue::default(), Vec::new());
        for line in ["one\n", "two\n"] {
            queue.push(line.as_bytes());
        }
        assert!(queue.write_waiting(Duration::ZERO, &mut output));
        assert!(queue.wait_until_written(Duration::ZERO));
        assert_eq!((String::from_utf8(output).unwrap().as_str(), queue.dropped()), ("one\ntwo\n", 0));
    }

    #[test]
    fn a_line_too_many_and_a_line_that_nobody_takes_are_counted() {
        let queue = Queue::default();
        for _ in 0..QUEUE + 3 {
            queue.push(b"line\n");
        }
        assert_eq!(queue.dropped(), 3);
        assert!(!queue.write_waiting(Duration::ZERO, &mut Broken));
        assert_eq!(queue.dropped(), 3 + BATCH as u64);
        queue.push(b"there is room again\n");
        assert_eq!(queue.dropped(), 3 + BATCH as u64);
    }
}
