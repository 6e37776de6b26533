//! Failures that are repeated: the first is told, the others are counted.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// How often a failure that goes on is told.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// How many failures are told apart at one time. Beyond that, whom they concern does not count: strangers can make
/// up as many names as they like, and a flood of different failures must not be a flood of lines.
const KINDS: usize = 2048;

/// Where the log tells of itself: such a line is a count already.
const OUR_OWN: [&str; 2] = ["amo_connect::telemetry::repeats", "amo_connect::telemetry::output"];

/// The field that a request's failure has.
const CODE: &str = "error.code";

/// The field that the line of a whole refresh or exchange has: each of them is told.
const OUTCOME: &str = "outcome";

/// What becomes of lines about failures.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeats(Arc<Mutex<HashMap<Failure, Repeated>>>);

/// Failures that are the same: of a request by route and code, else by their words; and of the same user or account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Failure {
    message: String,
    code: Option<String>,
    route: Option<String>,
    user: Option<String>,
    account: Option<String>,
}

#[derive(Debug)]
struct Repeated {
    since: Instant,
    level: Level,
    times: u64,
}

impl Failure {
    /// What an event is about; `None` if it is to be told in any case.
    fn of(event: &Event<'_>) -> Option<Self> {
        let (metadata, has) = (event.metadata(), |name| event.metadata().fields().field(name).is_some());
        let is_failure = has(CODE) || *metadata.level() <= Level::WARN;
        if !is_failure || has(OUTCOME) || OUR_OWN.contains(&metadata.target()) {
            return None;
        }
        let mut failure = Self::default();
        event.record(&mut failure);
        Some(failure)
    }

    /// The same, whomever it concerns.
    fn of_anybody(self, target: &str) -> Self {
        let message = if self.code.is_some() { self.message } else { target.to_owned() };
        Self { message, user: None, account: None, ..self }
    }
}

impl Repeats {
    /// Whether an event is to be told, and not only counted.
    fn tells(&self, event: &Event<'_>) -> bool {
        let Some(mut failure) = Failure::of(event) else { return true };
        let mut seen = self.seen();
        if seen.len() >= KINDS && !seen.contains_key(&failure) {
            failure = failure.of_anybody(event.metadata().target());
        }
        if let Some(repeated) = seen.get_mut(&failure) {
            repeated.times += 1;
            return false;
        }
        seen.insert(failure, Repeated { since: Instant::now(), level: *event.metadata().level(), times: 0 });
        true
    }

    /// Tells how often failures were repeated whose time is over; all of them if `at_the_end`.
    pub(super) fn tell(&self, at_the_end: bool) {
        let over: Vec<_> =
            self.seen().extract_if(|_, repeated| at_the_end || repeated.since.elapsed() >= TOLD_EVERY).collect();
        for (failure, repeated) in over {
            if repeated.times > 0 {
                tell(&failure, &repeated);
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Failure, Repeated>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(failure: &Failure, repeated: &Repeated) {
    let (code, route) = (failure.code.as_deref(), failure.route.as_deref());
    let (user, account) = (failure.user.as_deref(), failure.account.as_deref());
    let within_s = repeated.since.elapsed().as_secs().max(1);
    macro_rules! tell {
        ($level:expr) => {
            tracing::event!(
                $level,
                repeated.message = failure.message,
                repeated.times = repeated.times,
                repeated.within_s = within_s,
                http.route = route,
                error.code = code,
                user,
                account,
                "a failure was repeated"
            )
        };
    }
    match repeated.level {
        Level::ERROR => tell!(Level::ERROR),
        Level::WARN => tell!(Level::WARN),
        _ => tell!(Level::INFO),
    }
}

impl<S> Filter<S> for Repeats {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.tells(event)
    }
}

impl Visit for Failure {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = || format!("{value:?}");
        match field.name() {
            "message" => self.message = text(),
            CODE => self.code = Some(text()),
            "http.route" => self.route = Some(text()),
            "user" => self.user = Some(text()),
            "account" | "amo.account" => self.account = Some(text()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::Layer as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::telemetry::format;
    use crate::telemetry::queue::{Lines, Queue};

    /// What `work` logs behind the filter, and what is told at the end.
    fn logged(work: impl FnOnce()) -> String {
        let (repeats, queue, mut output) = (Repeats::default(), Arc::new(Queue::default()), Vec::new());
        let lines = tracing_subscriber::fmt::layer().with_writer(Lines(Arc::clone(&queue))).without_time();
        let lines = lines.with_ansi(false).fmt_fields(format::TextFields).with_filter(repeats.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            work();
            repeats.tell(true);
        });
        while !queue.wait_until_written(Duration::ZERO) {
            queue.write_waiting(Duration::ZERO, &mut output);
        }
        String::from_utf8(output).unwrap()
    }

    fn refused(user: Option<&str>, code: &str) {
        tracing::info!(http.route = "/leads", user, error.code = code, "answered");
    }

    #[test]
    fn each_users_failure_is_told_once_and_counted_for_that_user() {
        let log = logged(|| {
            for user in [Some("olena"), Some("ivan"), None] {
                for _ in 0..3 {
                    refused(user, "not_connected");
                }
            }
            refused(Some("olena"), "needs_reauth");
        });
        for user in ["user=olena ", "user=ivan "] {
            let of_user: Vec<_> = log.lines().filter(|line| line.contains(user)).collect();
            let once = of_user.iter().filter(|line| line.contains("code=not_connected") && line.contains("answered"));
            assert_eq!(once.count(), 1, "{log}");
        }
        assert_eq!(log.matches("repeated.times=2").count(), 3, "{log}");
        assert_eq!(log.matches("error.code=needs_reauth").count(), 1, "{log}");
    }

    #[test]
    fn beyond_so_many_kinds_nobody_is_told_apart_and_each_failure_is_told_or_counted() {
        let log = logged(|| {
            for number in 0..2 * KINDS {
                refused(Some(&number.to_string()), "too_many_requests");
            }
        });
        assert_eq!(log.lines().filter(|line| line.contains("answered") && line.contains("user=")).count(), KINDS + 1);
        assert!(log.contains(&format!("repeated.times={}", KINDS - 1)), "{log}");
    }

    #[test]
    fn a_line_of_a_whole_refresh_is_always_told() {
        let log = logged(|| {
            for _ in 0..3 {
                tracing::warn!(user = "olena", outcome = "failed", "refresh failed");
                tracing::warn!(account = 1, "no permit");
                tracing::info!("answered");
            }
        });
        let times = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        assert_eq!((times("refresh failed"), times("answered"), times("WARN amo_connect")), (3, 3, 5), "{log}");
        assert!(log.contains("repeated.message=\"no permit\" repeated.times=2"), "{log}");
    }
}
