//! `amo-connect keys new` and `amo-connect keys rotate`.

use amo_connect_adapters::Cursor;
use amo_connect_adapters::backend::Reseal;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_domain::key_ring::KEY_RING_INTERVAL;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use tokio::time::Instant;

use super::{Failure, complain, print};
use crate::config::{Given, Settings, Tokens};
use crate::key_guard::{self, KeyGuard};
use crate::wiring;

/// How many rows are sealed anew in one transaction.
const BATCH: u32 = 100;

/// What to do with the keys of stored tokens.
#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Print a new entry for `TOKEN_KEYS`: a key id and a fresh key
    New,
    /// Seal all stored tokens anew, under the first of `TOKEN_KEYS`
    ///
    /// The service may run meanwhile, and this can be stopped and begun again. Change `TOKEN_KEYS` in these steps, and
    /// restart all instances in turn after each: 1. add the new key, last. 2. put it first. 3. run `keys rotate` with the
    /// same `TOKEN_KEYS`. 4. take the old key out. An instance that is not as far refuses the next step.
    Rotate(Box<Settings<Tokens>>),
}

/// Prints a new entry.
pub(super) fn new() -> Result<(), Failure> {
    print(&TokenKeys::generate_entry()?)
}

/// Walks through all sealed rows, batch by batch.
pub(super) async fn rotate(settings: &Given) -> Result<(), Failure> {
    let config = settings.check_storage()?;
    let ring = config.token_keys.ring();
    let opened = wiring::open(config).await?;
    let guard = KeyGuard::publish(opened.keys, ring).await?;
    let rotated = match guard.check_rotation().await {
        Ok(()) => seal_anew(&*opened.sealed, &guard).await,
        Err(refused) => Err(refused.into()),
    };
    guard.withdraw().await;
    rotated
}

async fn seal_anew(store: &dyn Reseal, guard: &KeyGuard) -> Result<(), Failure> {
    let progress = ProgressBar::new(store.sealed().await?)
        .with_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} rows, {eta} left")?);
    let (mut resealed, mut unreadable) = (0, 0);
    let mut cursor = Some(Cursor::default());
    let mut published = Instant::now();
    while let Some(here) = cursor {
        if published.elapsed() > KEY_RING_INTERVAL {
            guard.publish_again().await?;
            published = Instant::now();
        }
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
    let others = guard.sealed_otherwise().await?;
    let unused = guard.unused(&others);
    if !unused.is_empty() {
        complain(&format!("nothing is sealed under the other keys: {}", unused.join(", ")));
    }
    let keys = key_guard::names(others.iter());
    if unreadable > 0 {
        return Err(
            format!("{unreadable} rows cannot be opened with TOKEN_KEYS and were left as they are: {keys}").into()
        );
    }
    if !others.is_empty() {
        return Err(format!(
            "meanwhile others have sealed under {keys}: run it again when they seal under the first key"
        )
        .into());
    }
    Ok(())
}
