//! The stores that `DATABASE_URL` can name.

use std::error::Error;
use std::path::PathBuf;

use amo_connect_adapters::backend::Backend;
use amo_connect_adapters::postgres::PgUrl;
use amo_connect_adapters::sqlite::SqliteFile;

/// Makes a store of a whole `DATABASE_URL`. An error must not repeat it: it may hold a password.
type Named = fn(&str) -> Result<Box<dyn Backend>, Box<dyn Error>>;

/// The stores by what their `DATABASE_URL` begins with, a line each. A text that begins with none of
/// these is a SQLite file.
pub(crate) const STORES: &[(&str, Named)] = &[
    ("postgres://", |url| Ok(Box::new(url.parse::<PgUrl>()?))),
    ("postgresql://", |url| Ok(Box::new(url.parse::<PgUrl>()?))),
];

/// A SQLite file.
pub(crate) fn sqlite(file: PathBuf) -> Box<dyn Backend> {
    Box::new(SqliteFile(file))
}
