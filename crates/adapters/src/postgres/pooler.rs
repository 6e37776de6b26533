//! Whether a pooler stands between, that gives a connection of the server away after each transaction.

use std::time::Duration;

use diesel::result::QueryResult;
use diesel::{define_sql_function, select};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::future::join;
use tokio::time::timeout;

use super::OpenError;
use super::connect::Connector;
use crate::rows::DatabaseError;

/// How long a connection is waited for that a pooler may not have.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// A pooler that has just connected to the server may have a connection that is free later than the first one's: it is
/// seen by the second probe.
const PROBES: usize = 2;

define_sql_function! {
    /// The process that serves the connection.
    fn pg_backend_pid() -> diesel::sql_types::Integer;
}

async fn pid(connection: &mut AsyncPgConnection) -> QueryResult<i32> {
    select(pg_backend_pid()).get_result(connection).await
}

/// A connection to what `connector` leads to, and whether a pooler is between: whether one connection of ours is
/// served by several of the server's.
///
/// # Errors
/// If statements that were prepared on one of them are missing on the others: nothing would work.
pub(super) async fn probe(connector: &Connector) -> Result<(AsyncPgConnection, bool), OpenError> {
    // Both at once: the server takes milliseconds to let anybody in.
    let (one, two) = join(connector.connect(), timeout(PROBE_TIMEOUT, connector.connect())).await;
    let mut one = one.map_err(OpenError::Database)?;
    let mut two = match two {
        Ok(Ok(two)) => two,
        // Diesel prepares statements on each new connection.
        Ok(Err(error)) if error.is_lost_statement() => return Err(OpenError::Database(error)),
        // Where there is no second connection, what is amiss shows at its use.
        _ => return Ok((one, false)),
    };
    let moves = timeout(PROBE_TIMEOUT, async {
        for _ in 0..PROBES {
            let before = pid(&mut one).await?;
            // A pooler takes the connection that was free last, so this keeps it from the first one. The second one
            // prepares nothing: what the first one has prepared would be there by chance.
            two.batch_execute("BEGIN").await?;
            let moves = pid(&mut one).await? != before;
            two.batch_execute("COMMIT").await?;
            if moves {
                return Ok(true);
            }
        }
        Ok(false)
    });
    match moves.await {
        Ok(Ok(moves)) => Ok((one, moves)),
        Ok(Err(error)) if DatabaseError::of(&error).is_lost_statement() => {
            Err(OpenError::Database(DatabaseError::of(&error)))
        }
        // A connection in the middle of an exchange is of no use to anybody.
        _ => Ok((connector.connect().await.map_err(OpenError::Database)?, false)),
    }
}

/// A connection to what `connector` leads to, and the connector that suits it.
pub(super) async fn adapt(connector: Connector) -> Result<(AsyncPgConnection, Connector, bool), OpenError> {
    let (connection, is_pooled) = probe(&connector).await?;
    if !is_pooled {
        return Ok((connection, connector, false));
    }
    let connector = connector.without_session();
    Ok((connector.connect().await.map_err(OpenError::Database)?, connector, true))
}
