//! Reads the command line, and says what is wrong with it without repeating what may be a secret.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Command, CommandFactory as _, Parser as _};

use super::Cli;

/// The command line, or what to tell whoever typed it.
pub(super) fn read() -> Result<Cli, Error> {
    Cli::try_parse().map_err(|error| {
        if error.kind() == ErrorKind::InvalidUtf8 { naming_them(error) } else { without_values(error) }
    })
}

/// Names the variables that no text can be read from, which `error` does not.
fn naming_them(error: Error) -> Error {
    let unread = std::env::vars_os().filter(|(_, value)| value.to_str().is_none());
    let ours = |command: &Command, name: &OsString| command.get_arguments().any(|known| known.get_env() == Some(name));
    let mut command = Cli::command();
    let serve = command.find_subcommand("serve").cloned().unwrap_or_default();
    let named: Vec<_> = unread
        .filter(|(name, _)| ours(&serve, name) || ours(&command, name))
        .map(|(name, _)| format!("{}: is not UTF-8", name.display()))
        .collect();
    if named.is_empty() { error } else { command.error(ErrorKind::InvalidUtf8, named.join("\n       ")) }
}

/// Takes out of `error` the words that nobody understood, unless they are made like the name of
/// a flag or a command: a secret may have been typed in a wrong place.
fn without_values(mut error: Error) -> Error {
    let mut hidden = false;
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
        // Flags that are known stand here with their value's name: `--bind <BIND>`.
        let known = error.kind() != ErrorKind::UnknownArgument && kind == ContextKind::InvalidArg;
        if let Some(ContextValue::String(word)) = error.get(kind)
            && !known
            && !is_name(word)
        {
            error.insert(kind, ContextValue::String("…".to_owned()));
            hidden = true;
        }
    }
    if error.kind() == ErrorKind::TooManyValues {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    if hidden {
        error.remove(ContextKind::Suggested);
    }
    error
}

/// Lower-case letters and hyphens.
fn is_name(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}
