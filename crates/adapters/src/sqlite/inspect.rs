//! Whose database a file is, found out without changing anything.
//!
//! SQLite itself changes files when it opens them: it makes and deletes those beside the database,
//! and finishes what a log or a journal has.

use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::result::{ConnectionError, OptionalExtension as _, QueryResult};
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::pool::PAUSE;
use crate::migrate::OLDEST_MIGRATION;
use crate::rows::{DatabaseError, kind};

/// How long nothing may change until it is believed that nobody is making the database just now.
const STILL: Duration = Duration::from_millis(100);

/// The size of a piece of SQLite's `-shm` files.
const INDEX_PIECE: u64 = 32 * 1024;

/// What a log begins with, except for the last bit (<https://www.sqlite.org/fileformat2.html#walformat>).
const LOG_MAGIC: [u8; 4] = 0x377f_0682_u32.to_be_bytes();

/// What a journal begins with, as soon as it is complete.
const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// Whose tables a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// Nobody's: it has none, or is not there.
    Empty,
    /// Ours, of any version.
    Ours,
    /// Another program's.
    Foreign,
}

/// What was found at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A database, or a place for one.
    Contents(Contents),
    /// No database, and beside it a file that SQLite would take for its own, and overwrite or
    /// delete.
    Stray(&'static str),
}

/// Looks at the file at `path`, and at those beside it. Waits for others who lock it.
pub(super) fn inspect(path: &str, versions: &[String], busy_timeout: Duration) -> Result<Found, DatabaseError> {
    let begun = Instant::now();
    loop {
        let before = Files::of(path);
        let (seen, through_locks) = look(path, &before, versions);
        // Without locks it was seen as it was only if nobody wrote meanwhile. Half of what a process
        // of ours writes does not look like ours.
        let ours = matches!(seen, Ok(Found::Contents(Contents::Ours)));
        let certain = ours || through_locks || before == Files::of(path);
        let usable = ours || matches!(seen, Ok(Found::Contents(Contents::Empty)));
        if certain && usable || begun.elapsed() >= busy_timeout {
            return seen;
        }
        // A process of ours that makes or leaves the database passes through states that look odd.
        sleep(if usable { PAUSE } else { STILL });
        let may_pass = through_locks && seen.is_err_and(|error| !error.is_no_database());
        if certain && !may_pass && !usable && before == Files::of(path) {
            return seen;
        }
    }
}

/// Whose tables are in the database behind `connection`. Ours have had a migration of `versions`.
pub(super) fn contents(connection: &mut SqliteConnection, versions: &[String]) -> QueryResult<Contents> {
    let ours = "__diesel_schema_migrations";
    let named = |condition: &str| format!("SELECT count(*) AS number FROM sqlite_master WHERE {condition}");
    let others = number(connection, &named(&format!("name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> '{ours}'")))?;
    // A table of that name may be anybody's, with other columns.
    let columns = number(
        connection,
        &format!("SELECT count(*) AS number FROM pragma_table_info('{ours}') WHERE name = 'version'"),
    )?;
    let mut applied = Vec::new();
    if columns > 0 {
        let query = format!("SELECT CAST(version AS TEXT) AS version FROM {ours}");
        applied = diesel::sql_query(query).load::<Version>(connection)?;
    } else if number(connection, &named(&format!("name = '{ours}'")))? > 0 {
        return Ok(Contents::Foreign);
    }
    Ok(if applied.iter().any(|applied| versions.contains(&applied.version)) {
        Contents::Ours
    } else if others == 0 && applied.is_empty() {
        Contents::Empty
    } else {
        Contents::Foreign
    })
}

/// The oldest migration that a build has to know to serve the database behind `connection`.
pub(super) fn oldest_migration(connection: &mut SqliteConnection) -> QueryResult<Option<String>> {
    let found = diesel::sql_query(OLDEST_MIGRATION).get_result::<Version>(connection).optional()?;
    Ok(found.map(|row| row.version))
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

fn number(connection: &mut SqliteConnection, query: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(query).get_result::<Number>(connection)?.number)
}

/// What is at `path`, and whether SQLite's locks kept writers away while it was looked at.
fn look(path: &str, files: &Files, versions: &[String]) -> (Result<Found, DatabaseError>, bool) {
    let has_content = files.database.as_ref().is_some_and(|file| file.length > 0);
    let (mut seen, mut through_locks) = (Ok(Contents::Empty), false);
    if has_content {
        seen = read(path, "mode=ro&immutable=1", versions);
        // The tables may be in the log alone. SQLite reads it, and writes nothing, if both are there.
        through_locks = seen == Ok(Contents::Empty) && files.log_is_live(path) && files.index.is_some();
        if through_locks {
            seen = read(path, "mode=ro&readonly_shm=1", versions);
        }
    }
    let found = seen.map(|contents| match files.stray(path, has_content) {
        Some(what) if contents == Contents::Empty => Found::Stray(what),
        _ => Found::Contents(contents),
    });
    (found, through_locks)
}

fn read(path: &str, view: &str, versions: &[String]) -> Result<Contents, DatabaseError> {
    let uri = format!("file:{}?{view}", utf8_percent_encode(path, NON_ALPHANUMERIC));
    let mut connection = SqliteConnection::establish(&uri).map_err(|error: ConnectionError| kind(&error))?;
    contents(&mut connection, versions).map_err(|error| DatabaseError::of(&error))
}

/// The database's file and those that SQLite puts beside it.
#[derive(PartialEq)]
struct Files {
    log: Option<Seen>,
    index: Option<Seen>,
    journal: Option<Seen>,
    database: Option<Seen>,
}

/// One file, as far as a change of it can be told.
#[derive(PartialEq)]
struct Seen {
    is_file: bool,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl Files {
    /// The database comes last: where SQLite's log is seen, its database has been written.
    fn of(path: &str) -> Self {
        let seen = |suffix| Some(Seen::of(&fs::symlink_metadata(format!("{path}{suffix}")).ok()?));
        Self { log: seen("-wal"), index: seen("-shm"), journal: seen("-journal"), database: seen("") }
    }

    /// Whether the log has anything that SQLite would read.
    fn log_is_live(&self, path: &str) -> bool {
        let head = self.log.as_ref().and_then(|log| log.head::<4>(path, "-wal"));
        head.is_some_and(|[first, second, third, last]| [first, second, third, last & !1] == LOG_MAGIC)
    }

    /// A file that SQLite did not put beside a database without tables. SQLite makes a log only when
    /// the database's file has content, and a journal only when the file is there.
    fn stray(&self, path: &str, has_content: bool) -> Option<&'static str> {
        let may_have_log = |log: &Seen| {
            has_content && log.is_file && (log.length == 0 || self.log_is_live(path) && self.index.is_some())
        };
        let may_have_index = |index: &Seen| has_content && index.is_file && index.length.is_multiple_of(INDEX_PIECE);
        let may_have_journal = |journal: &Seen| {
            self.database.is_some() && journal.is_file && (journal.length == 0 || journal.is_of_a_new_database(path))
        };
        if self.log.as_ref().is_some_and(|log| !may_have_log(log)) {
            Some(
                "is missing or has no tables, and a file with -wal after its name is there; both were left as they are",
            )
        } else if self.index.as_ref().is_some_and(|index| !may_have_index(index)) {
            Some(
                "is missing or has no tables, and a file with -shm after its name is there; both were left as they are",
            )
        } else if self.journal.as_ref().is_some_and(|journal| !may_have_journal(journal)) {
            Some(
                "is missing or has no tables, and a file with -journal after its name is there; both were left as they are",
            )
        } else {
            None
        }
    }
}

impl Seen {
    fn of(metadata: &Metadata) -> Self {
        Self {
            is_file: metadata.is_file(),
            inode: metadata.ino(),
            length: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    fn head<const LENGTH: usize>(&self, path: &str, suffix: &str) -> Option<[u8; LENGTH]> {
        let mut head = [0; LENGTH];
        let read = self.is_file.then(|| File::open(format!("{path}{suffix}")).ok()?.read_exact(&mut head).ok());
        read.flatten().map(|()| head)
    }

    /// Whether this journal only undoes the making of a database, and so holds nothing: its magic is
    /// written last, and the database had no pages.
    fn is_of_a_new_database(&self, path: &str) -> bool {
        self.head::<20>(path, "-journal").is_some_and(|head| {
            let (magic, pages) = (&head[..8], &head[16..]);
            (magic == JOURNAL_MAGIC || magic == [0; 8]) && pages == [0; 4]
        })
    }
}
