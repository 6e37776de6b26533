//! Moving a store from a SQLite file to a PostgreSQL database: all rows as they are, each compared
//! afterwards. The file is only read.

mod source;
mod tables;
mod target;

use std::collections::BTreeMap;
use std::path::PathBuf;

use amo_connect_domain::key_ring::KEY_RING_TERM;
use diesel_async::AsyncPgConnection;

use crate::postgres::{self, PgUrl};
use crate::rows::DatabaseError;
use crate::sqlite::{self, SqliteFile};
use source::Source;
use tables::{Moved, each_table};
use target::Target;

/// How many rows go in one transaction.
const PAGE: i64 = 500;

/// Why a store was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The file is no database of ours, or of another version.
    #[error("the SQLite database cannot be moved")]
    Source(#[source] sqlite::OpenError),
    /// Somebody has the file open.
    #[error("{} is in use: stop the service, and every command on it", .0.display())]
    InUse(PathBuf),
    /// The file has a table that this program does not know.
    #[error("the SQLite database has a table that this program does not move: {0}")]
    UnknownTable(String),
    /// The database cannot be used.
    #[error("--to: the database cannot be opened")]
    Target(#[source] postgres::OpenError),
    /// The database holds something.
    #[error("--to: the database is not empty: its table {0} has rows; nothing was changed")]
    NotEmpty(&'static str),
    /// The database holds a part of something else.
    #[error("--to: the database holds an unfinished move of another file; nothing was changed")]
    AnotherMove,
    /// A service renews tokens there.
    #[error(
        "--to: a service is running on the database, or has not been stopped properly within the last {} s: stop it; \
         nothing was changed",
        KEY_RING_TERM.as_secs()
    )]
    Served,
    /// A transaction of the move may be on one connection of the server, and the next one on another.
    #[error("--to: a pooler stands before the server: name the server itself; nothing was changed")]
    Pooled,
    /// Two at once.
    #[error("--to: another move to this database is under way")]
    UnderWay,
    /// What was written is not what was read.
    #[error(
        "the table {0} differs after the move: something else has written there, and may have renewed tokens. Keep a \
         copy of the database, empty it, and begin again"
    )]
    Differs(&'static str),
    /// One of the databases failed.
    #[error("{0} failed; begin again, and it goes on")]
    Database(&'static str, #[source] DatabaseError),
}

/// How far a move is.
#[derive(Clone, Copy, Debug)]
pub struct MoveProgress {
    /// The table.
    pub table: &'static str,
    /// Whether its rows are compared, and not copied.
    pub compares: bool,
    /// So many rows are done.
    pub rows: u64,
    /// Of so many, over all tables and both ways.
    pub of: u64,
}

/// What was moved: rows by table.
pub type MovedRows = BTreeMap<&'static str, u64>;

/// Copies all rows of `from` to `to`, and compares them. It can be stopped at any moment and begun again.
pub async fn move_store(
    from: &SqliteFile,
    to: &PgUrl,
    mut tell: impl FnMut(MoveProgress) + Send,
) -> Result<MovedRows, MoveError> {
    let mut source = Source::open(from).await?;
    let mut target = Target::open(to, &source.name).await?;
    let mut moved = MovedRows::new();
    each_table!(|Row| {
        let count = source.read(Row::count)?;
        moved.insert(Row::NAME, count.try_into().unwrap_or_default());
    });
    let mut progress = Progress { rows: 0, of: moved.values().sum::<u64>() * 2, tell: &mut tell };
    each_table!(|Row| copy::<Row>(&mut source, &mut target, &mut progress).await?);
    target.finish_numbers().await?;
    each_table!(|Row| compare::<Row>(&mut source, &mut target, &mut progress).await?);
    target.end().await?;
    Ok(moved)
}

struct Progress<'t> {
    rows: u64,
    of: u64,
    tell: &'t mut (dyn FnMut(MoveProgress) + Send),
}

impl Progress<'_> {
    fn step(&mut self, table: &'static str, compares: bool, rows: usize) {
        self.rows += rows as u64;
        (self.tell)(MoveProgress { table, compares, rows: self.rows, of: self.of });
    }
}

async fn copy<R: Moved>(
    source: &mut Source,
    target: &mut Target,
    progress: &mut Progress<'_>,
) -> Result<(), MoveError> {
    let mut after = None;
    loop {
        let rows = source.read(|connection| R::page(connection, after.take(), PAGE))?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.key());
        target.put(&rows).await?;
        progress.step(R::NAME, false, rows.len());
    }
}

async fn compare<R: Moved>(
    source: &mut Source,
    target: &mut Target,
    progress: &mut Progress<'_>,
) -> Result<(), MoveError> {
    let count = source.read(R::count)?;
    if target.read(async |connection: &mut AsyncPgConnection| R::stored_count(connection).await).await? != count {
        return Err(MoveError::Differs(R::NAME));
    }
    let mut after = None;
    loop {
        let rows = source.read(|connection| R::page(connection, after.take(), PAGE))?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.key());
        let keys: Vec<_> = rows.iter().map(R::key).collect();
        let mut stored =
            target.read(async |connection: &mut AsyncPgConnection| R::stored(connection, keys.clone()).await).await?;
        stored.sort_by_key(R::key);
        if stored != rows {
            return Err(MoveError::Differs(R::NAME));
        }
        progress.step(R::NAME, true, rows.len());
    }
}
