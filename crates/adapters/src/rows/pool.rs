//! Pools of connections.

use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, PoolError};
use diesel::result::ConnectionError;
use diesel_async::pooled_connection::PoolError as ManagerError;

use super::failure::{DatabaseError, Failure};

/// A pool of at most `size` connections. `wait` is how long one waits for a free one.
pub(crate) fn pool<M: Manager>(manager: M, size: usize, wait: Duration) -> Result<Pool<M>, DatabaseError> {
    Pool::builder(manager)
        .max_size(size)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(wait))
        .build()
        .or(Err(DatabaseError::new("the pool cannot be made")))
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
