//! A number in the file by which one can see whether a group was committed.
//!
//! It is SQLite's `user_version`, which is for programs to use and which no other part of ours reads. Each group that
//! changes something writes another one; one that changes nothing is not written at all. A `COMMIT` that fails leaves
//! a transaction open, which is rolled back; if none is open any more, the number tells how it ended.

use diesel::QueryableByName;
use diesel::result::QueryResult;
use diesel::sql_types::Integer;
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};

use crate::sqlite::pool::Connection;

/// Of the newest group.
pub(super) struct CommitMarker {
    written: i32,
    /// What stood there before it, where it was looked at.
    before: Option<i32>,
    /// How many rows the connection had changed by then.
    changes: i32,
}

impl CommitMarker {
    pub(super) fn new() -> Self {
        // Another process has other numbers: two that write the same one while the end of a group is unknown could
        // take each other's for their own. Of those that begin at random, one pair in four thousand million does.
        // Without randomness no token is sealed, and so nothing of worth is written.
        let start = getrandom::u32().unwrap_or_default();
        Self { written: start.cast_signed(), before: None, changes: 0 }
    }

    /// The connection is a new one.
    pub(super) fn reset(&mut self) {
        self.changes = 0;
    }

    /// Writes the number of a group whose work is done, if that has changed something. `looks` as in [`Self::write`].
    pub(super) async fn write_if_changed(&mut self, connection: &mut Connection, looks: bool) -> QueryResult<()> {
        let counting = diesel::sql_query("SELECT total_changes() AS number");
        let changes = counting.get_result::<Number>(connection).await?.number;
        if changes == self.changes {
            return Ok(());
        }
        self.changes = changes;
        self.write(connection, looks).await
    }

    /// Writes the number of an open transaction. `looks` also at the one before, which has to be known before
    /// the members can be run again.
    pub(super) async fn write(&mut self, connection: &mut Connection, looks: bool) -> QueryResult<()> {
        self.before = if looks { Some(user_version(connection).await?) } else { None };
        self.written = self.written.wrapping_add(1);
        if self.before == Some(self.written) {
            self.written = self.written.wrapping_add(1);
        }
        connection.batch_execute(&format!("PRAGMA user_version = {}", self.written)).await
    }

    /// Whether the group that wrote the number was committed, as another connection sees it; `None` if another process
    /// has written since, and nobody can tell.
    pub(super) async fn is_there(&self, connection: &mut Connection) -> QueryResult<Option<bool>> {
        let found = user_version(connection).await?;
        Ok(if found == self.written {
            Some(true)
        } else if self.before == Some(found) {
            Some(false)
        } else {
            None
        })
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    number: i32,
}

async fn user_version(connection: &mut Connection) -> QueryResult<i32> {
    let reading = diesel::sql_query("SELECT user_version AS number FROM pragma_user_version");
    Ok(reading.get_result::<Number>(connection).await?.number)
}
