//! What the reservation before a call costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{PgOptions, PgTokenStore};
use amo_connect_adapters::sqlite::{SqliteOptions, SqliteTokenStore};
use amo_connect_contract::fixtures::demand;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::RateLimitStore;
use amo_connect_domain::rate_limit::{Pace, PaceScope};

use crate::{cpu, median};

const RESERVATIONS: u32 = 2_000;

/// Makes reservations one after another, in a new database or the one at this address. Returns the
/// median time of a reservation, and the processor time of each, in microseconds.
pub(crate) async fn measure(database: Option<&str>) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let keys = TokenKeys::parse("one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let store: Arc<dyn RateLimitStore> = if let Some(url) = database {
        Arc::new(PgTokenStore::open(&url.parse().unwrap(), keys, PgOptions::default()).await.unwrap())
    } else {
        let file = folder.path().join("reservations.db");
        Arc::new(SqliteTokenStore::open(&file, keys, SqliteOptions::default()).await.unwrap())
    };
    let account = AccountHost::stored("bench.amocrm.ru");
    let pace = Pace { apart: Duration::ZERO, scope: PaceScope::Account };
    let mut waits = Vec::new();
    let before = cpu::of_process(std::process::id());
    for _ in 0..RESERVATIONS {
        let asked = Instant::now();
        store.reserve(&account, pace, &demand(1), Duration::from_secs(5)).await.unwrap();
        waits.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    let used = cpu::of_process(std::process::id()).saturating_sub(before);
    (median(waits.into_iter()), used.as_secs_f64() * 1e6 / f64::from(RESERVATIONS))
}
