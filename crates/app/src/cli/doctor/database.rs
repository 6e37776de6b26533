//! The database: whether it is there, can be read and written, has our tables, and tells the time.

use std::error::Error;
use std::io;
use std::time::Duration;

use amo_connect_adapters::backend::{Backend, OpenOptions, OpenStore, Place};
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::migrate::{MigrationError, Pending};
use amo_connect_domain::key_ring::{SealedRecords, SealedTotal};
use amo_connect_domain::ports::StoreError;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::super::{Failure, chain};
use super::Check;
use crate::config::Given;

/// Leases are judged by the database's clock, all else by this machine's.
const MOST_OFF: Duration = Duration::from_secs(5);

/// Longer than a database that is there takes to let anybody in.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(15);

/// The database's checks, as far as each can be made.
pub(super) async fn check(given: &Given) -> Vec<Check> {
    // What is wrong with the setting was told with the others.
    let Ok(database) = given.check_database() else {
        return vec![Check::failed("database", "DATABASE_URL names none, so it was not asked")];
    };
    let kind = kind(&*database);
    let opened = match keys(given) {
        Ok(keys) => {
            timeout(DATABASE_TIMEOUT, open(&*database, keys)).await.unwrap_or_else(|_| Err("it does not answer".into()))
        }
        Err(error) => Err(error),
    };
    match opened {
        Ok(store) => {
            let mut checks = vec![Check::ok("database", kind), Check::ok("migrations", "all are applied")];
            checks.push(writable(&store).await);
            checks.push(clock(&store).await);
            if given.check_storage().is_ok() {
                checks.push(sealed(&store).await);
            }
            checks
        }
        Err(error) => not_open(kind, &*error, given),
    }
}

/// Checks look at no token, so any key will do where `TOKEN_KEYS` has a mistake.
fn keys(given: &Given) -> Result<TokenKeys, Failure> {
    match given.check_storage() {
        Ok(storage) => Ok(storage.token_keys),
        Err(_) => Ok(TokenKeys::parse(&TokenKeys::generate_entry()?)?),
    }
}

async fn open(database: &dyn Backend, keys: TokenKeys) -> Result<OpenStore, Failure> {
    let options = OpenOptions { pending: Pending::Refuse, connections: std::num::NonZeroUsize::new(1) };
    database.open(keys, options).await
}

fn kind(database: &dyn Backend) -> String {
    match database.place() {
        Place::Sqlite(file) => format!("SQLite, {}", file.0.display()),
        Place::Postgres(_) => "PostgreSQL".to_owned(),
        Place::Other => "a store that was plugged in".to_owned(),
    }
}

fn not_open(kind: String, error: &(dyn Error + Send + Sync + 'static), given: &Given) -> Vec<Check> {
    let first: &(dyn Error + 'static) = error;
    let causes = || std::iter::successors(Some(first), |error: &&(dyn Error + 'static)| (*error).source());
    let migrates = given.check().map_or(true, |config| config.storage.auto_migrate);
    let later = |detail: String| {
        if migrates {
            Check::warning("migrations", format!("{detail}; serve will do it at its start"))
        } else {
            Check::failed("migrations", format!("{detail}; run amo-connect migrate"))
        }
    };
    if let Some(schema) = causes().find_map(|cause| cause.downcast_ref::<MigrationError>()) {
        return match schema {
            MigrationError::Pending(_) => vec![Check::ok("database", kind), later(schema.to_string())],
            _ => vec![Check::ok("database", kind), Check::failed("migrations", chain(schema))],
        };
    }
    let missing = |cause: &io::Error| cause.kind() == io::ErrorKind::NotFound;
    if causes().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(missing)) {
        return vec![later(format!("{kind}: is not there yet"))];
    }
    vec![Check::failed("database", format!("{kind}: {}", chain(error)))]
}

async fn writable(store: &OpenStore) -> Check {
    let written = async {
        store.storage.ready().await?;
        store.storage.beat().await
    };
    match timeout(DATABASE_TIMEOUT, written).await {
        Ok(Ok(())) => Check::ok("writes", "the database can be read and written"),
        Ok(Err(error)) => Check::failed("writes", told(&error)),
        Err(_) => Check::failed("writes", "the database does not answer"),
    }
}

/// Which keys stored tokens are sealed under, and whether `TOKEN_KEYS` has them.
async fn sealed(store: &OpenStore) -> Check {
    let records = match store.keys.sealed_records().await {
        Ok(records) => records,
        Err(error) => return Check::failed("keys", told(&error)),
    };
    let line = |sealed: &SealedRecords| {
        let key = sealed.key.as_ref().map_or_else(|| "no key".to_owned(), ToString::to_string);
        format!("{} under {key}{}", sealed.records, if sealed.opens { "" } else { ", which is not in TOKEN_KEYS" })
    };
    let lines: Vec<_> = records.iter().map(line).collect();
    if records.iter().all(|sealed| sealed.opens) {
        let lines = if lines.is_empty() { "no tokens are stored".to_owned() } else { lines.join("; ") };
        Check::ok("keys", lines)
    } else {
        let lines = format!("tokens that cannot be opened: {}", lines.join("; "));
        // `serve` starts with a few of them, and refuses to start with more.
        let is_wrong = SealedTotal::of(&records).has_wrong_keys();
        if is_wrong { Check::failed("keys", lines) } else { Check::warning("keys", lines) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a command compares the machine's clock once")]
async fn clock(store: &OpenStore) -> Check {
    let (asked, begun) = (Timestamp::now(), Instant::now());
    match store.storage.clock().await {
        Ok(there) => {
            let way = begun.elapsed();
            let here = asked + way / 2;
            let off = there.duration_since(here).unsigned_abs();
            match off.checked_sub(way) {
                Some(off) if off > MOST_OFF => Check::warning(
                    "clock",
                    format!("this machine and the database differ by {} s: set one by the other (NTP)", off.as_secs()),
                ),
                _ => Check::ok("clock", "this machine and the database agree"),
            }
        }
        Err(error) => Check::failed("clock", told(&error)),
    }
}

fn told(error: &StoreError) -> String {
    error.whole().to_string()
}
