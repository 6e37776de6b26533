//! What an honest user sees during each attack: shares and times, of a bystander and of the account under attack.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;

use crate::accounts::{BYSTANDER, OTHERS, Person, VICTIM};
use crate::call::Caller;
use crate::figures::{head, percentile, row, share, time};
use crate::life::{Life, Standing};

/// How often the status is asked for, and a page. An account has seven calls a second, and a page takes one to three.
const STATUS_EVERY: Duration = Duration::from_millis(100);
const PAGE_EVERY: Duration = Duration::from_millis(700);

/// Who asks, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Probe {
    BystandersStatus,
    BystandersPage,
    VictimsStatus,
    VictimsPage,
}

impl Probe {
    const ALL: [Self; 4] = [Self::BystandersStatus, Self::BystandersPage, Self::VictimsStatus, Self::VictimsPage];
}

#[derive(Clone, Debug, Default)]
struct Seen {
    asked: u64,
    served: u64,
    times: Vec<Duration>,
}

/// The figures of all phases, in their order.
#[derive(Debug, Default)]
pub(crate) struct Figures(Mutex<Vec<(String, BTreeMap<Probe, Seen>)>>);

impl Figures {
    fn take(&self, phase: &str, probe: Probe, is_served: bool, took: Duration) {
        let mut phases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = phases.iter().position(|(name, _)| name == phase).unwrap_or_else(|| {
            phases.push((phase.to_owned(), BTreeMap::new()));
            phases.len() - 1
        });
        let seen = phases[place].1.entry(probe).or_default();
        seen.asked += 1;
        seen.served += u64::from(is_served);
        // Times are of what was served.
        if is_served {
            seen.times.push(took);
        }
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut table = head(&[
            "phase",
            "bystander: `/status` served",
            "p50, ms",
            "p99, ms",
            "page served",
            "p50, ms",
            "p99, ms",
            "account under attack: `/status` served",
            "p50, ms",
            "p99, ms",
            "page served",
            "p50, ms",
            "p99, ms",
        ]);
        for (phase, probes) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let mut cells = vec![phase.clone()];
            for probe in Probe::ALL {
                let mut seen = probes.get(&probe).cloned().unwrap_or_default();
                seen.times.sort_unstable();
                cells.push(share(seen.served, seen.asked));
                cells.extend([50, 99].map(|percent| time(percentile(&seen.times, percent))));
            }
            table += &row(cells);
        }
        table
    }
}

/// Connects the people who are measured.
pub(crate) async fn connect(caller: &Caller) -> Vec<Life> {
    let people = [BYSTANDER, VICTIM].into_iter().flat_map(|account| (0..OTHERS).map(move |place| (account, place)));
    let mut lives = Vec::new();
    for (account, place) in people {
        let mut life = Life::new(caller, Person::other(account, place), place as u64);
        while life.standing != Standing::Connected {
            life.connect().await;
        }
        lives.push(life);
    }
    lives
}

/// Asks until the attacks that are played alone are over, one user after the other.
pub(crate) async fn ask(lives: Vec<Life>, figures: &Arc<Figures>) {
    let mut askers = tokio::task::JoinSet::new();
    for (account, status, page) in [
        (BYSTANDER, Probe::BystandersStatus, Probe::BystandersPage),
        (VICTIM, Probe::VictimsStatus, Probe::VictimsPage),
    ] {
        let own =
            || lives.iter().filter(move |life| life.person.account == account).map(Life::again).collect::<Vec<_>>();
        askers.spawn(ask_as(own(), status, STATUS_EVERY, Arc::clone(figures)));
        askers.spawn(ask_as(own(), page, PAGE_EVERY, Arc::clone(figures)));
    }
    while let Some(asker) = askers.join_next().await {
        asker.unwrap();
    }
}

/// Asks at an even pace, whether or not what was asked before has been answered.
async fn ask_as(lives: Vec<Life>, probe: Probe, every: Duration, figures: Arc<Figures>) {
    let mut asked = tokio::task::JoinSet::new();
    let mut due = tokio::time::interval(every);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stage = lives[0].caller.stage.clone();
    for number in 0.. {
        // From then on amoCRM ends connections, and restarts would be measured too.
        if stage.has_faults() {
            break;
        }
        due.tick().await;
        let mut life = lives[number % lives.len()].again();
        life.random = ChaCha8Rng::seed_from_u64(number as u64);
        let figures = Arc::clone(&figures);
        let page = number as u64 / lives.len() as u64 % 5 + 1;
        asked.spawn(async move {
            let (phase, begun) = (life.caller.stage.tally.phase(), Instant::now());
            let is_served = life.is_served(probe, page).await;
            figures.take(&phase, probe, is_served, begun.elapsed());
        });
        while asked.try_join_next().is_some() {}
    }
    while asked.join_next().await.is_some() {}
}

impl Life {
    /// The same user, who knows the same.
    fn again(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            person: self.person.clone(),
            random: ChaCha8Rng::seed_from_u64(0),
            orders: Vec::new(),
            ..*self
        }
    }

    async fn is_served(&mut self, probe: Probe, page: u64) -> bool {
        match probe {
            Probe::BystandersStatus | Probe::VictimsStatus => self.look().await,
            Probe::BystandersPage | Probe::VictimsPage => self.read_numbered_page(page).await,
        }
    }
}
