//! Bringing a database's schema up to date, or refusing one that this build cannot serve.

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::result::Error as DieselError;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::rows::DatabaseError;

/// The oldest migration that a build has to know to serve a database, by the database itself. The
/// table came with a migration: a database without that one is not newer than any build that asks.
pub(crate) const OLDEST_MIGRATION: &str = "SELECT oldest_migration AS version FROM schema_compatibility WHERE id = 1";

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
    /// A newer build has worked on the database, and it needs one that knows more than this one.
    #[error(
        "the database is newer than this program, which cannot serve it: it has the migrations {}, and needs a program \
         that knows {}; this one knows those up to {newest}",
        unknown.join(", "),
        oldest.as_deref().unwrap_or("all of them")
    )]
    Newer {
        /// The migrations that this build does not know.
        unknown: Vec<String>,
        /// The oldest that a build has to know; `None` if the database does not say.
        oldest: Option<String>,
        /// The newest that this build knows.
        newest: String,
    },
    /// The database has migrations that this build does not know, and lacks others that it knows:
    /// these may not be right any more.
    #[error("the database has migrations that this program does not know ({}), and lacks {}", unknown.join(", "), lacks.join(", "))]
    Diverged {
        /// The migrations that this build does not know.
        unknown: Vec<String>,
        /// Those that only this build knows.
        lacks: Vec<String>,
    },
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

/// The migrations that a build knows, by their versions, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownSchema(Vec<String>);

/// How a database's schema stands to what a build knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// It has all that the build knows, and nothing else.
    Current,
    /// It lacks these.
    Lacks(Vec<String>),
    /// It has these besides, and says that the build can serve it.
    Newer(Vec<String>),
}

impl KnownSchema {
    pub(crate) fn of<DB: Backend>(known: &EmbeddedMigrations) -> Result<Self, MigrationError> {
        Ok(Self(sorted::<DB>(known)?.iter().map(|migration| migration.name().version().to_string()).collect()))
    }

    pub(crate) fn versions(&self) -> &[String] {
        &self.0
    }

    /// Whether a database that has `applied` has any that this build does not know.
    pub(crate) fn is_older_than(&self, applied: &[String]) -> bool {
        applied.iter().any(|version| !self.0.contains(version))
    }

    /// What the build may do with a database that has the migrations `applied`, and that a build has
    /// to know `oldest` to serve.
    pub(crate) fn compare(&self, applied: &[String], oldest: Option<&str>) -> Result<Schema, MigrationError> {
        let lacks: Vec<_> = self.0.iter().filter(|version| !applied.contains(version)).cloned().collect();
        let mut unknown: Vec<_> = applied.iter().filter(|version| !self.0.contains(version)).cloned().collect();
        unknown.sort_unstable();
        match (unknown.is_empty(), lacks.is_empty()) {
            (true, true) => Ok(Schema::Current),
            (true, false) => Ok(Schema::Lacks(lacks)),
            (false, false) => Err(MigrationError::Diverged { unknown, lacks }),
            (false, true) if oldest.is_some_and(|oldest| self.0.iter().any(|known| known == oldest)) => {
                Ok(Schema::Newer(unknown))
            }
            (false, true) => Err(MigrationError::Newer {
                unknown,
                oldest: oldest.map(ToOwned::to_owned),
                newest: self.0.last().cloned().unwrap_or_default(),
            }),
        }
    }

    /// The migrations that are to be applied to a database that has `applied`, in order.
    pub(crate) fn missing<DB: Backend>(
        &self,
        known: &EmbeddedMigrations,
        applied: &[String],
        oldest: Option<&str>,
        pending: Pending,
    ) -> Result<Vec<Box<dyn Migration<DB>>>, MigrationError> {
        let lacks = match self.compare(applied, oldest)? {
            Schema::Current => return Ok(Vec::new()),
            Schema::Newer(unknown) => {
                tracing::info!(
                    migrations = unknown.join(","),
                    "the database is newer than this program, which can serve it"
                );
                return Ok(Vec::new());
            }
            Schema::Lacks(lacks) => lacks,
        };
        let is_missing = |migration: &dyn Migration<DB>| lacks.contains(&migration.name().version().to_string());
        let missing: Vec<_> = sorted::<DB>(known)?.into_iter().filter(|migration| is_missing(&**migration)).collect();
        if pending == Pending::Refuse {
            let names = missing.iter().map(|migration| migration.name().to_string()).collect();
            return Err(MigrationError::Pending(names));
        }
        Ok(missing)
    }
}

/// Brings the schema up to `known` and returns the names of the migrations it took. It is for
/// the caller to see that nobody else does so at the same time, to undo a failed attempt, and to
/// read `oldest` of a database that is newer.
pub(crate) fn migrate<DB, H>(
    database: &mut H,
    known: &EmbeddedMigrations,
    oldest: Option<&str>,
    pending: Pending,
) -> Result<Vec<String>, MigrationError>
where
    DB: Backend,
    H: MigrationHarness<DB>,
{
    let applied = applied(database)?;
    let mut names = Vec::new();
    for migration in KnownSchema::of::<DB>(known)?.missing::<DB>(known, &applied, oldest, pending)? {
        let name = migration.name().to_string();
        if let Err(error) = database.run_migration(&*migration) {
            return Err(MigrationError::Failed { name, source: kind(&*error) });
        }
        tracing::info!(migration = name, "the database was brought up to date");
        names.push(name);
    }
    Ok(names)
}

/// The newest of the migrations that a database has; empty if it has none.
pub(crate) fn newest(applied: Vec<String>) -> String {
    applied.into_iter().max().unwrap_or_default()
}

/// The versions of the migrations that the database has.
pub(crate) fn applied<DB, H>(database: &mut H) -> Result<Vec<String>, MigrationError>
where
    DB: Backend,
    H: MigrationHarness<DB>,
{
    let applied = database.applied_migrations().map_err(|error| MigrationError::Database(kind(&*error)))?;
    Ok(applied.iter().map(ToString::to_string).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn known(versions: &[&str]) -> KnownSchema {
        KnownSchema(owned(versions))
    }

    fn owned(versions: &[&str]) -> Vec<String> {
        versions.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_newer_schema_is_served_if_it_says_so() {
        let build = known(&["1", "2"]);
        assert_eq!(build.compare(&owned(&["2", "1"]), None).unwrap(), Schema::Current);
        assert_eq!(build.compare(&owned(&["1"]), Some("1")).unwrap(), Schema::Lacks(owned(&["2"])));
        for oldest in ["1", "2"] {
            let newer = build.compare(&owned(&["1", "2", "4", "3"]), Some(oldest)).unwrap();
            assert_eq!(newer, Schema::Newer(owned(&["3", "4"])), "{oldest}");
        }
    }

    #[test]
    fn a_newer_schema_is_refused_if_it_needs_more_or_does_not_say() {
        let build = known(&["1", "2"]);
        for oldest in [Some("3"), None] {
            let refused = build.compare(&owned(&["1", "2", "3"]), oldest).unwrap_err();
            let MigrationError::Newer { unknown, newest, .. } = refused else { panic!("{refused:?}") };
            assert_eq!((unknown, newest), (owned(&["3"]), "2".to_owned()));
        }
        let refused = build.compare(&owned(&["1", "3"]), Some("1")).unwrap_err();
        assert!(matches!(refused, MigrationError::Diverged { .. }), "{refused:?}");
    }
}
