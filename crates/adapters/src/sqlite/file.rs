//! The database's file.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::OpenError;
use super::inspect::{Contents, Found, inspect};
use crate::rows::DatabaseError;

/// Nobody but the owner reads tokens, sealed or not.
const PRIVATE: u32 = 0o600;

/// The file that was opened, to be told from another one at the same path.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    /// Whether the file still is where it was opened. SQLite would not notice: it goes on in
    /// the deleted file, and its next connection makes an empty one.
    pub(super) fn check(&self) -> Result<(), DatabaseError> {
        match fs::metadata(&self.path) {
            Ok(now) if (now.dev(), now.ino()) == (self.device, self.inode) => Ok(()),
            Ok(_) => Err(DatabaseError::new("the database file was replaced by another one")),
            Err(_) => Err(DatabaseError::new("the database file is gone")),
        }
    }
}

/// What every SQLite database begins with (<https://www.sqlite.org/fileformat2.html>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What is said of a database that is not ours.
pub(super) const FOREIGN: &str = "is a SQLite database of another program; it was left as it is";

/// The path of the database as SQLite takes it, and which file that is. With `create`, the file is
/// there afterwards, and may have been empty; without, it has to be a database of ours. Only its
/// owner can read it, nor the files that SQLite puts beside it, to which it gives the same mode.
///
/// `versions` are those of our migrations. Nothing is changed before the file is known to be ours, or empty: a mistyped path may name any
/// file.
pub(super) fn prepare(
    path: &Path,
    create: bool,
    versions: &[String],
    busy_timeout: Duration,
) -> Result<(String, Identity), OpenError> {
    let file_error = |source| OpenError::File { path: path.into(), source };
    let no_database = |what| OpenError::NoDatabase { path: path.into(), what };
    // Absolute, because SQLite and diesel take names such as `file:…` for something else.
    let absolute = std::path::absolute(path).map_err(file_error)?;
    if !absolute.parent().is_some_and(Path::is_dir) {
        return Err(OpenError::NoDirectory { path: path.into() });
    }
    if let Some(what) = unusable(&absolute, create).map_err(file_error)? {
        return Err(no_database(what));
    }
    let real = real(&absolute).map_err(file_error)?;
    let real = real.into_string().map_err(|_real| OpenError::NotUnicode { path: path.into() })?;
    let found =
        inspect(&real, versions, busy_timeout).map_err(|source| OpenError::Database { path: path.into(), source })?;
    match found {
        Found::Contents(Contents::Ours) => {}
        Found::Contents(Contents::Empty) if create => {}
        Found::Contents(Contents::Empty) => {
            return Err(no_database("has no tables, and is no database yet (`amo-connect migrate` makes it one)"));
        }
        Found::Contents(Contents::Foreign) => return Err(no_database(FOREIGN)),
        Found::Stray(what) => return Err(no_database(what)),
    }

    let mut options = OpenOptions::new();
    let file = options.write(true).create(create).truncate(false).mode(PRIVATE).open(&absolute).map_err(file_error)?;
    make_private(&file).map_err(file_error)?;
    let metadata = file.metadata().map_err(file_error)?;
    let identity = Identity { path: absolute, device: metadata.dev(), inode: metadata.ino() };
    for suffix in ["-wal", "-shm"] {
        let beside = format!("{real}{suffix}");
        if fs::symlink_metadata(&beside).is_ok_and(|metadata| metadata.is_file())
            && let Ok(beside) = OpenOptions::new().write(true).open(beside)
        {
            make_private(&beside).map_err(file_error)?;
        }
    }
    Ok((real, identity))
}

/// Where a symbolic link ends: there SQLite puts its other files.
fn real(absolute: &Path) -> io::Result<OsString> {
    match (fs::canonicalize(absolute), absolute.parent(), absolute.file_name()) {
        (Err(error), Some(folder), Some(name)) if error.kind() == ErrorKind::NotFound => {
            Ok(fs::canonicalize(folder)?.join(name).into_os_string())
        }
        (real, ..) => real.map(PathBuf::into_os_string),
    }
}

/// What is at `path` instead of a database, or of a place for one if it is to be made. Only reads.
fn unusable(path: &Path, create: bool) -> io::Result<Option<&'static str>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error)
            if error.kind() == ErrorKind::NotFound
                && fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink()) =>
        {
            return Ok(Some("is a symbolic link to a file that does not exist"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound && create => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(if metadata.is_dir() {
        Some("is a directory")
    } else if !metadata.is_file() {
        Some("is not a regular file")
    } else if metadata.len() == 0 {
        // What SQLite itself makes first; to read it, it would write.
        (!create).then_some("is empty, and no database yet (`amo-connect migrate` makes it one)")
    } else {
        let mut head = [0; MAGIC.len()];
        let read = File::open(path)?.read_exact(&mut head);
        match read {
            Ok(()) if head == *MAGIC => None,
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error),
            _ => Some("is not a SQLite database; it was left as it is"),
        }
    })
}

/// Takes from others what an earlier hand may have given them.
fn make_private(file: &File) -> io::Result<()> {
    if file.metadata()?.mode() & 0o777 == PRIVATE {
        Ok(())
    } else {
        file.set_permissions(Permissions::from_mode(PRIVATE))
    }
}
