//! Collects what is wrong with the settings while it reads what is right.

use std::fmt;
use std::time::Duration;

use super::InvalidConfig;
use crate::deep_link::is_seen;

/// Nobody means to wait longer, and clocks can be reckoned with.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// amoCRM forgets a refresh token that was not used for three months; an outage may come last.
const LONGEST_KEEPALIVE: Duration = Duration::from_hours(80 * 24);

/// What shells and files put around values.
pub(super) const QUOTES: [char; 3] = ['"', '\'', '`'];

/// What was found wrong so far, a line each.
#[derive(Default)]
pub(super) struct Reader(Vec<String>);

impl Reader {
    pub(super) fn complain(&mut self, name: &str, problem: impl fmt::Display) {
        self.0.push(format!("{name}: {problem}"));
    }

    /// `value`, if nothing at all was found wrong.
    pub(super) fn outcome<T>(self, value: Option<T>) -> Result<T, InvalidConfig> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(InvalidConfig(self.0)),
        }
    }

    /// Reads a value that has to be there; empty is missing.
    pub(super) fn required<T, E: fmt::Display>(
        &mut self,
        name: &str,
        value: Option<&str>,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if value.is_none_or(str::is_empty) {
            self.complain(name, "is required");
            return None;
        }
        self.read(name, value, "", read)
    }

    /// Reads a value, or its default where it is not given or empty.
    pub(super) fn read<T, E: fmt::Display>(
        &mut self,
        name: &str,
        value: Option<&str>,
        default: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = value.filter(|value| !value.is_empty()).unwrap_or(default);
        if let Err(wrapped) = check_ends(value) {
            self.complain(name, wrapped);
            return None;
        }
        read(value).map_err(|problem| self.complain(name, problem)).ok()
    }

    /// Reads a value of the team's own, which may have quotes around it as part of it.
    pub(super) fn own<T, E: fmt::Display>(
        &mut self,
        name: &str,
        value: Option<&str>,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = value.unwrap_or_default();
        match check_ends(value) {
            _ if value.is_empty() => self.complain(name, "is required"),
            Err(blank @ (Wrapped::Start | Wrapped::End)) => self.complain(name, blank),
            Ok(()) | Err(Wrapped::Quotes) => {
                return read(value).map_err(|problem| self.complain(name, problem)).ok();
            }
        }
        None
    }

    /// A text that may be missing, and may have blanks within.
    pub(super) fn text(&mut self, name: &str, value: Option<&str>) -> Option<String> {
        self.read(name, value, "", |text| Ok::<_, Wrapped>(text.to_owned())).filter(|text| !text.is_empty())
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

/// A value that nobody meant as it is: it was pasted, or read from a file, with something around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrapped {
    /// Before it.
    #[error("has a blank or an invisible character at its start")]
    Start,
    /// After it.
    #[error("has a blank or an invisible character at its end")]
    End,
    /// On both sides of it.
    #[error("has quotes around it, which would be part of it (docker's --env-file keeps them)")]
    Quotes,
}

/// Checks that a value neither begins nor ends with a blank (a line end, a no-break space), a
/// control character or another that is not seen (a byte-order mark), and is not in quotes.
pub fn check_ends(value: &str) -> Result<(), Wrapped> {
    let mut characters = value.chars();
    if characters.next().is_some_and(is_blank) {
        Err(Wrapped::Start)
    } else if characters.next_back().is_some_and(is_blank) {
        Err(Wrapped::End)
    } else if is_quoted(value) {
        Err(Wrapped::Quotes)
    } else {
        Ok(())
    }
}

/// Whether a value has the same quotation mark at both ends.
pub(super) fn is_quoted(value: &str) -> bool {
    value.len() > 1 && QUOTES.iter().any(|quote| value.starts_with(*quote) && value.ends_with(*quote))
}

/// A blank, or a character that nobody sees.
pub(super) fn is_blank(character: char) -> bool {
    character.is_whitespace() || !is_seen(character)
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

    #[test]
    fn blanks_and_quotes_are_seen_at_both_ends_and_left_alone_within() {
        for value in ["", "a", "a b", "a\nb", "ї", "a\u{a0}b"] {
            assert_eq!(check_ends(value), Ok(()), "{value:?}");
        }
        for blank in [' ', '\n', '\0', '\u{7f}', '\u{a0}', '\u{3000}', '\u{feff}', '\u{200b}', '\u{2028}', '\u{ad}'] {
            assert_eq!(check_ends(&format!("{blank}a")), Err(Wrapped::Start), "{blank:?}");
            assert_eq!(check_ends(&format!("a{blank}")), Err(Wrapped::End), "{blank:?}");
            assert_eq!(check_ends(&blank.to_string()), Err(Wrapped::Start), "{blank:?}");
        }
        for quote in ['"', '\'', '`'] {
            assert_eq!(check_ends(&format!("{quote}a{quote}")), Err(Wrapped::Quotes));
            assert_eq!(check_ends(&format!("{quote}{quote}")), Err(Wrapped::Quotes));
            assert_eq!(check_ends(&format!("{quote}a")), Ok(()));
        }
    }
}
