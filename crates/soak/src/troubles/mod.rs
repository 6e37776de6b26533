//! Troubles of the machine's, each on an instance of its own: it refuses, tells, and comes back by itself.

mod clock;
mod descriptors;
mod disk;
mod log_pipe;
mod side;

use std::sync::Arc;
use std::time::Duration;

use crate::stage::Stage;
use crate::tally::Fault;

/// How long a trouble may take to show, and to be over.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the machine runs out of, or has wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    LogPipe,
    Descriptors,
    Disk,
    Clock,
}

impl Trouble {
    pub(crate) const ALL: [Self; 4] = [Self::LogPipe, Self::Descriptors, Self::Disk, Self::Clock];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LogPipe => "full-log-pipe",
            Self::Descriptors => "no-descriptors",
            Self::Disk => "full-disk",
            Self::Clock => "clock-jumps",
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::LogPipe => "nobody reads its log",
            Self::Descriptors => "more connections than 512 descriptors allow, then no descriptor at all",
            Self::Disk => "no room where its SQLite file is",
            Self::Clock => "its clock jumps by minutes, hours and a year, and back",
        }
    }
}

/// What came of a trouble.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) trouble: Trouble,
    /// What it refused.
    pub(crate) refused: String,
    /// Where it told.
    pub(crate) told: String,
    /// How it came back.
    pub(crate) back: String,
}

/// Plays all troubles of the plan, one after the other. One that does not end as it should is a fault.
pub(crate) async fn play(stage: &Arc<Stage>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for trouble in stage.plan.troubles.clone() {
        eprintln!("soak: {}", trouble.name());
        stage.tally.begin(&format!("{} (of another instance)", trouble.name()));
        let found = match trouble {
            Trouble::LogPipe => log_pipe::play(stage).await,
            Trouble::Descriptors => descriptors::play(stage).await,
            Trouble::Disk => disk::play(stage).await,
            Trouble::Clock => clock::play(stage).await,
        };
        match found {
            Ok((refused, told, back)) => findings.push(Finding { trouble, refused, told, back }),
            Err(fault) => {
                stage.tally.fault(Fault::Wrong, &format!("{}: {fault}", trouble.name()));
                let bad = format!("**no**: {fault}");
                findings.push(Finding { trouble, refused: String::new(), told: String::new(), back: bad });
            }
        }
    }
    findings
}

/// What it refused, where it told, and how it came back; or what went wrong.
type Found = Result<(String, String, String), String>;
