//! `amo-connect serve`.

use std::time::Duration;

use super::Failure;
use super::service_manager;
use super::signals::Signals;
use crate::config::Given;
use crate::server::{Listeners, Running};
use crate::wiring;

/// Serves until `SIGTERM` or `SIGINT`.
pub(super) async fn run(settings: Given) -> Result<(), Failure> {
    let config = settings.check()?;
    for warning in &config.warnings {
        tracing::warn!(warning, "a setting may be a mistake");
    }
    let main = wiring::bind(config.bind)?;
    let admin = config.admin_bind.map(wiring::bind).transpose()?;
    let state = wiring::assemble(config.storage, config.amo, &config.service).await?;
    // Before anything is sent to amoCRM, and after what may be waited for in vain.
    let signals = Signals::new()?;
    let running = Running::start(Listeners { main, admin }, state, |_| {})?;
    if let Some(address) = running.admin_address() {
        tracing::info!(%address, "serving metrics");
    }
    tracing::info!(address = %running.address, "serving");
    service_manager::ready(running.address);
    until_told(signals, running, config.shutdown_timeout).await
}

/// Serves until the process is told to stop, and stops in order.
pub(super) async fn until_told(mut signals: Signals, mut running: Running, timeout: Duration) -> Result<(), Failure> {
    tokio::select! {
        ended = running.ended() => return Ok(ended?),
        () = signals.told() => service_manager::stopping(),
    }
    tokio::select! {
        stopped = running.stop(timeout) => stopped?,
        () = signals.interrupted() => return Err("interrupted twice: stopped without waiting".into()),
    }
    tracing::info!("stopped");
    Ok(())
}
