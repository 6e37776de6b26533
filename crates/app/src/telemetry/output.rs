//! The thread that writes lines, and tells of those that were dropped or only counted.

use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::json::json;
use super::queue::{Lines, Queue};
use super::repeats::Repeats;

/// How often repeated failures and dropped lines are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long lines are gathered after some were written: under load, one wake-up and one write serve many of them.
const GATHERED_FOR: Duration = Duration::from_millis(5);

/// How long an end waits for lines to be written.
const LONGEST_END: Duration = Duration::from_secs(1);

/// The lines of this process.
static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// How many lines were dropped, because nobody read them fast enough.
pub fn dropped_lines() -> u64 {
    QUEUE.get().map_or(0, |queue| queue.dropped())
}

/// Logs that run. Dropping it writes what waits, and waits for that no longer than a second.
#[derive(Debug)]
pub struct Logging {
    repeats: Repeats,
    queue: Arc<Queue>,
    is_json: bool,
}

impl Logging {
    /// Starts to write the lines of `queue`.
    pub(super) fn start(queue: Arc<Queue>, repeats: Repeats, is_json: bool) -> Self {
        // Only the first is ever written to: a process has one subscriber.
        let _ = QUEUE.set(Arc::clone(&queue));
        let mut writer =
            Writer { queue: Arc::clone(&queue), repeats: repeats.clone(), told: 0, looked: Instant::now() };
        // It ends with the process: it may be waiting for somebody to read.
        thread::spawn(move || writer.run());
        Self { repeats, queue, is_json }
    }

    /// Tells why a service has ended, whatever `RUST_LOG` says.
    pub fn tell_failure(&self, problem: &str) {
        let mut lines = Lines(Arc::clone(&self.queue));
        if self.is_json {
            tracing::subscriber::with_default(json(lines), || {
                tracing::error!(error = problem, "amo-connect failed");
            });
        } else {
            // It cannot fail.
            let _ = lines.write_all(format!("amo-connect: {problem}\n").as_bytes());
        }
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.repeats.tell(true);
        self.queue.wait_until_written(LONGEST_END);
    }
}

struct Writer {
    queue: Arc<Queue>,
    repeats: Repeats,
    /// Of how many dropped lines it was told.
    told: u64,
    looked: Instant,
}

impl Writer {
    fn run(&mut self) {
        loop {
            if self.queue.write_waiting(LOOK_EVERY, &mut io::stderr()) {
                thread::sleep(GATHERED_FOR);
            }
            if self.looked.elapsed() >= LOOK_EVERY {
                self.looked = Instant::now();
                self.repeats.tell(false);
                self.tell_of_dropped_lines();
            }
        }
    }

    /// Tells how many lines were dropped since it was told last. If this line is dropped too, the next one tells of it.
    fn tell_of_dropped_lines(&mut self) {
        let dropped = self.queue.dropped();
        if dropped > self.told {
            tracing::warn!(lines = dropped - self.told, "log lines were dropped: nobody read them fast enough");
            if self.queue.dropped() == dropped {
                self.told = dropped;
            }
        }
    }
}
