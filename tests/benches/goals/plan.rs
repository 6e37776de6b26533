//! What is measured, for how long, and how often.

use std::path::PathBuf;
use std::time::Duration;

/// How a run is done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Each target is measured so often, alternating with the others; medians count.
    pub(crate) rounds: usize,
    /// How long each is measured in a round.
    pub(crate) round: Duration,
    /// How many connections of users are stored, where many are.
    pub(crate) many: usize,
    /// How many connections of clients are idle.
    pub(crate) idle: usize,
    /// The binary that is measured.
    pub(crate) binary: PathBuf,
    /// Another one, which `latency` measures beside it.
    pub(crate) against: Option<PathBuf>,
    /// The names of the measures; none for all.
    pub(crate) names: Vec<String>,
}

const USAGE: &str = "usage: cargo xtask bench [NAME …] [--quick] [--against PATH]
names: leads status latency callback refreshes million idle start memory instances size";

impl Plan {
    /// Reads the command line.
    pub(crate) fn of(arguments: impl Iterator<Item = String>) -> Result<Self, &'static str> {
        let mut arguments = arguments;
        let (mut quick, mut against, mut names) = (false, None, Vec::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo's own.
                "--bench" => {}
                "--quick" => quick = true,
                "--against" => against = Some(PathBuf::from(arguments.next().ok_or(USAGE)?)),
                option if option.starts_with('-') => return Err(USAGE),
                name if !crate::NAMES.contains(&name) => return Err(USAGE),
                _ => names.push(argument),
            }
        }
        let binary = amo_connect_tests::binary();
        let whole =
            Self { rounds: 5, round: Duration::from_secs(4), many: 1_000_000, idle: 10_000, binary, against, names };
        Ok(if quick {
            Self { rounds: 1, round: Duration::from_secs(1), many: 20_000, idle: 500, ..whole }
        } else {
            whole
        })
    }

    /// Whether the measure of this name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}
