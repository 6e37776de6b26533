//! What a run is told.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};

/// Puts users, faults, restarts and an attacker on the real program, and judges every answer.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask soak", bin_name = "cargo xtask soak")]
pub(crate) struct Arguments {
    /// How long it runs, once all users are connected. At its end it takes some minutes more to settle.
    #[arg(long, default_value_t = 30, value_parser = RangedU64ValueParser::<u64>::new().range(1..=10_000))]
    pub(crate) minutes: u64,
    /// How many users there are, on twenty accounts.
    #[arg(long, default_value_t = 2_000, value_parser = RangedU64ValueParser::<usize>::new().range(20..=50_000))]
    pub(crate) users: usize,
    /// Where the instances keep what they have.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) database: DatabaseKind,
    /// What users, faults and attacks are drawn from.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Tells what would be run, and ends.
    #[arg(long)]
    pub(crate) plan: bool,
    /// Runs these phases alone, by their names in the plan; users, faults and restarts are there all the same.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub(crate) only: Vec<String>,
    /// The program; by default `amo-connect` beside this one.
    #[arg(long, value_name = "PATH")]
    pub(crate) binary: Option<PathBuf>,
    /// Has the judge expect what is not so, to see that it notices.
    #[arg(long, value_enum)]
    pub(crate) mistake: Option<Mistake>,
    /// A `PostgreSQL` server to make a database at, as postgres://…; by default one is started.
    #[arg(long, env = "TEST_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// Which database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DatabaseKind {
    /// A file that all instances share.
    Sqlite,
    /// A server that is started for the run.
    #[default]
    Postgres,
}

/// What is arranged behind the back of the judge, who has to notice it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mistake {
    /// Some users have another user's JWT of another account.
    Foreign,
    /// Some connections are ended behind the service's back.
    Lost,
    /// Some objects are made twice in amoCRM.
    Doubled,
    /// Some objects are taken out of amoCRM.
    Undone,
    /// Each read is expected to be refused.
    Wrong,
    /// The samples of memory grow.
    Grown,
}

impl Arguments {
    /// The command that runs the same again.
    pub(crate) fn command(&self) -> String {
        let database = name(&self.database);
        let mut command = format!(
            "cargo xtask soak --minutes {} --users {} --database {database} --seed {}",
            self.minutes, self.users, self.seed
        );
        if !self.only.is_empty() {
            let _ = write!(command, " --only {}", self.only.join(","));
        }
        if let Some(mistake) = &self.mistake {
            let _ = write!(command, " --mistake {}", name(mistake));
        }
        command
    }
}

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
