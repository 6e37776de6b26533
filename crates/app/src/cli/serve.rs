//! `amo-connect serve`.

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::config::ServeArgs;
use crate::server::Running;
use crate::wiring;

/// Serves until `SIGTERM` or `SIGINT`.
pub(super) async fn run(args: ServeArgs) -> Result<(), Failure> {
    let config = args.check()?;
    let listener = wiring::bind(config.bind)?;
    let state = wiring::assemble(config.storage, config.amo, &config.service).await?;
    let running = Running::start(listener, state, |_| {})?;
    tracing::info!(address = %running.address, "serving");
    until_told(running, config.shutdown_timeout).await
}

/// Serves until the process is told to stop, and stops in order.
pub(super) async fn until_told(mut running: Running, patience: std::time::Duration) -> Result<(), Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        ended = running.ended() => return Ok(ended?),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::select! {
        stopped = running.stop(patience) => stopped?,
        _ = interrupt.recv() => return Err("interrupted twice: stopped without waiting".into()),
    }
    tracing::info!("stopped");
    Ok(())
}
