//! Migrations, by one instance at a time.

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::result::{OptionalExtension as _, QueryResult};
use diesel::sql_types::{Bool, Text};
use diesel_async::{
    AnsiTransactionManager, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
    TransactionManager as _,
};

use super::connect::Connector;
use super::database::BEGIN;
use super::locks::{lock, migration_key};
use super::{MIGRATIONS, OpenError, PgOptions, PgUrl, pooler};
use crate::migrate::{self, KnownSchema, MigrationError, OLDEST_MIGRATION, Pending};
use crate::rows::DatabaseError;

/// The table that a database has while a SQLite file is moved to it.
pub(crate) const UNFINISHED_MOVE: &str = "unfinished_move";

/// A migration may take long, and whoever starts at the same time waits for it.
const SETTINGS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min'";

/// Brings the database up to date. Returns the names of the migrations it took.
pub async fn migrate(url: &PgUrl) -> Result<Vec<String>, OpenError> {
    let (connection, ..) = pooler::adapt(Connector::new(url, &PgOptions::default())?).await?;
    Ok(with(connection, Pending::Apply).await?.names)
}

/// A database that is up to date.
pub(super) struct UpToDate {
    /// The names of the migrations that it took.
    names: Vec<String>,
    /// The newest that it has.
    pub(super) newest: String,
}

pub(super) async fn with(mut connection: AsyncPgConnection, pending: Pending) -> Result<UpToDate, OpenError> {
    let schema = |error: MigrationError| OpenError::Schema(error);
    let known = KnownSchema::of::<Pg>(&MIGRATIONS).map_err(schema)?;
    let (has, oldest) = state(&mut connection, &known).await.map_err(|error| schema(error.into()))?;
    // As a rule there is nothing to do, and who does nothing needs no right to make tables.
    if known.missing::<Pg>(&MIGRATIONS, &has, oldest.as_deref(), pending).map_err(schema)?.is_empty() {
        return Ok(UpToDate { names: Vec::new(), newest: migrate::newest(has) });
    }
    begin(&mut connection).await?;
    // A newer build may have been faster.
    let (_, oldest) = state(&mut connection, &known).await.map_err(|error| schema(error.into()))?;
    // One transaction around all: if one fails, none was there.
    let migrating = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(connection);
        let names = migrate::migrate(&mut harness, &MIGRATIONS, oldest.as_deref(), pending)?;
        Ok((harness.into_inner(), names))
    });
    let stopping = || OpenError::Database(DatabaseError::new("the program is stopping"));
    let (mut connection, names) = migrating.await.or(Err(stopping()))?.map_err(schema)?;
    let committed = AnsiTransactionManager::commit_transaction(&mut connection).await;
    let database = |error| OpenError::Database(DatabaseError::of(&error));
    committed.map_err(database)?;
    let newest = migrate::newest(applied(&mut connection).await.map_err(database)?);
    Ok(UpToDate { names, newest })
}

async fn begin(connection: &mut AsyncPgConnection) -> Result<(), OpenError> {
    let database = |error| OpenError::Database(DatabaseError::of(&error));
    AnsiTransactionManager::begin_transaction_sql(connection, BEGIN).await.map_err(database)?;
    connection.batch_execute(SETTINGS).await.map_err(database)?;
    let locked = lock(connection, migration_key()).await;
    locked.or(Err(OpenError::Database(DatabaseError::new("somebody else does not end migrating"))))
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Whether a SQLite file is being moved to the database, and not all of it is there.
pub(super) async fn is_half_moved(connection: &mut AsyncPgConnection) -> Result<bool, OpenError> {
    let moved = exists(connection, UNFINISHED_MOVE).await;
    moved.map_err(|error| OpenError::Database(DatabaseError::of(&error)))
}

async fn exists(connection: &mut AsyncPgConnection, table: &str) -> QueryResult<bool> {
    let query = diesel::sql_query("SELECT to_regclass($1) IS NOT NULL AS yes").bind::<Text, _>(table);
    Ok(query.get_result::<Answer>(connection).await?.yes)
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The versions that the database has and, if it is newer than `known`, the oldest that a build has to know.
async fn state(connection: &mut AsyncPgConnection, known: &KnownSchema) -> QueryResult<(Vec<String>, Option<String>)> {
    let applied = applied(connection).await?;
    let mut oldest = None;
    if known.is_older_than(&applied) {
        let found = diesel::sql_query(OLDEST_MIGRATION).get_result::<Version>(connection).await.optional()?;
        oldest = found.map(|row| row.version);
    }
    Ok((applied, oldest))
}

/// The versions that the database has.
async fn applied(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    if !exists(connection, "__diesel_schema_migrations").await? {
        return Ok(Vec::new());
    }
    let query = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
    Ok(query.load::<Version>(connection).await?.into_iter().map(|row| row.version).collect())
}
