//! Collects what is wrong with the settings while it reads what is right.

use std::fmt;
use std::time::Duration;

/// Nobody means to wait longer, and clocks can be reckoned with.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// amoCRM forgets a refresh token that was not used for three months; an outage may come last.
const LONGEST_KEEPALIVE: Duration = Duration::from_hours(80 * 24);

/// What was found wrong so far, a line each.
#[derive(Default)]
pub(super) struct Reader(pub(super) Vec<String>);

impl Reader {
    pub(super) fn complain(&mut self, name: &str, problem: impl fmt::Display) {
        self.0.push(format!("{name}: {problem}"));
    }

    /// A required text; empty is missing.
    pub(super) fn required(&mut self, name: &str, value: Option<String>) -> String {
        let value = value.filter(|value| !value.is_empty());
        if value.is_none() {
            self.complain(name, "is required");
        }
        value.unwrap_or_default()
    }

    pub(super) fn read<T, E: fmt::Display>(
        &mut self,
        name: &str,
        value: Option<&str>,
        default: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = value.filter(|value| !value.is_empty()).unwrap_or(default);
        read(value).map_err(|problem| self.complain(name, problem)).ok()
    }

    pub(super) fn flag(&mut self, name: &str, value: Option<&str>, default: &str) -> bool {
        let read = |value: &str| value.parse::<bool>().or(Err("is neither true nor false"));
        self.read(name, value, default, read).unwrap_or_default()
    }

    pub(super) fn rate(&mut self, name: &str, value: Option<&str>, default: &str) -> u32 {
        let read = |value: &str| value.parse::<u32>().or(Err("is not a number of calls a second"));
        self.read(name, value, default, read).unwrap_or_default()
    }

    pub(super) fn duration(&mut self, name: &str, value: Option<&str>, default: &str) -> Duration {
        let read = |value: &str| {
            let duration = humantime::parse_duration(value).ok().filter(|duration| *duration <= LONGEST);
            duration.ok_or("is not a duration such as 90s or 5m, of at most ten years")
        };
        self.read(name, value, default, read).unwrap_or_default()
    }

    /// How long a connection may go without a refresh.
    pub(super) fn keepalive(&mut self, name: &str, value: Option<&str>, default: &str) -> Duration {
        let read = |value: &str| {
            let allowed = |after: &Duration| !after.is_zero() && *after <= LONGEST_KEEPALIVE;
            let wrong = "is not a duration such as 30d, of more than zero and at most 80d: amoCRM forgets a connection after three months";
            humantime::parse_duration(value).ok().filter(allowed).ok_or(wrong)
        };
        self.read(name, value, default, read).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_refreshed_well_before_amocrm_forgets_it() {
        let read = |value| {
            let mut reader = Reader::default();
            let after = reader.keepalive("KEEPALIVE_AFTER", Some(value), "30d");
            (after, reader.0.len())
        };
        let days = |days: u64| Duration::from_hours(days * 24);
        for (value, after) in [("", days(30)), ("1s", Duration::from_secs(1)), ("80d", days(80))] {
            assert_eq!(read(value), (after, 0), "{value}");
        }
        for value in ["0s", "80d 1s", "200d", "3months", "never"] {
            assert_eq!(read(value).1, 1, "{value}");
        }
    }
}
