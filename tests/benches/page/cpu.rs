//! Time on a processor, as Linux counts it.

use std::fs;
use std::time::Duration;

/// What a process has used, by all threads that it has now.
pub(crate) fn of_process(id: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    tasks.map(|task| of(&task.unwrap().path().join("schedstat").display().to_string())).sum()
}

/// What this thread has used.
pub(crate) fn of_this_thread() -> Duration {
    of("/proc/thread-self/schedstat")
}

fn of(schedstat: &str) -> Duration {
    // A thread may end between the two looks.
    let line = fs::read_to_string(schedstat).unwrap_or_default();
    Duration::from_nanos(line.split(' ').next().and_then(|used| used.parse().ok()).unwrap_or_default())
}
