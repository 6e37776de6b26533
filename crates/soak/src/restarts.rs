//! One instance is restarted, by SIGTERM and by SIGKILL in turn; another one comes and goes.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use crate::instances::{COMES_AND_GOES, RESTARTED};
use crate::stage::Stage;
use crate::tally::Fault;

/// How often a start is tried.
const STARTS: usize = 10;

/// Goes on until amoCRM has no faults any more; then all instances serve.
pub(crate) async fn go_on(stage: &Stage) {
    tokio::join!(restart(stage, RESTARTED, 1.0), restart(stage, COMES_AND_GOES, 1.7));
}

/// Ends and starts the instance of this place; `slower` than a plan has it, so that two do not go hand in hand.
async fn restart(stage: &Stage, place: usize, slower: f64) {
    let mut random = ChaCha8Rng::seed_from_u64(stage.arguments.seed ^ place as u64);
    let life = stage.plan.life.mul_f64(slower);
    start(stage, place).await;
    for number in 0.. {
        pause(stage, life.mul_f64(random.random_range(0.7..1.3))).await;
        if !stage.has_faults() {
            return;
        }
        if number % 2 == 0 {
            stop(stage, place).await;
        } else {
            stage.instances.kill(place).await;
            stage.tally.add("instances killed (SIGKILL)", 1);
        }
        if place == COMES_AND_GOES {
            pause(stage, life.mul_f64(random.random_range(0.2..0.6))).await;
        }
        start(stage, place).await;
    }
}

/// Starts it, as a service manager does: again, if a start fails.
pub(crate) async fn start(stage: &Stage, place: usize) {
    for _ in 0..STARTS {
        match stage.instances.start(place, &stage.settings, stage.folder(), &stage.logs).await {
            Ok(()) => return,
            Err(said) => {
                stage.tally.add("starts that failed, and were tried again", 1);
                eprintln!("soak: instance {place} did not start: {said}");
            }
        }
    }
    stage.tally.fault(Fault::Lost, &format!("instance {place} did not start in {STARTS} tries"));
    panic!("there is no instance {place}");
}

/// Stops it in order: it has to answer whom it has, save what it has, and end well.
pub(crate) async fn stop(stage: &Stage, place: usize) {
    let code = stage.instances.stop(place).await;
    stage.tally.add("instances stopped (SIGTERM)", 1);
    if code != Some(0) {
        stage.tally.fault(Fault::Lost, &format!("instance {place} ended its stop with {code:?}"));
    }
}

async fn pause(stage: &Stage, length: Duration) {
    let until = tokio::time::Instant::now() + length;
    while stage.has_faults() && tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
