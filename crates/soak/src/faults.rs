//! amoCRM's bad days, one kind after the other.

use std::time::Duration;

use amo_connect_sandbox::{Failure, Faults};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use crate::stage::Stage;

/// How often the lists of what happens to the next requests are filled up.
const FILLED_EVERY: Duration = Duration::from_millis(500);

/// More requests than there are until the next filling.
const REQUESTS: usize = 150;

/// Which faults amoCRM has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultMix {
    None,
    LostAnswers,
    Limits,
    Failures,
    Slow,
    Everything,
}

impl FaultMix {
    pub(crate) const ALL: [Self; 6] =
        [Self::LostAnswers, Self::None, Self::Limits, Self::Failures, Self::Slow, Self::Everything];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LostAnswers => "lost answers",
            Self::Limits => "429",
            Self::Failures => "5xx",
            Self::Slow => "slow",
            Self::Everything => "all of it",
        }
    }

    /// What happens to a request of the API.
    fn of_api(self, random: &mut ChaCha8Rng) -> Failure {
        let dice = random.random_range(0..100_usize);
        match self {
            Self::LostAnswers | Self::Everything if dice < 6 => Failure::DropAfter,
            Self::LostAnswers | Self::Everything if dice < 10 => Failure::Cut,
            Self::LostAnswers if dice < 12 => Failure::BadJson,
            Self::LostAnswers if dice < 15 => Failure::Drop,
            Self::Limits | Self::Everything if (15..18).contains(&dice) => Failure::Status(429),
            Self::Failures if dice < 20 => Failure::Status([500, 502, 503, 504][dice % 4]),
            Self::Everything if (20..25).contains(&dice) => Failure::Status(502),
            _ => Failure::Pass,
        }
    }

    /// What happens to a token request. Few answers are lost, for each ends a connection.
    fn of_token(self, random: &mut ChaCha8Rng) -> Failure {
        let dice = random.random_range(0..100_usize);
        match self {
            Self::LostAnswers | Self::Everything if dice < 2 => Failure::DropAfter,
            Self::LostAnswers | Self::Everything if dice < 3 => Failure::Drop,
            Self::Limits if dice < 10 => Failure::Status(429),
            Self::Failures | Self::Everything if dice < 15 => Failure::Status(503),
            _ => Failure::Pass,
        }
    }

    fn faults(self, random: &mut ChaCha8Rng) -> Faults {
        let slow = u64::from(matches!(self, Self::Slow | Self::Everything));
        Faults {
            latency_ms: slow * random.random_range(100..1_500),
            token_latency_ms: slow * random.random_range(0..3_000),
            fail_api: (0..REQUESTS).map(|_| self.of_api(random)).collect(),
            fail_token: (0..REQUESTS).map(|_| self.of_token(random)).collect(),
            ..Faults::default()
        }
    }
}

/// Plays one kind after the other. It has no end.
pub(crate) async fn play(stage: &Stage) {
    let mut random = ChaCha8Rng::seed_from_u64(stage.arguments.seed ^ 0xFA);
    for mix in FaultMix::ALL.into_iter().cycle() {
        stage.tally.begin(&format!("soak: {}", mix.name()));
        let spell = tokio::time::Instant::now() + stage.plan.spell;
        while tokio::time::Instant::now() < spell {
            stage.sandbox.set_faults(mix.faults(&mut random)).unwrap();
            tokio::time::sleep(FILLED_EVERY).await;
        }
    }
}

/// amoCRM is well again.
pub(crate) fn end(stage: &Stage) {
    stage.sandbox.set_faults(Faults::default()).unwrap();
}
