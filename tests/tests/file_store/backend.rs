//! The way from `DATABASE_URL` to the open store, and `keys rotate`.

use std::fs;
use std::path::PathBuf;

use amo_connect_adapters::backend::{Backend, OpenError, OpenOptions, OpenStore, Reseal};
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::{Cursor, Resealed};
use amo_connect_domain::ports::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;

use crate::sealed::{HasTokens, Sealed};
use crate::store::FileStore;

/// A folder, as `DATABASE_URL=files:PATH` would name it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn named(url: &str) -> Self {
        Self(url.trim_start_matches("files:").into())
    }
}

#[async_trait]
impl Backend for Folder {
    fn kind(&self) -> &'static str {
        "files"
    }

    async fn migrate(&self) -> Result<Vec<String>, OpenError> {
        fs::create_dir_all(&self.0)?;
        Ok(Vec::new())
    }

    async fn open(&self, keys: TokenKeys, _options: OpenOptions) -> Result<OpenStore, OpenError> {
        self.migrate().await?;
        #[expect(clippy::disallowed_methods, reason = "here the machine's clock is the store's")]
        let clock = Timestamp::now;
        Ok(OpenStore::new(FileStore::open(&self.0, keys, clock)))
    }
}

#[async_trait]
impl Reseal for FileStore {
    async fn sealed(&self) -> Result<u64, StoreError> {
        self.read(|records| {
            let connections = records.connections.values().filter(|row| row.connection.blob.is_some());
            let exchanges = records.exchanges.iter().filter(|sealed| sealed.blob.is_some());
            Ok((connections.count() + exchanges.count()) as u64)
        })
        .await
    }

    /// All at once: the file is written whole anyway.
    async fn reseal(&self, _cursor: Cursor, _limit: u32) -> Result<Resealed, StoreError> {
        self.change(|change| {
            let mut done = Resealed::default();
            for row in change.records.connections.values_mut() {
                reseal(&mut row.connection, change.keys, &mut done);
            }
            for sealed in &mut change.records.exchanges {
                reseal(sealed, change.keys, &mut done);
            }
            Ok(done)
        })
        .await
    }
}

fn reseal<T: HasTokens>(sealed: &mut Sealed<T>, keys: &TokenKeys, done: &mut Resealed) {
    let Some(blob) = &mut sealed.blob else { return };
    done.seen += 1;
    match keys.reseal(blob, &sealed.record.identity()) {
        Ok(Some(anew)) => {
            *blob = anew;
            done.resealed += 1;
        }
        Ok(None) => {}
        Err(_) => done.unreadable += 1,
    }
}
