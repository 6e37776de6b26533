//! `amo-connect keys new` and `amo-connect keys rotate`.

use amo_connect_adapters::Cursor;
use amo_connect_adapters::cipher::TokenKeys;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use tokio::time::Instant;

use super::{Failure, print};
use crate::config::{Given, Settings, Tokens};
use crate::wiring;

/// How many rows are sealed anew in one transaction.
const BATCH: u32 = 100;

/// What to do with the keys of stored tokens.
#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Print a new entry for `TOKEN_KEYS`: a key id and a fresh key
    New,
    /// Seal all stored tokens anew, under the first of `TOKEN_KEYS`; the service may run, and it can be stopped and
    /// begun again
    Rotate(Box<Settings<Tokens>>),
}

/// Prints a new entry.
pub(super) fn new() -> Result<(), Failure> {
    print(&TokenKeys::generate_entry()?)
}

/// Walks through all sealed rows, batch by batch.
pub(super) async fn rotate(settings: &Given) -> Result<(), Failure> {
    let store = wiring::open(settings.check_storage()?).await?.sealed;
    let progress = ProgressBar::new(store.sealed().await?)
        .with_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} rows, {eta} left")?);
    let (mut resealed, mut unreadable) = (0, 0);
    let mut cursor = Some(Cursor::default());
    while let Some(here) = cursor {
        let begun = Instant::now();
        let batch = store.reseal(here, BATCH).await?;
        progress.inc(batch.seen.try_into()?);
        resealed += batch.resealed;
        unreadable += batch.unreadable;
        cursor = batch.next;
        // SQLite gives the lock to whoever comes by: the service gets half of the time.
        tokio::time::sleep(begun.elapsed()).await;
    }
    progress.finish_and_clear();
    print(&format!("Sealed anew: {resealed}."))?;
    if unreadable > 0 {
        return Err(format!("{unreadable} rows are sealed under none of TOKEN_KEYS; they were left as they are").into());
    }
    Ok(())
}
