//! How a database fails, told without its statements, its values or its own words.

use std::error::Error;

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
/// only well-known ones are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DatabaseError(&'static str);

const LOCKED: &str = "database is locked";
const NO_DATABASE: &str = "file is not a database";

/// How PostgreSQL says that a prepared statement is not where it was prepared, or is there already.
const STATEMENT: &str = "prepared statement \"";
const LOST_STATEMENT: &str = "a pooler before PostgreSQL loses prepared statements: PgBouncer has to be in session mode, or \
                              1.21 or newer with max_prepared_statements";

/// How the databases begin what they say; these beginnings name nothing of ours.
const PLAIN_MESSAGES: [&str; 16] = [
    "attempt to write a readonly database",
    "canceling statement due to lock timeout",
    "canceling statement due to statement timeout",
    "database disk image is malformed",
    LOCKED,
    "database or disk is full",
    "database schema is locked",
    "database table is locked",
    "deadlock detected",
    "disk I/O error",
    NO_DATABASE,
    "interrupted",
    "out of memory",
    "permission denied",
    "terminating connection due to administrator command",
    "unable to open database file",
];

impl DatabaseError {
    /// The kind of `error`.
    pub(crate) fn of(error: &DieselError) -> Self {
        Self(match error {
            DieselError::DatabaseError(kind, information) => match kind {
                DatabaseErrorKind::UniqueViolation => "a unique constraint is violated",
                DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation => "a constraint is violated",
                DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
                    "the connection is lost"
                }
                DatabaseErrorKind::SerializationFailure => "the transaction cannot be serialized",
                DatabaseErrorKind::ReadOnlyTransaction => "the transaction is read-only",
                _ => return Self::of_message(information.message()),
            },
            // What we found out ourselves travels through diesel so.
            DieselError::QueryBuilderError(own) => {
                return own.downcast_ref().copied().unwrap_or(Self("a statement cannot be built"));
            }
            DieselError::RollbackErrorOnCommit { commit_error, .. } => return Self::of(commit_error),
            DieselError::BrokenTransactionManager => "the connection is broken",
            _ => "a statement failed",
        })
    }

    /// The kind of a failure of which there is only the message.
    pub(crate) fn of_message(message: &str) -> Self {
        if message.starts_with(STATEMENT) {
            return Self(LOST_STATEMENT);
        }
        let plain = PLAIN_MESSAGES.into_iter().find(|plain| message.starts_with(plain));
        Self(plain.unwrap_or(if message.starts_with("no such") {
            "the schema is not ours"
        } else {
            "a statement failed"
        }))
    }

    /// Whether somebody else holds the lock.
    pub(crate) fn is_locked(self) -> bool {
        self.0 == LOCKED
    }

    /// Whether a statement is not on the connection that it was prepared on.
    pub(crate) fn is_lost_statement(self) -> bool {
        self.0 == LOST_STATEMENT
    }

    /// Whether a file is not the database it was taken for.
    pub(crate) fn is_no_database(self) -> bool {
        self.0 == NO_DATABASE
    }

    /// A failure of the pool, not of the database.
    pub(crate) const fn new(what: &'static str) -> Self {
        Self(what)
    }
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
