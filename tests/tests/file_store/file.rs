//! A document on disk: read whole, changed under a lock, and replaced whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::marker::PhantomData;
use std::path::PathBuf;

use amo_connect_domain::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The form of the documents. A build refuses what another form has written.
const FORM: u32 = 1;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Document<T> {
    path: PathBuf,
    /// Whether a change is on the disk when it returns.
    is_durable: bool,
    holds: PhantomData<fn() -> T>,
}

impl<T: Default + Serialize + DeserializeOwned> Document<T> {
    pub(crate) fn new(path: PathBuf, is_durable: bool) -> Self {
        Self { path, is_durable, holds: PhantomData }
    }

    /// What the file holds now. A change replaces the file, so a reader needs no lock.
    pub(crate) fn read(&self) -> Result<T, StoreError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(T::default()),
            Err(error) => return Err(unavailable(error)),
        };
        match serde_json::from_slice(&bytes) {
            Ok((FORM, held)) => Ok(held),
            _ => Err(StoreError::Corrupt("a document is none, or of another form")),
        }
    }

    /// Lets `work` change what the file holds, before anybody else in any process does. If it fails,
    /// the file stays as it is.
    pub(crate) fn change<R>(&self, work: impl FnOnce(&mut T) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let lock = OpenOptions::new().create(true).append(true).open(self.path.with_extension("lock"));
        let lock = lock.map_err(unavailable)?;
        lock.lock().map_err(unavailable)?;
        let mut held = self.read()?;
        let done = work(&mut held)?;
        let json = serde_json::to_vec(&(FORM, &held)).or(Err(StoreError::Corrupt("a record is no JSON")))?;
        self.write(&json).map_err(unavailable)?;
        Ok(done)
    }

    /// After a crash there is the old document or the new one.
    fn write(&self, json: &[u8]) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(json)?;
        if self.is_durable {
            file.sync_all()?;
        }
        fs::rename(&new, &self.path)?;
        match self.path.parent() {
            Some(folder) if self.is_durable => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }
}

pub(crate) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
