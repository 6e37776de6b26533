//! Why a file cannot be used, in words that show no password.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::migrate::MigrationError;
use crate::rows::DatabaseError;

/// A file as messages name it. A name that has signs of addresses and assignments may have been
/// meant as one, and may hold a password: it is not shown.
#[derive(Clone)]
pub struct FileName(PathBuf);

impl From<&Path> for FileName {
    fn from(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl FileName {
    fn shown(&self) -> Option<&Path> {
        let odd = |character| matches!(character, '=' | '@' | ':' | ';' | '?' | '&' | '{');
        let plain = self.0.to_str().is_some_and(|path| !path.contains(odd));
        plain.then_some(self.0.as_path())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Some(path) => path.display().fmt(f),
            None => f.write_str("the file that was named"),
        }
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().fmt(f)
    }
}

/// Why a SQLite file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory it is to be in does not exist.
    #[error("the directory of {path} does not exist")]
    NoDirectory {
        /// The file.
        path: FileName,
    },
    /// SQLite takes no such path.
    #[error("the path {path} is not UTF-8")]
    NotUnicode {
        /// The file.
        path: FileName,
    },
    /// Something else is there. It was not touched.
    #[error("{path} {what}")]
    NoDatabase {
        /// The file.
        path: FileName,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It cannot be opened or created.
    #[error("{path} cannot be opened")]
    File {
        /// The file.
        path: FileName,
        /// What the system says.
        source: io::Error,
    },
    /// It is not a usable database.
    #[error("{path} cannot be used")]
    Database {
        /// The file.
        path: FileName,
        /// Why.
        source: DatabaseError,
    },
    /// Its schema is not the one this program knows.
    #[error("{path} cannot be used")]
    Schema {
        /// The file.
        path: FileName,
        /// Why.
        source: MigrationError,
    },
}
