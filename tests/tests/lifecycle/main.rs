//! Connected once, stays connected: the real binary on both databases, an amoCRM with faults,
//! and processes that stop, die and lose their database. What each test shows, and the figures,
//! are in `docs/reliability.md`.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod stage;

/// Runs each of these functions on a [`Stage`](stage::Stage) with SQLite and on one with PostgreSQL.
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::stage::Stage::on_sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::stage::Stage::on_postgres().await).await;
            })*
        }
    };
}

mod answers;
mod ban;
mod caller_gone;
mod callers;
mod crowd;
mod dresses;
mod exchange;
mod garbage_codes;
mod keepalive;
mod kills;
mod kills_of_writers;
mod lost_by_the_database;

mod no_permits;
mod outages;
mod overlapping_rounds;
mod phone;
mod short_days;
mod shutdown;
mod strangers;
mod week;
mod wrong_secret;
