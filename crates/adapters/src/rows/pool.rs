//! Pools of connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Manager, Object, PoolError};
use diesel::result::ConnectionError;
use diesel_async::pooled_connection::PoolError as ManagerError;

use super::failure::{DatabaseError, Failure};
use crate::backend::PoolStatus;

/// A pool that counts those who waited for a connection in vain. Its clones are one.
pub(crate) struct Pool<M: Manager> {
    pool: managed::Pool<M>,
    timeouts: Arc<AtomicU64>,
}

impl<M: Manager> Clone for Pool<M> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), timeouts: Arc::clone(&self.timeouts) }
    }
}

impl<M: Manager> Pool<M> {
    /// A connection.
    pub(crate) async fn get(&self) -> Result<Object<M>, PoolError<M::Error>> {
        let got = self.pool.get().await;
        if matches!(got, Err(PoolError::Timeout(_))) {
            self.timeouts.fetch_add(1, Ordering::Relaxed);
        }
        got
    }

    /// Closes the connections that are idle: others will be opened.
    pub(crate) fn close_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    /// How it is used now.
    pub(crate) fn status(&self, name: &'static str) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            name,
            size: status.max_size,
            in_use: status.size.saturating_sub(status.available),
            idle: status.available,
            waiting: status.waiting,
            timeouts: self.timeouts.load(Ordering::Relaxed),
        }
    }
}

/// A pool of at most `size` connections. `wait` is how long one waits for a free one.
pub(crate) fn pool<M: Manager>(manager: M, size: usize, wait: Duration) -> Result<Pool<M>, DatabaseError> {
    let pool = managed::Pool::builder(manager)
        .max_size(size)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(wait))
        .build()
        .or(Err(DatabaseError::new("the pool cannot be made")))?;
    Ok(Pool { pool, timeouts: Arc::default() })
}

/// A connection of `pool`, or the reason why there is none.
pub(crate) async fn checkout<M: Manager<Error = ManagerError>>(pool: &Pool<M>) -> Result<Object<M>, Failure> {
    let error = match pool.get().await {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    Err(Failure::unavailable(match &error {
        PoolError::Timeout(_) => DatabaseError::new("every connection is busy"),
        PoolError::Backend(ManagerError::ConnectionError(error)) => kind(error),
        PoolError::Backend(ManagerError::QueryError(error)) => DatabaseError::of(error),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            DatabaseError::new("there is no pool")
        }
    }))
}

/// The kind of a failure to connect.
pub(crate) fn kind(error: &ConnectionError) -> DatabaseError {
    match error {
        ConnectionError::BadConnection(message) => DatabaseError::of_message(message),
        ConnectionError::CouldntSetupConfiguration(error) => DatabaseError::of(error),
        _ => DatabaseError::new("the database cannot be opened"),
    }
}
