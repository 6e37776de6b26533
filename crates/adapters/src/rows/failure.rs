//! How a database fails, told without its statements, its values or its own words.

use std::error::Error;
use std::{fmt, io};

use amo_connect_domain::ports::StoreError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::cipher::CipherError;

/// What went wrong within a transaction.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another change came first.
    Conflict,
    /// What is stored makes no sense.
    Corrupt(&'static str),
    /// The database, or what it needs, does not work.
    Unavailable(Box<dyn Error + Send + Sync>),
}

/// The kind of a database's failure. Its own message may repeat the statement or a value, so
/// only well-known ones are kept, and codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseError {
    what: &'static str,
    code: Option<Code>,
}

/// What tells an engineer more than our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// PostgreSQL's.
    SqlState([u8; 5]),
    /// The operating system's, of this machine.
    Os(i32),
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        match self.code {
            None => Ok(()),
            Some(Code::SqlState(state)) => write!(f, " (SQLSTATE {})", state.escape_ascii()),
            Some(Code::Os(number)) => write!(f, ": {}", io::Error::from_raw_os_error(number)),
        }
    }
}

impl Error for DatabaseError {}

const LOCKED: &str = "database is locked";
pub(super) const CONNECTION_LOST: &str = "the connection is lost";
const CONNECTION_BROKEN: &str = "the connection is broken";
const TERMINATED: &str = "terminating connection due to administrator command";
const NO_DATABASE: &str = "file is not a database";

/// How PostgreSQL says that a prepared statement is not where it was prepared, or is there already.
const STATEMENT: &str = "prepared statement \"";
const LOST_STATEMENT: &str = "a pooler before PostgreSQL loses prepared statements: PgBouncer has to be in session mode, or \
                              1.21 or newer with max_prepared_statements";

/// How the databases begin what they say, and PostgreSQL's code for it; these beginnings name nothing of ours.
const PLAIN_MESSAGES: [(&str, &str); 22] = [
    ("attempt to write a readonly database", ""),
    ("canceling statement due to conflict with recovery", "40001"),
    ("canceling statement due to lock timeout", "55P03"),
    ("canceling statement due to statement timeout", "57014"),
    ("database disk image is malformed", ""),
    (LOCKED, ""),
    ("database or disk is full", ""),
    ("database schema is locked", ""),
    ("database table is locked", ""),
    ("deadlock detected", "40P01"),
    ("disk I/O error", ""),
    (NO_DATABASE, ""),
    ("interrupted", ""),
    ("out of memory", ""),
    ("out of shared memory", "53200"),
    ("permission denied", "42501"),
    ("remaining connection slots are reserved", "53300"),
    ("sorry, too many clients already", "53300"),
    (TERMINATED, "57P01"),
    ("the database system is shutting down", "57P03"),
    ("the database system is starting up", "57P03"),
    ("unable to open database file", ""),
];

/// How the operating system of PostgreSQL's server says what it lacks, and PostgreSQL's code for it. Before it the
/// message says what was being done, and may name a file.
const SYSTEM_MESSAGES: [(&str, &str); 6] = [
    ("No space left on device", "53100"),
    ("Disk quota exceeded", ""),
    ("Read-only file system", "42501"),
    ("Input/output error", "58030"),
    ("Too many open files", "53000"),
    ("Cannot allocate memory", "53200"),
];

/// How the operating system's number stands at the end of a message.
const OS_ERROR: &str = "(os error ";

impl DatabaseError {
    /// The kind of `error`.
    pub(crate) fn of(error: &DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, information) => match kind {
                DatabaseErrorKind::UniqueViolation => Self::new("a unique constraint is violated"),
                DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation => Self::new("a constraint is violated"),
                DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
                    Self::new(CONNECTION_LOST).with_os_error(os_error(information.message()))
                }
                DatabaseErrorKind::SerializationFailure => {
                    Self::new("the transaction cannot be serialized").with_sql_state("40001")
                }
                DatabaseErrorKind::ReadOnlyTransaction => {
                    Self::new("the transaction is read-only").with_sql_state("25006")
                }
                _ => Self::of_message(information.message()),
            },
            // What we found out ourselves travels through diesel so.
            DieselError::QueryBuilderError(own) => {
                own.downcast_ref().copied().unwrap_or(Self::new("a statement cannot be built"))
            }
            DieselError::RollbackErrorOnCommit { commit_error, .. } => Self::of(commit_error),
            DieselError::BrokenTransactionManager => Self::new(CONNECTION_BROKEN),
            _ => Self::new("a statement failed"),
        }
    }

    /// The kind of a failure of which there is only the message.
    pub(crate) fn of_message(message: &str) -> Self {
        if message.starts_with(STATEMENT) {
            return Self::new(LOST_STATEMENT);
        }
        let plain = PLAIN_MESSAGES.into_iter().find(|(beginning, _)| message.starts_with(beginning));
        let known = plain.or_else(|| SYSTEM_MESSAGES.into_iter().find(|(end, _)| message.ends_with(end)));
        match known {
            Some((what, state)) => Self::new(what).with_sql_state(state),
            None if message.starts_with("no such") => Self::new("the schema is not ours"),
            None => Self::new("a statement failed"),
        }
    }

    /// The same with PostgreSQL's code, if it is one.
    pub(crate) fn with_sql_state(self, state: &str) -> Self {
        let state = <[u8; 5]>::try_from(state.as_bytes()).ok();
        let state = state.filter(|state| state.iter().all(u8::is_ascii_alphanumeric));
        Self { code: state.map(Code::SqlState).or(self.code), ..self }
    }

    /// The same with the operating system's number, if there is one.
    pub(crate) fn with_os_error(self, number: Option<i32>) -> Self {
        Self { code: number.map(Code::Os).or(self.code), ..self }
    }

    /// Whether somebody else holds the lock.
    pub(crate) fn is_locked(self) -> bool {
        self.what == LOCKED
    }

    /// Whether a statement is not on the connection that it was prepared on.
    pub(crate) fn is_lost_statement(self) -> bool {
        self.what == LOST_STATEMENT
    }

    /// Whether the connection is gone, and another one may work.
    pub(crate) fn is_lost_connection(self) -> bool {
        [CONNECTION_LOST, CONNECTION_BROKEN, TERMINATED].contains(&self.what)
    }

    /// Whether a file is not the database it was taken for.
    pub(crate) fn is_no_database(self) -> bool {
        self.what == NO_DATABASE
    }

    /// A failure of the pool, not of the database.
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, code: None }
    }
}

/// The operating system's number, where `message` ends with one.
fn os_error(message: &str) -> Option<i32> {
    message.rsplit_once(OS_ERROR)?.1.strip_suffix(')')?.parse().ok()
}

impl Failure {
    /// The database does not work, for a reason of our own.
    pub(crate) fn unavailable(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<DieselError> for Failure {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::Conflict,
            DieselError::DeserializationError(_) => Self::Corrupt("a column has another type"),
            _ => Self::unavailable(DatabaseError::of(&error)),
        }
    }
}

impl From<CipherError> for Failure {
    fn from(error: CipherError) -> Self {
        match StoreError::from(error) {
            StoreError::Conflict => Self::Conflict,
            StoreError::Corrupt(what) => Self::Corrupt(what),
            StoreError::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Self::Conflict,
            Failure::Corrupt(what) => Self::Corrupt(what),
            Failure::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_and_no_name_of_a_file_and_no_value() {
        for (message, told) in [
            (
                "could not extend file \"base/16384/16397\": No space left on device",
                "No space left on device (SQLSTATE 53100)",
            ),
            ("could not write to file \"pg_wal/xlogtemp.1\": Disk quota exceeded", "Disk quota exceeded"),
            ("permission denied for table connections", "permission denied (SQLSTATE 42501)"),
            ("sorry, too many clients already", "sorry, too many clients already (SQLSTATE 53300)"),
            ("database or disk is full", "database or disk is full"),
            ("value \"olena\" is odd", "a statement failed"),
        ] {
            assert_eq!(DatabaseError::of_message(message).to_string(), told);
        }
    }

    #[test]
    fn a_lost_connection_names_the_error_of_the_system() {
        let lost = |message: &str| {
            let kind = DatabaseErrorKind::UnableToSendCommand;
            DatabaseError::of(&DieselError::DatabaseError(kind, Box::new(message.to_owned()))).to_string()
        };
        let reset = lost("error communicating with the server: Connection reset by peer (os error 104)");
        assert_eq!(reset, format!("the connection is lost: {}", io::Error::from_raw_os_error(104)));
        assert_eq!(lost("connection closed"), "the connection is lost");
    }
}
