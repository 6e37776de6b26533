//! `amo-connect serve`.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use super::service_manager;
use super::signals::{Signals, Told};
use super::start::Start;
use crate::budgets;
use crate::config::Given;
use crate::key_guard::ServingKeys;
use crate::metrics::Metrics;
use crate::otlp::Exporter;
use crate::server::{Listeners, Running};
use crate::wiring::{self, StartError};

/// Serves until `SIGTERM`, `SIGHUP` or `SIGINT`; `exporter` is told what is counted.
pub(super) async fn run(settings: Given, exporter: Option<&Exporter>) -> Result<(), Failure> {
    let config = settings.check()?;
    for warning in &config.warnings {
        tracing::warn!("a setting may be a mistake: {warning}");
    }
    budgets::raise_descriptors();
    let mut start = Start::of(&config);
    let main = wiring::bind(config.bind)?;
    let admin = config.admin_bind.map(wiring::bind).transpose()?;
    let ring = config.storage.token_keys.ring();
    let store = wiring::open(config.storage).await?;
    start.opened(&store);
    let keys = ServingKeys::start(Arc::clone(&store.keys), ring, config.allow_missing_keys).await?;
    let metrics = Metrics::beside(exporter.and_then(Exporter::recorder)).map_err(StartError::Metrics)?;
    let state = wiring::assemble_on(store, config.amo, &config.service, metrics)?;
    start.budgeted(state.budgets);
    // Before anything is sent to amoCRM, and after what may be waited for in vain.
    let signals = Signals::new()?;
    let running = Running::start(Listeners { main, admin }, state, |_| {})?;
    if let Some(address) = running.admin_address() {
        tracing::info!(%address, "serving metrics");
    }
    if let Some(collector) = &config.collector {
        tracing::info!(%collector, "exporting traces and metrics");
    }
    start.tell(running.address, running.admin_address());
    service_manager::ready(running.address);
    let served = until_told(signals, running, config.drain_delay, config.shutdown_timeout).await;
    keys.stop().await;
    served
}

/// Serves until the process is told to stop, and `drain_delay` longer unless somebody waits at the
/// keyboard; then stops in order.
pub(super) async fn until_told(
    mut signals: Signals,
    mut running: Running,
    drain_delay: Duration,
    timeout: Duration,
) -> Result<(), Failure> {
    let told = tokio::select! {
        ended = running.ended() => return Ok(ended?),
        told = signals.told() => told,
    };
    service_manager::stopping();
    running.begin_draining();
    let mut interrupts = u8::from(told == Told::Interrupt);
    if told == Told::Terminate && !drain_delay.is_zero() {
        tracing::info!(delay_s = drain_delay.as_secs_f64(), "draining; requests are served until the delay is over");
        tokio::select! {
            ended = running.ended() => return Ok(ended?),
            () = tokio::time::sleep(drain_delay) => {}
            () = signals.interrupted() => interrupts += 1,
        }
    }
    let mut stop = pin!(running.stop(timeout));
    loop {
        tokio::select! {
            stopped = &mut stop => break stopped?,
            () = signals.interrupted() => interrupts += 1,
        }
        if interrupts > 1 {
            return Err("interrupted twice: stopped without waiting".into());
        }
        // Somebody who would end the delay may have come too late for it, and must not end an exchange by that.
        tracing::warn!("stopping; a second interrupt waits for no exchange, refresh or save");
    }
    tracing::info!("stopped");
    Ok(())
}
