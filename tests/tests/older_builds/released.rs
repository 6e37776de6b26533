//! The builds that were released, and what is known of each: its statements, and rows that it wrote.

use std::path::{Path, PathBuf};

/// A database that has files of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

pub(crate) const KINDS: [Kind; 2] = [Kind::Sqlite, Kind::Postgres];

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A build that was released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// As in the changelog.
    pub(crate) version: String,
    /// The newest migration that it knows.
    pub(crate) migration: String,
}

impl Release {
    /// What was recorded of it.
    pub(crate) fn recorded(&self, kind: Kind, what: &str) -> PathBuf {
        golden(&self.version, kind, what)
    }
}

/// Where `what` is recorded of the build of this version.
pub(crate) fn golden(version: &str, kind: Kind, what: &str) -> PathBuf {
    root().join("tests/golden/builds").join(version).join(format!("{what}.{}.sql", kind.name()))
}

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All of them, the oldest first.
pub(crate) fn releases() -> Vec<Release> {
    let list = std::fs::read_to_string(root().join("migrations/released.txt")).unwrap();
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let release = |line: &str| {
        let (version, migration) = line.split_once(' ').unwrap();
        Release { version: version.to_owned(), migration: migration.to_owned() }
    };
    lines.map(release).collect()
}
