//! `DATABASE_URL`: which database is meant.
//!
//! What is of neither form is refused and never guessed at: a file would be made in its name. No
//! message repeats it, because it may hold a password.

use amo_connect_adapters::backend::Backend;

use super::reader::is_blank;
use crate::stores::{STORES, sqlite};

/// Why a text names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidDatabaseUrl {
    /// It has another scheme, or none of a file's name.
    #[error("is neither sqlite:path, nor a path, nor postgres://user:password@host:5432/database")]
    Neither,
    /// `host=… password=…`, or another program's `Server=…;Pwd=…`.
    #[error("has key=value in it; write postgres://user:password@host:5432/database, or for a file sqlite:./odd=name")]
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
    /// Something that a path seldom has, and a mistyped address often.
    #[error(
        "has a character that no path has here: a path has letters, digits, blanks and / . _ - + ~ ( ), and after \
         sqlite:/, sqlite:./ or sqlite:../ also : = @ , # % [ ]; \
         a server is written postgres://user:password@host:5432/database"
    )]
    Characters,
    /// It is of a store that cannot read it.
    #[error("{0}")]
    Refused(String),
}

use InvalidDatabaseUrl::{Characters, KeyValue, Memory, Neither, NoFile, Parameters, Slashes};

/// Takes what one of [`STORES`] reads, `sqlite:path`, or a path.
pub(super) fn read(text: &str) -> Result<Box<dyn Backend>, InvalidDatabaseUrl> {
    if let Some((_, named)) = STORES.iter().find(|(scheme, _)| text.starts_with(scheme)) {
        return named(text).map_err(|error| InvalidDatabaseUrl::Refused(error.to_string()));
    }
    let path = match text.strip_prefix("sqlite:") {
        Some("" | "//" | "///") => return Err(NoFile),
        Some(path) if path.starts_with("//") && !path.starts_with("///") => return Err(Slashes),
        Some(path) => path,
        None if text.starts_with("//") => return Err(Neither),
        None => text,
    };
    if path == ":memory:" {
        Err(Memory)
    } else if has_scheme(path) || has_password(path) {
        Err(Neither)
    } else if path.contains('?') {
        Err(Parameters)
    } else if is_key_value(path) {
        Err(KeyValue)
    } else if !path.chars().all(|character| is_of_a_path(character, is_plainly_a_path(path))) {
        Err(Characters)
    } else {
        Ok(sqlite(path.into()))
    }
}

/// What is called so, in one way or another, is part of an address: `PGPASSWORD`, `User Id`.
const KEYS: [&str; 11] =
    ["pass", "pwd", "secret", "token", "key", "credential", "user", "uid", "host", "server", "dbname"];

/// Such words need no `=` to give a password away.
const PASSWORDS: [&str; 4] = ["password", "passwd", "pass", "pwd"];

/// No address of a server begins so.
fn is_plainly_a_path(path: &str) -> bool {
    ["/", "./", "../"].iter().any(|start| path.starts_with(start))
}

/// `host=db user=u` in any case, with or without blanks around `=`; or `password p`. A path that is
/// plainly one may have an `=` that follows no such key.
fn is_key_value(path: &str) -> bool {
    let path_in_lower_case = path.to_lowercase();
    let mut before: Vec<&str> = path_in_lower_case.split('=').collect();
    before.pop();
    let has_key = |text: &&str| {
        let word = text.trim_end().rsplit([' ', '/', ',', ';', '&']).next().unwrap_or_default();
        !is_plainly_a_path(path) || KEYS.iter().any(|key| word.contains(key))
    };
    let words: Vec<&str> = path_in_lower_case.split_whitespace().collect();
    before.iter().any(has_key) || words.windows(2).any(|pair| PASSWORDS.contains(&pair[0]))
}

/// A colon before any slash. A file of such a name is written `./a:b.db`.
fn has_scheme(path: &str) -> bool {
    path.split('/').next().is_some_and(|first| first.contains(':'))
}

/// `user:password@host`, which a mistyped scheme leaves.
fn has_password(path: &str) -> bool {
    path.split_once(':').is_some_and(|(_, rest)| rest.contains('@'))
}

fn is_of_a_path(character: char, plainly_a_path: bool) -> bool {
    match character {
        ' ' | '/' | '.' | '_' | '-' | '+' | '~' | '(' | ')' => true,
        ':' | '=' | '@' | ',' | '#' | '%' | '[' | ']' => plainly_a_path,
        _ if character.is_ascii() => character.is_ascii_alphanumeric(),
        _ => !is_blank(character),
    }
}

#[cfg(test)]
mod tests {
    use amo_connect_adapters::postgres::InvalidPgUrl;

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
            ("sqlite:./a=b.db", "./a=b.db"),
            ("/home/olena@corp.example/a.db", "/home/olena@corp.example/a.db"),
            ("комора (1)/a~b.db", "комора (1)/a~b.db"),
            ("my passwords.db", "my passwords.db"),
            ("/srv/user 1/my passwd", "/srv/user 1/my passwd"),
            ("a.db", "a.db"),
            ("/var/lib/a.db", "/var/lib/a.db"),
            ("/srv/amo@1/a:b.db", "/srv/amo@1/a:b.db"),
            ("./a:b.db", "./a:b.db"),
            ("./a=b.db", "./a=b.db"),
            ("a b.db", "a b.db"),
            ("postgres.db", "postgres.db"),
        ] {
            let read = read(text).unwrap();
            assert_eq!(format!("{read:?}"), format!("{:?}", sqlite(file.into())), "{text}");
        }
    }

    #[test]
    fn a_server_is_named_by_postgres_or_postgresql() {
        for text in ["postgres://u@host/app", "postgresql://u:p@host:6000/app?sslmode=require"] {
            assert!(format!("{:?}", read(text).unwrap()).starts_with("PgUrl"), "{text}");
        }
        assert_eq!(
            refusal("postgres://u:p@host:x/app"),
            Some(InvalidDatabaseUrl::Refused(InvalidPgUrl::Form.to_string()))
        );
    }

    #[test]
    fn what_is_neither_is_told_apart() {
        for (text, why) in [
            ("host=db user=u password=p", KeyValue),
            ("password = p", KeyValue),
            ("postgresql host=db", KeyValue),
            ("Host=db;Username=u;Password=p", KeyValue),
            ("sqlite:a=b.db", KeyValue),
            ("/run/postgresql PGUSER = u", KeyValue),
            ("/tmp/a.db;Pwd=p", KeyValue),
            ("/tmp Password p", KeyValue),
            ("-c password=p", KeyValue),
            ("u/p@host/app", Characters),
            ("{\"p\"}", Characters),
            ("/tmp/a.db;p", Characters),
            ("$HOME/a.db", Characters),
            ("a\u{a0}b.db", Characters),
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
