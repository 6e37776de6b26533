//! Time on a processor, as Linux counts it.

use std::{fs, time::Duration};

/// The threads that answer requests, by the names that the system cuts.
const WORKERS: &str = "actix-server wo";

/// What the threads that answer requests have used by now; `None` where nobody says so.
pub(crate) fn of_workers() -> Option<Duration> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.filter_map(Result::ok).map(|task| task.path());
    let is_worker =
        |task: &std::path::PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == WORKERS);
    let used = |task: std::path::PathBuf| {
        let line = fs::read_to_string(task.join("schedstat")).ok()?;
        line.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    let used: Vec<_> = tasks.filter(is_worker).filter_map(used).collect();
    (!used.is_empty()).then(|| used.iter().sum())
}
