//! Whether a pooler stands between, that gives a connection of the server away after each transaction.

use std::time::Duration;

use diesel::result::QueryResult;
use diesel::{define_sql_function, select};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use tokio::time::timeout;

use super::OpenError;
use super::connect::Connector;
use crate::rows::DatabaseError;

/// How long a connection is waited for that a pooler may not have.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

define_sql_function! {
    /// The process that serves the connection.
    fn pg_backend_pid() -> diesel::sql_types::Integer;
}

async fn pid(connection: &mut AsyncPgConnection) -> QueryResult<i32> {
    select(pg_backend_pid()).get_result(connection).await
}

/// Whether one connection of ours is served by several of the server's.
///
/// # Errors
/// If statements that were prepared on one of them are missing on the others: nothing would work.
pub(super) async fn is_between(connector: &Connector) -> Result<bool, OpenError> {
    let mut one = connector.connect().await.map_err(OpenError::Database)?;
    let before = pid(&mut one).await.map_err(|error| OpenError::Database(DatabaseError::of(&error)))?;
    let moved = timeout(PROBE_TIMEOUT, async {
        let mut two = connector.connect().await.ok()?;
        // A pooler takes the connection that was free last, so this keeps it from the first one.
        let taken = async {
            two.batch_execute("BEGIN").await?;
            pid(&mut two).await
        };
        Some(match taken.await {
            Ok(_) => pid(&mut one).await,
            Err(error) => Err(error),
        })
    });
    match moved.await {
        Ok(Some(Ok(after))) => Ok(after != before),
        Ok(Some(Err(error))) if DatabaseError::of(&error).is_lost_statement() => {
            Err(OpenError::Database(DatabaseError::of(&error)))
        }
        // There is no second connection: what is amiss shows at its use.
        _ => Ok(false),
    }
}
