//! The write-ahead log, where a page that was wiped is kept until a checkpoint.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::result::QueryResult;
use diesel::sql_types::Integer;
use diesel::{RunQueryDsl as _, SqliteConnection};

use super::pool::Connection;
use crate::rows::DatabaseError;

/// How long somebody else's reading is waited for. Our next writer waits behind us.
const CHECKPOINT_TIMEOUT: Duration = Duration::from_millis(500);

/// Empties the log, so that nothing of what was wiped is left in it.
///
/// Whoever reads (a backup, say) may stand in the way; the next wipe or sweep tries again.
pub(super) async fn empty(connection: &mut Connection, busy_timeout: Duration) {
    match connection.spawn_blocking(move |raw| checkpoint(raw, busy_timeout)).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("wiped tokens stay, sealed, in the write-ahead log until a reader is done"),
        Err(error) => {
            let error = DatabaseError::of(&error);
            tracing::warn!(%error, "wiped tokens stay, sealed, in the write-ahead log");
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

/// `true` if the log is empty.
fn checkpoint(raw: &mut SqliteConnection, busy_timeout: Duration) -> QueryResult<bool> {
    wait(raw, busy_timeout.min(CHECKPOINT_TIMEOUT))?;
    let outcome = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(raw);
    wait(raw, busy_timeout)?;
    Ok(outcome?.busy == 0)
}

fn wait(raw: &mut SqliteConnection, busy_timeout: Duration) -> QueryResult<()> {
    raw.batch_execute(&format!("PRAGMA busy_timeout = {}", busy_timeout.as_millis()))
}
