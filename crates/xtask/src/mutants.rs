//! Mutation testing: cargo-mutants breaks the code in small ways, a function or an operator at a time, and the tests
//! that are named here have to notice.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::packages::{run, workspace};

/// At the version that the shards were written with.
const CARGO_MUTANTS: &str = "27.1.0";

/// How many schedules of the simulation have to notice: it runs for each mutant that the tests before it let pass.
const SCHEDULES: &str = "300";

/// Tests that run longer than so many seconds do not end.
const TIMEOUT_S: &str = "120";

/// Some files, and the tests that have to notice what is changed in them.
struct Shard {
    name: &'static str,
    files: &'static [&'static str],
    /// The quickest first: the next ones are run for what those before have missed.
    suites: &'static [Suite],
}

/// Tests by packages, by the options of `cargo test` that name targets, and by a part of their names.
struct Suite {
    packages: &'static [&'static str],
    targets: &'static [&'static str],
    filter: Option<&'static str>,
}

/// The domain's own tests, and the contract's, over its stores in memory.
const CONTRACT: Suite = Suite {
    packages: &["amo-connect-domain", "amo-connect-contract"],
    targets: &["--lib", "--test=memory"],
    filter: None,
};

/// The limited client in virtual time.
const LIMITED_CLIENT: Suite =
    Suite { packages: &["amo-connect-contract"], targets: &["--test=rate_limited_client"], filter: None };

const SIMULATION_OF_TOKENS: Suite =
    Suite { packages: &["amo-connect-simulation"], targets: &["--test=schedules"], filter: Some("five_thousand") };

const SIMULATION_OF_WRITES: Suite =
    Suite { packages: &["amo-connect-simulation"], targets: &["--test=schedules"], filter: Some("ten_thousand") };

/// The package that all files are of.
const DOMAIN: &str = "amo-connect-domain";

const SHARDS: &[Shard] = &[
    Shard { name: "refresh", files: &["crates/domain/src/refresh/**"], suites: &[CONTRACT, SIMULATION_OF_TOKENS] },
    Shard {
        name: "connection",
        files: &["crates/domain/src/connection/**"],
        suites: &[CONTRACT, SIMULATION_OF_TOKENS],
    },
    Shard {
        name: "authorization",
        files: &["crates/domain/src/authorization/**"],
        suites: &[CONTRACT, SIMULATION_OF_TOKENS],
    },
    Shard { name: "rate-limit", files: &["crates/domain/src/rate_limit/**"], suites: &[CONTRACT, LIMITED_CLIENT] },
    Shard {
        name: "rate-limited-client",
        files: &["crates/domain/src/usecase/rate_limited/**"],
        suites: &[LIMITED_CLIENT],
    },
    Shard { name: "writes", files: &["crates/domain/src/idempotency/**"], suites: &[CONTRACT, SIMULATION_OF_WRITES] },
];

/// Runs the shards of these names, or all, and prints what was caught. The lists of cargo-mutants are in
/// `target/mutants/SHARD`.
///
/// # Errors
/// Says which name is of no shard, what could not be run, or that the tests fail before anything is changed.
pub fn mutants(names: &[String]) -> Result<(), String> {
    if let Some(unknown) = names.iter().find(|name| !SHARDS.iter().any(|shard| shard.name == **name)) {
        let known: Vec<_> = SHARDS.iter().map(|shard| shard.name).collect();
        return Err(format!("there is no shard {unknown:?}; there are {}", known.join(", ")));
    }
    if !Command::new("cargo").args(["mutants", "--version"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("xtask: installing cargo-mutants {CARGO_MUTANTS} (some minutes, once)");
        run(Command::new("cargo").args(["install", "--locked", "cargo-mutants", "--version", CARGO_MUTANTS]))?;
    }
    let mut table = "| shard | mutants | caught | missed | do not compile |\n|---|---:|---:|---:|---:|\n".to_owned();
    for shard in SHARDS.iter().filter(|shard| names.is_empty() || names.iter().any(|name| name == shard.name)) {
        let [caught, missed, unviable] = of_shard(shard)?.map(|mutants| mutants.len());
        let all = caught + missed;
        let _ = writeln!(table, "| {} | {all} | {caught} | {missed} | {unviable} |", shard.name);
    }
    // What cargo-mutants says goes to standard output as well, so the end is the place for it.
    write!(io::stdout(), "{table}").map_err(|error| error.to_string())
}

/// What was caught, missed, and did not compile.
fn of_shard(shard: &Shard) -> Result<[BTreeSet<String>; 3], String> {
    let folder = workspace().join("target/mutants").join(shard.name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let jobs = thread::available_parallelism().map_or(1, NonZero::get).to_string();
    let (mut caught, mut missed, mut unviable) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (number, suite) in shard.suites.iter().enumerate() {
        // cargo-mutants itself would try the tests of the package that is changed alone.
        let mut unchanged = command(&["test"]);
        unchanged.args(suite.packages.iter().flat_map(|package| ["--package", package]));
        run(unchanged.args(suite.targets).args(suite.filter))?;

        let mut mutants =
            command(&["mutants", "--no-shuffle", "--gitignore=true", "--cap-lints=true", "--baseline=skip"]);
        mutants.args(["--timeout", TIMEOUT_S, "--jobs", &jobs, "--package", DOMAIN]);
        mutants.args(suite.packages.iter().flat_map(|package| ["--test-package", package]));
        mutants.args(shard.files.iter().flat_map(|file| ["--file", file])).arg("--output").arg(&folder);
        mutants.args(suite.targets.iter().flat_map(|target| ["--cargo-arg", target]));
        mutants.args((number > 0).then_some("--iterate")).arg("--").args(suite.filter);
        let status = mutants.status().map_err(|error| format!("cargo mutants could not be started: {error}"))?;
        // 2 and 3: a mutant was missed, or its tests did not end.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            return Err(format!("the shard {} ended with {status}; see {}", shard.name, folder.display()));
        }
        let lists = folder.join("mutants.out");
        caught.extend(lines(&lists.join("caught.txt")));
        unviable.extend(lines(&lists.join("unviable.txt")));
        // Tests that do not end have noticed.
        caught.extend(lines(&lists.join("timeout.txt")));
        missed = lines(&lists.join("missed.txt"));
    }
    Ok([caught, missed, unviable])
}

/// In the workspace.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(workspace()).env("SIMULATION_SCHEDULES", SCHEDULES);
    command
}

fn lines(file: &Path) -> BTreeSet<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(ToOwned::to_owned).collect()
}
