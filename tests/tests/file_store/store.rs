//! The store itself: two documents in a folder, and the way into them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_domain::ports::StoreError;
use jiff::Timestamp;

use crate::file::{Document, unavailable};
use crate::rate_limits::Limits;
use crate::records::{Change, Records};

/// A `Storage` and a `RateLimitStore` on files. All its processes run on one machine, so its clock is
/// the machine's; a test brings its own.
#[derive(Clone)]
pub(crate) struct FileStore {
    pub(crate) records: Arc<Document<Records>>,
    /// Writes here may be lost in a power cut, so they wait for no disk.
    pub(crate) limits: Arc<Document<Limits>>,
    pub(crate) keys: Arc<TokenKeys>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl FileStore {
    pub(crate) fn open(folder: &Path, keys: TokenKeys, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            records: Arc::new(Document::new(folder.join("connections.json"), true)),
            limits: Arc::new(Document::new(folder.join("rate_limits.json"), false)),
            keys: Arc::new(keys),
            clock: Arc::new(clock),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Looks at the records.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Records) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let records = Arc::clone(&self.records);
        on_a_thread(move || look(&records.read()?)).await
    }

    /// Changes the records: whole, and before anybody else.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(Change<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        // Under the lock, or a step that waited for it would judge by an older time.
        let work = move |store: &Self, records: &mut Records| {
            work(Change { records, keys: &store.keys, store_now: store.now() })
        };
        on_a_thread(move || store.records.change(|records| work(&store, records))).await
    }
}

/// Runs what waits for a disk or a lock. It goes on if the future is dropped, and so it is done whole.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(unavailable)?
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("records", &self.records).finish_non_exhaustive()
    }
}
