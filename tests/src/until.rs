//! Waiting for a condition, and never for a time to pass.

use std::time::{Duration, Instant};

/// How long a test waits before it fails.
const DEADLINE: Duration = Duration::from_mins(1);

/// How often the condition is checked: less often than `USER_RATE` allows.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Ends when `is_so`; fails the test if that takes a minute.
pub async fn until(what: &str, is_so: impl AsyncFnMut() -> bool) {
    until_within(DEADLINE, what, is_so).await;
}

/// Ends when `is_so`, and says how long that took; fails the test if it is longer than `limit`.
pub async fn until_within(limit: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < limit, "{limit:?} have passed, and still not: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    begun.elapsed()
}
