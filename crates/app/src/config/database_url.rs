//! `DATABASE_URL`: which database is meant.
//!
//! What is of neither form is refused and never guessed at: a file would be made in its name. No
//! message repeats it, because it may hold a password.

use amo_connect_adapters::postgres::InvalidPgUrl;

use super::Database;

/// Why a text names no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidDatabaseUrl {
    /// It has another scheme, or none of a file's name.
    #[error("is neither sqlite:path, nor a path, nor postgres://user:password@host:5432/database")]
    Neither,
    /// `host=… password=…`.
    #[error("is in libpq's key=value form; write postgres://user:password@host:5432/database")]
    KeyValue,
    /// `sqlite:` alone.
    #[error("names no file; write sqlite:path")]
    NoFile,
    /// `sqlite://name`, which programs read differently.
    #[error("has // after sqlite: and no third slash; write sqlite:path or sqlite:/absolute/path")]
    Slashes,
    /// `name?mode=…`.
    #[error("has a question mark, and a SQLite file takes no parameters; write sqlite:path")]
    Parameters,
    /// `:memory:`.
    #[error("is a database in memory, where every restart would lose all connections; write sqlite:path")]
    Memory,
    /// It is PostgreSQL's, and cannot be read.
    #[error(transparent)]
    Postgres(#[from] InvalidPgUrl),
}

use InvalidDatabaseUrl::{KeyValue, Memory, Neither, NoFile, Parameters, Slashes};

/// Takes `postgres://…`, `postgresql://…`, `sqlite:path`, or a path.
pub(super) fn read(text: &str) -> Result<Database, InvalidDatabaseUrl> {
    if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(Database::Postgres(Box::new(text.parse()?)));
    }
    let path = match text.strip_prefix("sqlite:") {
        Some("" | "//" | "///") => return Err(NoFile),
        Some(path) if path.starts_with("//") && !path.starts_with("///") => return Err(Slashes),
        Some(path) => path,
        None if is_key_value(text) => return Err(KeyValue),
        None if text.starts_with("//") => return Err(Neither),
        None => text,
    };
    if path == ":memory:" {
        Err(Memory)
    } else if has_scheme(path) || has_password(path) {
        Err(Neither)
    } else if path.contains('?') {
        Err(Parameters)
    } else {
        Ok(Database::Sqlite(path.into()))
    }
}

/// `host=db user=u`, with or without blanks around `=`.
fn is_key_value(text: &str) -> bool {
    let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.split_whitespace().any(|word| word.split_once('=').is_some_and(|(key, _)| is_key(key)))
}

/// A colon before any slash. A file of such a name is written `./a:b.db`.
fn has_scheme(path: &str) -> bool {
    path.split('/').next().is_some_and(|first| first.contains(':'))
}

/// `user:password@host`, which a mistyped scheme leaves.
fn has_password(path: &str) -> bool {
    path.split_once(':').is_some_and(|(_, rest)| rest.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<InvalidDatabaseUrl> {
        read(text).err()
    }

    #[test]
    fn a_file_is_named_by_sqlite_and_a_path_or_by_the_path_alone() {
        for (text, file) in [
            ("sqlite:amo-connect.db", "amo-connect.db"),
            ("sqlite:/var/lib/a.db", "/var/lib/a.db"),
            ("sqlite:///var/lib/a.db", "///var/lib/a.db"),
            ("sqlite:../a.db", "../a.db"),
            ("sqlite:a=b.db", "a=b.db"),
            ("a.db", "a.db"),
            ("/var/lib/a.db", "/var/lib/a.db"),
            ("/srv/amo@1/a:b.db", "/srv/amo@1/a:b.db"),
            ("./a:b.db", "./a:b.db"),
            ("./a=b.db", "./a=b.db"),
            ("a b.db", "a b.db"),
            ("postgres.db", "postgres.db"),
        ] {
            let read = read(text).unwrap();
            assert!(matches!(&read, Database::Sqlite(path) if path.to_str() == Some(file)), "{text}: {read:?}");
        }
    }

    #[test]
    fn a_server_is_named_by_postgres_or_postgresql() {
        for text in ["postgres://u@host/app", "postgresql://u:p@host:6000/app?sslmode=require"] {
            assert!(matches!(read(text), Ok(Database::Postgres(_))), "{text}");
        }
        assert_eq!(refusal("postgres://u:p@host:x/app"), Some(InvalidPgUrl::Form.into()));
    }

    #[test]
    fn what_is_neither_is_told_apart() {
        for (text, why) in [
            ("host=db user=u password=p", KeyValue),
            ("password = p", KeyValue),
            ("postgresql host=db", KeyValue),
            ("postgre://u:p@host/app", Neither),
            ("mysql://u:p@host/app", Neither),
            ("POSTGRES://u:p@host/app", Neither),
            ("postgres:/u:p@host/app", Neither),
            ("postgres//u:p@host/app", Neither),
            ("//u:p@host/app", Neither),
            ("u:p@host/app", Neither),
            ("/u:p@host/app", Neither),
            ("sqlite3:a.db", Neither),
            ("file:a.db", Neither),
            ("sqlite:file:a.db", Neither),
            ("sqlite:postgres://u:p@host/app", Neither),
            ("sqlite://a.db", Slashes),
            ("sqlite:a.db?mode=rwc", Parameters),
            ("a.db?mode=rwc", Parameters),
            ("sqlite::memory:", Memory),
            (":memory:", Memory),
            ("sqlite:", NoFile),
            ("sqlite://", NoFile),
        ] {
            assert_eq!(refusal(text), Some(why), "{text}");
        }
    }
}
