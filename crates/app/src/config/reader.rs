//! Collects what is wrong with the settings while it reads what is right.

use std::fmt;
use std::fs::File;
use std::io::Read as _;

use super::setting::{About, Preset, Setting};
use super::{Given, InvalidConfig};
use crate::deep_link::is_seen;

/// No secret is longer.
const LONGEST_FILE: u64 = 64 * 1024;

/// What shells and files put around values.
pub(super) const QUOTES: [char; 3] = ['"', '\'', '`'];

/// A value cannot be used, and the complaint is on the list.
struct Complained;

/// What was found wrong so far, a line each.
#[derive(Default)]
pub(super) struct Reader(Vec<String>);

impl Reader {
    pub(super) fn complain(&mut self, name: &str, problem: impl fmt::Display) {
        self.0.push(format!("{name}: {problem}"));
    }

    /// What `read` reads, if nothing at all was found wrong.
    pub(super) fn read<T>(read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, InvalidConfig> {
        let mut reader = Self::default();
        match read(&mut reader) {
            Some(value) if reader.0.is_empty() => Ok(value),
            _ => Err(InvalidConfig(reader.0)),
        }
    }

    /// How much was complained of so far.
    pub(super) fn complaints(&self) -> usize {
        self.0.len()
    }

    /// A value that was checked beside another setting.
    pub(super) fn checked<T, V>(&mut self, setting: &Setting<T>, value: Result<V, impl fmt::Display>) -> Option<V> {
        value.map_err(|problem| self.complain(setting.about.name, problem)).ok()
    }

    /// The value of `setting`, or its default where it is not given or empty. `None` where it was
    /// complained of.
    pub(super) fn take<T>(&mut self, given: &Given, setting: &Setting<T>) -> Option<T> {
        let About { name, preset, is_own, .. } = *setting.about;
        let text = self.text(given, setting.about).ok()?;
        let text = match (text, preset) {
            (Some(text), _) => text,
            (None, Preset::Required) => {
                self.complain(name, "is required");
                return None;
            }
            (None, Preset::Value(default)) => default.to_owned(),
            (None, Preset::Unset(_)) => String::new(),
        };
        match check_ends(&text) {
            Ok(()) => {}
            Err(Wrapped::Quotes) if is_own => {}
            Err(wrapped) => {
                self.complain(name, wrapped);
                return None;
            }
        }
        (setting.read)(&text).map_err(|problem| self.complain(name, problem)).ok()
    }

    /// The text of a setting, itself or its file's; empty is not given.
    fn text(&mut self, given: &Given, about: &About) -> Result<Option<String>, Complained> {
        let itself = given.text(about.name).filter(|text| !text.is_empty());
        let file = given.files.get(about.name).filter(|path| !path.is_empty());
        let text = match (itself, file) {
            (Some(_), Some(_)) => {
                self.complain(about.name, format_args!("is given, and {} is too", about.file_name()));
                return Err(Complained);
            }
            (itself, None) => itself.map(str::to_owned),
            (None, Some(path)) => match read_file(path) {
                Ok(text) => Some(text).filter(|text| !text.is_empty()),
                Err(problem) => {
                    self.complain(&about.file_name(), problem);
                    return Err(Complained);
                }
            },
        };
        Ok(text)
    }
}

/// The text of a file with a secret, without the line end that editors add. A complaint does not name
/// the path: a secret may have been given in its place.
fn read_file(path: &str) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| format!("its file cannot be read: {}", error.kind()))?;
    let read = file.take(LONGEST_FILE + 1).read_to_string(&mut text);
    read.map_err(|error| format!("its file cannot be read: {}", error.kind()))?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!("its file has more than {LONGEST_FILE} bytes"));
    }
    let end = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).len());
    text.truncate(end.unwrap_or(text.len()));
    Ok(text)
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
