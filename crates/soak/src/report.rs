//! What a run has found, in Markdown.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::attacks::{Answers, Attack};
use crate::figures::{head, row, time};
use crate::honest::Figures;
use crate::samples::Samples;
use crate::stage::Stage;
use crate::tally::{Counts, Fault};
use crate::troubles::Finding;

/// Everything that there is to tell.
pub(crate) struct Report {
    pub(crate) stage: Arc<Stage>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) answers: Answers,
    pub(crate) findings: Vec<Finding>,
    pub(crate) samples: Arc<Samples>,
    /// A table, and what was not flat.
    pub(crate) flat: (String, Vec<String>),
    /// The same of tables of the database.
    pub(crate) tables: (String, Vec<String>),
    pub(crate) elapsed: Duration,
}

impl Report {
    /// Whether nothing was wrong, lost, foreign, doubled or not flat.
    pub(crate) fn is_good(&self) -> bool {
        let (_, all) = self.stage.tally.phases();
        all.faults.values().sum::<u64>() == 0 && self.flat.1.is_empty() && self.tables.1.is_empty()
    }

    /// The whole of it.
    pub(crate) fn told(&self) -> String {
        let mut told = self.beginning();
        told += "\n### Answers\n\n";
        told += &self.counts();
        told += "\n### What an honest user sees during each attack\n\n";
        told += &self.figures.table();
        told += "\n### What attackers were answered\n\n| attack | | answers |\n|---|---|---|\n";
        for attack in Attack::ALL {
            told += &row([attack.name(), attack.what(), &self.answers.told(attack)]);
        }
        told += "\n### Troubles\n\n| trouble | | refused | told | came back |\n|---|---|---|---|---|\n";
        for Finding { trouble, refused, told: where_told, back } in &self.findings {
            told += &row([trouble.name(), trouble.what(), refused, where_told, back]);
        }
        told += "\n### What stays flat\n\n";
        told += &self.flat.0;
        told.push('\n');
        told += &self.tables.0;
        told += "\nThe instance that stayed:\n\n";
        told += &self.samples.table();
        told += "\n### What else was counted\n\n| | |\n|---|---:|\n";
        for (what, count) in self.stage.tally.others() {
            told += &row([what, &count.to_string()]);
        }
        told += "\n### Warnings and errors of the log\n\n| level | message | times |\n|---|---|---:|\n";
        for ((level, message), count) in self.stage.logs.counts() {
            told += &row([level, message, count.to_string()]);
        }
        told + &self.verdict()
    }

    fn beginning(&self) -> String {
        let arguments = &self.stage.arguments;
        let stats = self.stage.sandbox.stats();
        format!(
            "## Soak\n\n{}\n\n`{}`: {} users on {} accounts, {:.0} min. amoCRM was asked {} times, gave {} codes' pairs and \
             {} renewed ones, and refused {} token requests.\n",
            machine(),
            arguments.command(),
            arguments.users,
            crate::accounts::SHARED,
            self.elapsed.as_secs_f64() / 60.0,
            stats.api_requests,
            stats.exchanges,
            stats.refreshes,
            stats.refused,
        )
    }

    fn counts(&self) -> String {
        let mut table = head(&[
            "phase",
            "requests",
            "served",
            "refused",
            "no answer: process killed",
            "evicted, asked again",
            "slow",
            "longest, ms",
            "wrong",
            "lost",
            "foreign",
            "doubled",
        ]);
        let (phases, all) = self.stage.tally.phases();
        for (name, counts) in phases.iter().map(|(name, counts)| (name.as_str(), counts)).chain([("**all**", &all)]) {
            let faults = Fault::ALL.map(|fault| counts.faults_of(fault).to_string());
            let mut cells = vec![
                name.to_owned(),
                counts.asked.to_string(),
                counts.served.to_string(),
                refusals(counts),
                counts.killed.to_string(),
                counts.evicted.to_string(),
                counts.slow.to_string(),
                time(Some(counts.longest)),
            ];
            cells.extend(faults);
            table += &row(cells);
        }
        table
    }

    fn verdict(&self) -> String {
        let mut told = "\n### Verdict\n\n".to_owned();
        for (fault, example) in self.stage.tally.examples() {
            let _ = writeln!(told, "- {}: {example}", fault.name());
        }
        for grown in self.flat.1.iter().chain(&self.tables.1) {
            let _ = writeln!(told, "- not flat: {grown}");
        }
        let word = if self.is_good() { "Nothing was wrong, lost, foreign, doubled or grew." } else { "**It failed.**" };
        let _ = writeln!(told, "{word}");
        told
    }
}

/// What it ran on.
fn machine() -> String {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    let (cpus, memory, load) = (read("/proc/cpuinfo"), read("/proc/meminfo"), read("/proc/loadavg"));
    let value = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches([':', ' ', '\t']).to_owned()
    };
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let load: Vec<_> = load.split(' ').take(3).collect();
    format!(
        "{cores} cores of {}, {} of memory, which users, attackers, amoCRM, the database and the instances share. Load at \
         the end (1, 5, 15 minutes): {}.",
        value(&cpus, "model name"),
        value(&memory, "MemTotal"),
        load.join(", ")
    )
}

fn refusals(counts: &Counts) -> String {
    let all: u64 = counts.refused.values().sum();
    if all == 0 {
        return "0".to_owned();
    }
    let each: Vec<_> = counts.refused.iter().map(|(code, count)| format!("{count} `{code}`")).collect();
    format!("{all}: {}", each.join(", "))
}
