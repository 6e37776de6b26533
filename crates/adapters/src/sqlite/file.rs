//! The database's file.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use super::OpenError;

/// The absolute path of the database, as SQLite takes it. With `create`, the file is there
/// afterwards; only its owner can read it, nor the files that SQLite puts beside it, to which
/// it gives the same mode.
///
/// Absolute, because SQLite and diesel take names such as `file:…` for something else.
pub(super) fn prepare(path: &Path, create: bool) -> Result<String, OpenError> {
    let file_error = |source| OpenError::File { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(file_error)?;
    if !absolute.parent().is_some_and(Path::is_dir) {
        return Err(OpenError::NoDirectory { path: path.to_owned() });
    }
    private().write(true).create(create).truncate(false).open(&absolute).map_err(file_error)?;
    absolute.into_os_string().into_string().map_err(|path| OpenError::NotUnicode { path: PathBuf::from(path) })
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}
