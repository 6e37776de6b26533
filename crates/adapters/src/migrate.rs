//! Bringing a database's schema up to date, or refusing one that is not.

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::result::Error as DieselError;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::rows::DatabaseError;

/// What is to happen to migrations that a database lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// They are applied.
    Apply,
    /// The database is refused (`AUTO_MIGRATE=false`).
    Refuse,
}

/// Why a database's schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Migrations are missing, and were not to be applied.
    #[error("the database lacks migrations: {}", .0.join(", "))]
    Pending(Vec<String>),
    /// A newer program has worked on the database.
    #[error("the database is newer than this program: it has migrations {}", .0.join(", "))]
    Newer(Vec<String>),
    /// A migration failed, and was undone.
    #[error("migration {name} failed")]
    Failed {
        /// Its name.
        name: String,
        /// Why.
        source: DatabaseError,
    },
    /// The database failed.
    #[error("the migrations that a database has cannot be read")]
    Database(#[source] DatabaseError),
}

impl From<DieselError> for MigrationError {
    fn from(error: DieselError) -> Self {
        Self::Database(DatabaseError::of(&error))
    }
}

/// The versions of `known`, in order.
pub(crate) fn versions<DB: Backend>(known: &EmbeddedMigrations) -> Result<Vec<String>, MigrationError> {
    Ok(sorted::<DB>(known)?.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// The migrations of `known` that are not among the `applied`, in order.
pub(crate) fn missing<DB: Backend>(
    known: &EmbeddedMigrations,
    applied: &[String],
    pending: Pending,
) -> Result<Vec<Box<dyn Migration<DB>>>, MigrationError> {
    let own = versions::<DB>(known)?;
    let mut newer: Vec<String> = applied.iter().filter(|version| !own.contains(version)).cloned().collect();
    if !newer.is_empty() {
        newer.sort_unstable();
        return Err(MigrationError::Newer(newer));
    }
    let is_applied = |migration: &dyn Migration<DB>| applied.contains(&migration.name().version().to_string());
    let missing: Vec<_> = sorted::<DB>(known)?.into_iter().filter(|migration| !is_applied(&**migration)).collect();
    if pending == Pending::Refuse && !missing.is_empty() {
        return Err(MigrationError::Pending(missing.iter().map(|migration| migration.name().to_string()).collect()));
    }
    Ok(missing)
}

/// Brings the schema up to `known` and returns the names of the migrations it took. It is for
/// the caller to see that nobody else does so at the same time, and to undo a failed attempt.
pub(crate) fn migrate<DB, H>(
    database: &mut H,
    known: &EmbeddedMigrations,
    pending: Pending,
) -> Result<Vec<String>, MigrationError>
where
    DB: Backend,
    H: MigrationHarness<DB>,
{
    let applied = database.applied_migrations().map_err(|error| MigrationError::Database(kind(&*error)))?;
    let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
    let mut names = Vec::new();
    for migration in missing::<DB>(known, &applied, pending)? {
        let name = migration.name().to_string();
        if let Err(error) = database.run_migration(&*migration) {
            return Err(MigrationError::Failed { name, source: kind(&*error) });
        }
        tracing::info!(migration = name, "the database was brought up to date");
        names.push(name);
    }
    Ok(names)
}

fn sorted<DB: Backend>(known: &EmbeddedMigrations) -> Result<Vec<Box<dyn Migration<DB>>>, MigrationError> {
    let mut migrations = known.migrations().map_err(|error| MigrationError::Database(kind(&*error)))?;
    migrations.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
    Ok(migrations)
}

fn kind(error: &(dyn std::error::Error + Send + Sync + 'static)) -> DatabaseError {
    match error.downcast_ref::<DieselError>() {
        Some(error) => DatabaseError::of(error),
        None => DatabaseError::of_message(""),
    }
}
