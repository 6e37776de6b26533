//! What runs beside the requests for as long as the process serves.

use std::time::Duration;

use actix_web::web::Data;
use amo_connect_domain::usecase::BACKGROUND_INTERVAL;
use tokio::time::{MissedTickBehavior, interval};

use crate::state::AppState;

/// How often unclaimed grants are wiped and quiet callers forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

pub(super) async fn sweep(state: Data<AppState>) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        state.limits.forget_quiet();
        match state.use_cases.sweep().await {
            Ok(0) => {}
            Ok(wiped) => tracing::info!(wiped, "unclaimed grants wiped"),
            Err(error) => tracing::warn!(error = %error.whole(), "sweep failed"),
        }
    }
}

/// How often the database is asked whether it can be read and written, if nobody asks for readiness: so
/// the log tells of it, and other instances see our heartbeat.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// Checks readiness again and again.
pub(super) async fn check_readiness(state: Data<AppState>) {
    let mut ticks = interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Who is asked to tell is `/readyz`; what changes is logged where it is noticed.
        let _ = state.readiness.check(&state.use_cases).await;
    }
}

/// Runs a background round again and again. A round that fails leaves its work to the next.
pub(super) async fn run(state: Data<AppState>) {
    let mut ticks = interval(BACKGROUND_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = state.use_cases.background_round().await {
            tracing::warn!(error = %error.whole(), "background round failed");
        }
    }
}
