//! What the instance that stays has of memory, descriptors, threads and connections, and how many rows there are.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::arguments::Mistake;
use crate::database::TABLES;
use crate::figures::{head, median, row};
use crate::instances::STAYS;
use crate::stage::Stage;

/// A shorter soak says nothing of what grows.
const LONG_ENOUGH: Duration = Duration::from_mins(4);

/// How many samples the table shows.
const SHOWN: usize = 24;

/// What the machine was like at a moment.
#[derive(Clone, Debug)]
struct Sample {
    at: Duration,
    phase: String,
    memory_kb: u64,
    descriptors: u64,
    threads: u64,
    connections: Option<u64>,
    rows: BTreeMap<&'static str, u64>,
}

/// A figure that has to stay flat, and what it may grow by all the same.
struct Figure {
    name: &'static str,
    of: fn(&Sample) -> u64,
    margin: u64,
}

const FIGURES: [Figure; 4] = [
    Figure { name: "memory, kB", of: |sample| sample.memory_kb, margin: 16_000 },
    Figure { name: "descriptors", of: |sample| sample.descriptors, margin: 64 },
    Figure { name: "threads", of: |sample| sample.threads, margin: 4 },
    Figure { name: "connections to the database", of: |sample| sample.connections.unwrap_or_default(), margin: 16 },
];

/// All samples.
#[derive(Debug, Default)]
pub(crate) struct Samples(Mutex<Vec<Sample>>);

impl Samples {
    /// Looks again and again, until the run is over.
    pub(crate) async fn take(&self, stage: &Stage) {
        let begun = Instant::now();
        while !stage.is_over() {
            if let Some(sample) = look(stage, begun.elapsed()).await {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
            }
            tokio::time::sleep(stage.plan.sample).await;
        }
    }

    fn all(&self) -> Vec<Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Some of them, as a table.
    pub(crate) fn table(&self) -> String {
        let mut table = head(&[
            "minute",
            "phase",
            "memory, MB",
            "descriptors",
            "threads",
            "connections to the database",
            "connections",
            "attempts",
            "exchanges",
            "writes",
            "audit",
            "turns",
        ]);
        let all = self.all();
        for sample in all.iter().step_by(all.len().div_ceil(SHOWN).max(1)) {
            let seconds = sample.at.as_secs();
            let mut cells = vec![
                format!("{}:{:02}", seconds / 60, seconds % 60),
                sample.phase.clone(),
                format!("{}", sample.memory_kb / 1_000),
                sample.descriptors.to_string(),
                sample.threads.to_string(),
                sample.connections.map_or("–".to_owned(), |count| count.to_string()),
            ];
            let tables = ["connections", "attempts", "exchanges", "writes", "audit", "turns"];
            cells.extend(tables.map(|table| sample.rows.get(table).copied().unwrap_or_default().to_string()));
            table += &row(cells);
        }
        table
    }

    /// Whether each figure of the last third of the soak is about that of the second, and a line for each that is not.
    /// The first third warms up.
    pub(crate) fn judge(&self, stage: &Stage) -> (String, Vec<String>) {
        let mut of_soak: Vec<_> = self.all().into_iter().filter(|sample| sample.phase.starts_with("soak")).collect();
        let is_misled = stage.is_misled(Mistake::Grown);
        let ends = of_soak.last().zip(of_soak.first());
        let span = ends.map(|(last, first)| last.at.saturating_sub(first.at)).unwrap_or_default();
        if span < LONG_ENOUGH && !is_misled {
            let told = format!("The soak took {} s: too short to say what grows.\n", span.as_secs());
            return (told, Vec::new());
        }
        if is_misled {
            for sample in &mut of_soak {
                sample.memory_kb += sample.at.as_secs() * 2_000;
            }
        }
        let third = of_soak.len() / 3;
        let (second, last) = (&of_soak[third..2 * third], &of_soak[2 * third..]);
        let mut table = head(&["median of the soak", "second third", "last third", "at most", "flat"]);
        let mut grown = Vec::new();
        for Figure { name, of, margin } in &FIGURES {
            let [second, last] = [second, last].map(|part| median(part.iter().map(of).collect()));
            let most = second * 115 / 100 + margin;
            let is_flat = last <= most;
            if !is_flat {
                grown.push(format!("{name}: {second}, then {last}"));
            }
            let flat = if is_flat { "yes" } else { "**no**" };
            table += &row([*name, &second.to_string(), &last.to_string(), &most.to_string(), flat]);
        }
        (table, grown)
    }
}

async fn look(stage: &Stage, at: Duration) -> Option<Sample> {
    let process = format!("/proc/{}", stage.instances.process(STAYS)?);
    let status = fs::read_to_string(format!("{process}/status")).ok()?;
    let number = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
    };
    Some(Sample {
        at,
        phase: stage.tally.phase(),
        memory_kb: number("VmRSS")?,
        descriptors: fs::read_dir(format!("{process}/fd")).ok()?.count() as u64,
        threads: number("Threads")?,
        connections: stage.database.connections().await,
        rows: stage.database.rows().await,
    })
}

/// The rows of each table at the end, the most there may be, and a line for each table that has more.
pub(crate) async fn judge_tables(stage: &Stage, orders: u64, elapsed: Duration) -> (String, Vec<String>) {
    let (users, accounts) = (stage.arguments.users as u64, stage.sandbox.hosts().len() as u64);
    // Those of the accounts that are not shared, those who disconnect all the time, and the one with the garbage codes.
    let all = users + 24 + crate::attacks::DISCONNECTERS as u64 + 1;
    let (codes, strangers) = (stage.sandbox.stats().codes, 2 * elapsed.as_secs() + 2);
    let (_, counts) = stage.tally.phases();
    let most = BTreeMap::from([
        ("connections", (all, "one a user who has connected or disconnected")),
        ("attempts", (all * 105, "105 a user")),
        (
            "exchanges",
            (codes + strangers + 100, "one a code of amoCRM's, 2 a second of strangers, 100 of the attacker"),
        ),
        ("writes", (orders, "one a key")),
        ("audit", (counts.asked, "one a change of a connection")),
        ("turns", (accounts + 1, "one an account host, and one")),
        ("code_places", (240, "2 a second, for 2 minutes")),
        ("host_look_ups", (2 * accounts, "one an account and host, for a minute")),
        ("looks", (accounts, "one an account")),
        ("clients", (1, "one a set of credentials")),
        ("imports", (0, "none")),
        ("key_rings", (16, "one an instance, for 30 s")),
        ("heartbeat", (1, "one")),
    ]);
    let rows = stage.database.rows().await;
    let mut table = "| table | rows at the end | at most | |\n|---|---:|---:|---|\n".to_owned();
    let mut grown = Vec::new();
    for name in TABLES {
        let (count, (most, why)) = (rows.get(name).copied().unwrap_or_default(), most[name]);
        if count > most {
            grown.push(format!("{name} has {count} rows, and may have {most}"));
        }
        table += &row([&format!("`{name}`"), &count.to_string(), &most.to_string(), why]);
    }
    (table, grown)
}
