//! The database's file.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::OpenError;
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

/// The absolute path of the database, as SQLite takes it, and which file that is. With `create`,
/// the file is there afterwards; only its owner can read it, nor the files that SQLite puts
/// beside it, to which it gives the same mode.
///
/// Absolute, because SQLite and diesel take names such as `file:…` for something else.
pub(super) fn prepare(path: &Path, create: bool) -> Result<(String, Identity), OpenError> {
    let file_error = |source| OpenError::File { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(file_error)?;
    if !absolute.parent().is_some_and(Path::is_dir) {
        return Err(OpenError::NoDirectory { path: path.to_owned() });
    }
    let mut options = OpenOptions::new();
    let file = options.write(true).create(create).truncate(false).mode(PRIVATE).open(&absolute).map_err(file_error)?;
    make_private(&file).map_err(file_error)?;
    for suffix in ["-wal", "-shm"] {
        let mut beside = absolute.clone().into_os_string();
        beside.push(suffix);
        if let Ok(beside) = OpenOptions::new().write(true).open(beside) {
            make_private(&beside).map_err(file_error)?;
        }
    }
    let metadata = file.metadata().map_err(file_error)?;
    let identity = Identity { path: absolute.clone(), device: metadata.dev(), inode: metadata.ino() };
    let path = absolute.into_os_string().into_string();
    let path = path.map_err(|path| OpenError::NotUnicode { path: PathBuf::from(path) })?;
    Ok((path, identity))
}

/// Takes from others what an earlier hand may have given them.
fn make_private(file: &File) -> io::Result<()> {
    if file.metadata()?.mode() & 0o777 == PRIVATE {
        Ok(())
    } else {
        file.set_permissions(Permissions::from_mode(PRIVATE))
    }
}
