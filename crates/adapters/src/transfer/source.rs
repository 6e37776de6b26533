//! The SQLite file that is moved, which nobody else may have open.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::result::QueryResult;
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection};

use super::MoveError;
use super::tables::LEFT;
use crate::rows::DatabaseError;
use crate::sqlite::{self, SqliteFile};

/// A command that only looks may be about to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// The open file.
pub(super) struct Source {
    connection: SqliteConnection,
    /// Its path, in full.
    pub(super) name: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Source {
    /// Opens the file, whose schema has to be this program's.
    pub(super) async fn open(file: &SqliteFile) -> Result<Self, MoveError> {
        let name = sqlite::checked(&file.0).await.map_err(MoveError::Source)?;
        let mut connection = SqliteConnection::establish(&name)
            .map_err(|_error| MoveError::Database("the SQLite database", DatabaseError::new("it cannot be opened")))?;
        // Whoever has the file open holds a lock on it, so that nobody else can have it alone.
        let alone = format!(
            "PRAGMA busy_timeout = {};
             PRAGMA query_only = ON;
             PRAGMA locking_mode = EXCLUSIVE;
             SELECT count(*) FROM sqlite_master;",
            BUSY_TIMEOUT.as_millis()
        );
        match connection.batch_execute(&alone) {
            Ok(()) => {}
            Err(error) if DatabaseError::of(&error).is_locked() => return Err(MoveError::InUse(file.0.clone())),
            Err(error) => return Err(failed(&error)),
        }
        let mut source = Self { connection, name };
        source.check_tables()?;
        Ok(source)
    }

    /// Each table is one that is moved, or left on purpose.
    fn check_tables(&mut self) -> Result<(), MoveError> {
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
        let tables = self.read(|connection| diesel::sql_query(tables).load::<Name>(connection))?;
        let is_known = |name: &str| super::tables::MOVED.contains(&name) || LEFT.contains(&name);
        match tables.into_iter().find(|table| !is_known(&table.name)) {
            Some(table) => Err(MoveError::UnknownTable(table.name)),
            None => Ok(()),
        }
    }

    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> Result<T, MoveError> {
        read(&mut self.connection).map_err(|error| failed(&error))
    }
}

fn failed(error: &diesel::result::Error) -> MoveError {
    MoveError::Database("the SQLite database", DatabaseError::of(error))
}
