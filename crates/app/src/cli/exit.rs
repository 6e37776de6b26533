//! How a command ends: its exit code, for scripts.

use std::fmt::Write as _;
use std::process::ExitCode;

use super::Failure;

/// How a command ended. A code never changes its meaning; new ones are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was told.
    Done = 0,
    /// It did not.
    Failed = 1,
    /// The command line makes no sense. `clap` ends the process so.
    Usage = 2,
    /// The user it was asked about has left no trace.
    UnknownUser = 3,
    /// A part of it is done, and the result names the rest.
    Partly = 4,
}

impl Exit {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Done, Self::Failed, Self::Usage, Self::UnknownUser, Self::Partly];

    /// What it means.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed, or a setting is missing or wrong; standard error says why",
            Self::Usage => "the command line is wrong; nothing was done",
            Self::UnknownUser => "there is no such user: nothing is on record of them",
            Self::Partly => "done in part: the result names what was left out",
        }
    }

    /// The code for the system.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// How a command ends that failed so.
    pub(super) fn of(failure: &Failure) -> Self {
        failure.downcast_ref::<Ended>().map_or(Self::Failed, |ended| ended.exit)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A failure with an exit code of its own.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct Ended {
    /// How the command ends.
    pub(super) exit: Exit,
    /// What is told on standard error.
    pub(super) why: String,
}

/// The lines of `--help` about exit codes.
pub(super) fn help() -> String {
    let mut help = "Exit codes:".to_owned();
    for exit in Exit::ALL {
        // Writing to a text cannot fail.
        let _ = write!(help, "\n  {}  {}", exit.code(), exit.text());
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_told_once_and_in_order() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, (0..u8::try_from(codes.len()).unwrap()).collect::<Vec<_>>());
        assert_eq!(help().lines().count(), 1 + codes.len());
    }

    #[test]
    fn a_failure_ends_with_its_own_code_or_with_1() {
        let ended: Failure = Ended { exit: Exit::UnknownUser, why: "unknown user".to_owned() }.into();
        assert_eq!((Exit::of(&ended), ended.to_string().as_str()), (Exit::UnknownUser, "unknown user"));
        assert_eq!(Exit::of(&"the database is gone".into()), Exit::Failed);
    }
}
