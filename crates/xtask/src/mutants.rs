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

/// How many tests run at a time: most of those of the service wait.
const TEST_THREADS: &str = "8";

/// Some files of one package, by what they are for.
struct Shard {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
}

const DOMAIN: &str = "amo-connect-domain";

const REFRESH: Shard = Shard {
    name: "refresh",
    package: DOMAIN,
    files: &["crates/domain/src/lease.rs", "crates/domain/src/refresh/**", "crates/domain/src/usecase/tokens/**"],
};

const CONNECTION: Shard = Shard { name: "connection", package: DOMAIN, files: &["crates/domain/src/connection/**"] };

const AUTHORIZATION: Shard = Shard {
    name: "authorization",
    package: DOMAIN,
    files: &["crates/domain/src/authorization/**", "crates/domain/src/usecase/connect/**"],
};

const RATE_LIMIT: Shard = Shard { name: "rate-limit", package: DOMAIN, files: &["crates/domain/src/rate_limit/**"] };

const LIMITED_CLIENT: Shard =
    Shard { name: "rate-limited-client", package: DOMAIN, files: &["crates/domain/src/usecase/rate_limited/**"] };

const WRITES: Shard = Shard {
    name: "writes",
    package: DOMAIN,
    files: &["crates/domain/src/idempotency/**", "crates/domain/src/usecase/writes/**"],
};

/// What amoCRM's answers are taken for.
const ANSWERS: Shard = Shard {
    name: "answers",
    package: "amo-connect-adapters",
    files: &[
        "crates/adapters/src/amo/pair/mod.rs",
        "crates/adapters/src/amo/reading.rs",
        "crates/adapters/src/amo/refusal.rs",
        "crates/adapters/src/amo/retry_after.rs",
        "crates/adapters/src/amo/token.rs",
        "crates/adapters/src/amo/writing/answer.rs",
        "crates/adapters/src/amo/writing/refused.rs",
    ],
};

const JWT: Shard = Shard {
    name: "jwt",
    package: "amo-connect",
    files: &["crates/app/src/auth/caller.rs", "crates/app/src/auth/claims.rs", "crates/app/src/auth/jwt.rs"],
};

const SHARDS: &[&Shard] =
    &[&REFRESH, &CONNECTION, &AUTHORIZATION, &RATE_LIMIT, &LIMITED_CLIENT, &WRITES, &ANSWERS, &JWT];

/// Which files of its shards a suite is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// Without the use cases, which the suite does not run.
    Decisions,
    UseCases,
}

/// Tests, and the shards whose mutants they have to notice.
struct Suite {
    packages: &'static [&'static str],
    part: Part,
    /// Options of `cargo test` that name targets.
    targets: &'static [&'static str],
    /// Further arguments of `cargo test`: which of the tests run.
    filter: &'static [&'static str],
    /// Tests that run longer than so many seconds do not end.
    timeout_s: u32,
    shards: &'static [&'static Shard],
}

/// The quickest to build first: each is run for the mutants that those before it have missed.
const SUITES: &[Suite] = &[
    Suite {
        packages: &[DOMAIN],
        part: Part::Whole,
        targets: &["--lib"],
        filter: &[],
        timeout_s: 20,
        shards: &[&REFRESH, &CONNECTION, &AUTHORIZATION, &RATE_LIMIT, &LIMITED_CLIENT, &WRITES],
    },
    // The contract over the stores in memory.
    Suite {
        packages: &["amo-connect-contract"],
        part: Part::Decisions,
        targets: &["--test=memory"],
        filter: &[],
        timeout_s: 30,
        shards: &[&REFRESH, &CONNECTION, &AUTHORIZATION, &RATE_LIMIT, &WRITES],
    },
    // The limited client in virtual time.
    Suite {
        packages: &["amo-connect-contract"],
        part: Part::Whole,
        targets: &["--test=rate_limited_client"],
        filter: &[],
        timeout_s: 30,
        shards: &[&RATE_LIMIT, &LIMITED_CLIENT],
    },
    // The use cases in virtual time.
    Suite {
        packages: &["amo-connect-contract"],
        part: Part::UseCases,
        targets: &["--test=use_cases", "--test=waiting_callers", "--test=unsolicited_codes"],
        filter: &[],
        timeout_s: 30,
        shards: &[&REFRESH, &AUTHORIZATION, &WRITES],
    },
    // The service in a test's own process, beside the local amoCRM.
    Suite {
        packages: &["amo-connect-tests"],
        part: Part::Whole,
        targets: &["--test=test_app"],
        // It waits half a minute for the next sweep.
        filter: &["--", "--skip=a_grant_that_nobody_asks_for"],
        timeout_s: 60,
        shards: &[&REFRESH, &CONNECTION, &LIMITED_CLIENT, &WRITES],
    },
    // It judges what becomes of tokens.
    Suite {
        packages: &["amo-connect-simulation"],
        part: Part::UseCases,
        targets: &["--test=schedules"],
        filter: &["keep_the_invariants"],
        timeout_s: 60,
        shards: &[&REFRESH, &AUTHORIZATION],
    },
    Suite {
        packages: &["amo-connect-adapters"],
        part: Part::Whole,
        targets: &["--lib", "--test=amo_client"],
        filter: &[],
        timeout_s: 60,
        shards: &[&ANSWERS],
    },
    Suite {
        packages: &["amo-connect-tests"],
        part: Part::Whole,
        targets: &["--test=authorization"],
        filter: &[],
        timeout_s: 60,
        shards: &[&JWT],
    },
];

/// Runs the shards of these names, or all, and prints what was caught. The lists of cargo-mutants are in
/// `target/mutants`.
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
    let folder = workspace().join("target/mutants");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let wanted = |shard: &Shard| names.is_empty() || names.iter().any(|name| name == shard.name);
    let (mut caught, mut missed, mut unviable) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for suite in SUITES {
        let shards: Vec<_> = suite.shards.iter().copied().filter(|shard| wanted(shard)).collect();
        if shards.is_empty() {
            continue;
        }
        look(suite, &shards, &folder)?;
        let list = |name| lines(&folder.join("mutants.out").join(name));
        // Tests that do not end have noticed.
        caught.extend(list("caught.txt").into_iter().chain(list("timeout.txt")));
        missed.extend(list("missed.txt"));
        unviable.extend(list("unviable.txt"));
    }
    missed.retain(|mutant| !caught.contains(mutant));
    let mut table = "| shard | mutants | caught | missed | do not compile |\n|---|---:|---:|---:|---:|\n".to_owned();
    for shard in SHARDS.iter().filter(|shard| wanted(shard)) {
        let [caught, missed, unviable] =
            [&caught, &missed, &unviable].map(|mutants| mutants.iter().filter(|mutant| shard.has(mutant)).count());
        let _ = writeln!(table, "| {} | {} | {caught} | {missed} | {unviable} |", shard.name, caught + missed);
    }
    for mutant in &missed {
        let _ = writeln!(table, "missed: {mutant}");
    }
    // What cargo-mutants says goes to standard output as well, so the end is the place for it.
    write!(io::stdout(), "{table}").map_err(|error| error.to_string())
}

/// Runs the tests for each mutant of these shards that no earlier suite has caught.
fn look(suite: &Suite, shards: &[&Shard], folder: &Path) -> Result<(), String> {
    // cargo-mutants itself would try the tests of the package that is changed alone.
    let mut unchanged = command("test");
    unchanged.args(suite.packages.iter().flat_map(|package| ["--package", package]));
    run(unchanged.args(suite.targets).args(suite.filter))?;

    let jobs = thread::available_parallelism().map_or(1, NonZero::get).to_string();
    let mut mutants = command("mutants");
    mutants.args(["--no-shuffle", "--gitignore=true", "--cap-lints=true", "--baseline=skip", "--iterate"]);
    mutants.args(["--timeout", &suite.timeout_s.to_string(), "--jobs", &jobs]).arg("--output").arg(folder);
    // A package that is named twice is mutated twice.
    let mutated: BTreeSet<_> = shards.iter().map(|shard| shard.package).collect();
    mutants.args(mutated.into_iter().flat_map(|package| ["--package", package]));
    let files = shards.iter().flat_map(|shard| shard.files).filter(|file| suite.part.has(file));
    mutants.args(files.flat_map(|file| ["--file", file]));
    mutants.args(suite.packages.iter().flat_map(|package| ["--test-package", package]));
    mutants.args(suite.targets.iter().flat_map(|target| ["--cargo-arg", target]));
    mutants.arg("--").args(suite.filter);
    let status = mutants.status().map_err(|error| format!("cargo mutants could not be started: {error}"))?;
    // 2 and 3: a mutant was missed, or its tests did not end.
    match status.code() {
        Some(0 | 2 | 3) => Ok(()),
        _ => Err(format!("cargo mutants ended with {status}; see {}", folder.display())),
    }
}

impl Part {
    fn has(self, file: &str) -> bool {
        let is_use_case = file.contains("/usecase/");
        match self {
            Self::Whole => true,
            Self::Decisions => !is_use_case,
            Self::UseCases => is_use_case,
        }
    }
}

impl Shard {
    /// Whether a line of a list of cargo-mutants is about one of the files.
    fn has(&self, mutant: &str) -> bool {
        self.files.iter().any(|file| mutant.starts_with(file.trim_end_matches("**")))
    }
}

/// In the workspace.
fn command(subcommand: &str) -> Command {
    let mut command = Command::new("cargo");
    command.arg(subcommand).current_dir(workspace()).env("SIMULATION_SCHEDULES", SCHEDULES);
    command.env("RUST_TEST_THREADS", TEST_THREADS);
    command
}

fn lines(file: &Path) -> BTreeSet<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(ToOwned::to_owned).collect()
}
