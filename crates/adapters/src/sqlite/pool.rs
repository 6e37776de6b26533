//! Connections: one that writes, a few that read.

use std::error::Error;
use std::future::ready;
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::result::{ConnectionError, ConnectionResult};
use diesel::{Connection as _, SqliteConnection};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures_util::future::BoxFuture;

use crate::rows::{self, DatabaseError, Pool};

pub(super) type Connection = SyncConnectionWrapper<SqliteConnection, Here>;

/// Runs each statement on the thread that asks for it: a transaction changes threads once, and
/// not for every statement in it.
pub(super) struct Here;

impl SpawnBlocking for Here {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync>>> {
        Box::pin(ready(Ok(task())))
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// How long to wait where SQLite does not.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

/// What a connection is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Reading,
    Writing,
}

/// A connection with our settings, which SQLite keeps for each connection apart.
pub(super) fn connect(path: &str, purpose: Use, busy_timeout: Duration) -> ConnectionResult<SqliteConnection> {
    let mut connection = SqliteConnection::establish(path)?;
    let query_only = match purpose {
        Use::Reading => "ON",
        Use::Writing => "OFF",
    };
    // The wait comes first: the settings after it may need it. `FULL`, because a rotated token
    // that a power cut takes back is a lost user. `secure_delete`, because wiped means wiped.
    let settings = format!(
        "PRAGMA busy_timeout = {};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA query_only = {query_only};",
        busy_timeout.as_millis()
    );
    // A new file is not changed to WAL while others do the same, and SQLite does not wait then.
    let begun = Instant::now();
    loop {
        match connection.batch_execute(&settings) {
            Ok(()) => return Ok(connection),
            Err(error) if DatabaseError::of(&error).is_locked() && begun.elapsed() < busy_timeout => sleep(PAUSE),
            Err(error) => return Err(ConnectionError::CouldntSetupConfiguration(error)),
        }
    }
}

/// A pool of at most `size` connections to the file at `path`.
pub(super) fn pool(
    path: &str,
    purpose: Use,
    size: usize,
    busy_timeout: Duration,
) -> Result<Pool<AsyncDieselConnectionManager<Connection>>, DatabaseError> {
    let mut config = ManagerConfig::default();
    // The default asks the database a question at each check-out. An open transaction, the one
    // thing that could be wrong, is seen without.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |path| {
        let path = path.to_owned();
        Box::pin(async move {
            let connection = tokio::task::spawn_blocking(move || connect(&path, purpose, busy_timeout)).await;
            let connection =
                connection.unwrap_or_else(|error| Err(ConnectionError::BadConnection(error.to_string())))?;
            Ok(Connection::new(connection))
        })
    });
    rows::pool(AsyncDieselConnectionManager::new_with_config(path, config), size, busy_timeout)
}
