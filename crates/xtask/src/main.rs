//! `cargo xtask test` installs what the tests need, then runs all of them with nothing skipped; `cargo xtask clients`
//! runs only those that are clients of amoCRM by others, `cargo xtask bench` does the same for the benchmarks,
//! `cargo xtask soak` runs users, faults, restarts and an attacker on the release binary, and `cargo xtask mutants`
//! shows which changes of the code no test notices.

use std::num::NonZero;
use std::process::{Command, ExitCode};
use std::thread;

use amo_connect_xtask::mutants::mutants;
use amo_connect_xtask::postgres::{Cluster, Options};
use amo_connect_xtask::soak::soak;
use amo_connect_xtask::{benchmarks, browsers, clients, prometheus, snippets, third_party, valgrind};

/// The runner of the tests, at the version they were written with.
const NEXTEST: &str = "0.9.143";

/// A database that the tests may make databases beside.
const DATABASE: &str = "TEST_DATABASE_URL";

/// How many tests run at once.
const TEST_THREADS: &str = "NEXTEST_TEST_THREADS";

/// The benchmark of a page of leads, a program of its own.
const LEADS: &str = "leads";

/// As a power cut asks for it: a benchmark counts what is durable.
const DURABLE: &str = "fsync = on\nfull_page_writes = on\n";

/// Runs a program that may have as many open files, connections among them, as the machine lets it.
const MANY_FILES: &str = r#"ulimit -n "$(ulimit -Hn)" && exec "$@""#;

const USAGE: &str = "usage:
  cargo xtask test [FILTER …]                              install what the tests need and run them
  cargo xtask clients [NAME …]                             run clients of amoCRM from PyPI and npm against the local one
  cargo xtask bench [NAME …] [--quick] [--against PATH]    measure, and print tables in Markdown
  cargo xtask soak [--minutes N] [--users N] [--database sqlite|postgres] [--seed N] [--help]
                                                           users, faults, restarts and an attacker at once
  cargo xtask mutants [SHARD …]                            break the code in small ways, and see what tests notice";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some("test") => test(&arguments.collect::<Vec<_>>()),
        Some("clients") => third_party::run(&arguments.collect::<Vec<_>>()),
        Some("bench") => bench(&arguments.collect::<Vec<_>>()),
        Some("soak") => soak(&arguments.collect::<Vec<_>>()),
        Some("mutants") => mutants(&arguments.collect::<Vec<_>>()),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn test(filters: &[String]) -> Result<(), String> {
    if run("cargo", &["nextest", "--version"], &[]).is_err() {
        eprintln!("xtask: installing cargo-nextest {NEXTEST}, the runner of the tests (some minutes, once)");
        run("cargo", &["install", "--locked", "cargo-nextest", "--version", NEXTEST], &[])?;
    }
    browsers::install()?;
    prometheus::install()?;
    clients::install()?;
    snippets::install()?;
    valgrind::install()?;
    // Cargo builds without the crates of other platforms; the tests of the supply chain read their manifests too.
    run("cargo", &["fetch", "--locked"], &[])?;
    // They wait for registries while the tests are built.
    let clients_of_others = filters.is_empty().then(|| thread::spawn(third_party::install));
    // The whole-system tests start the real binary.
    run("cargo", &["build", "--workspace", "--all-features"], &[])?;
    // Stopped and removed when it goes out of scope, or with this process.
    let cluster = match std::env::var_os(DATABASE) {
        Some(_) => None,
        None => Some(Cluster::start(&Options::default())?),
    };
    let url = cluster.as_ref().map(|cluster| cluster.url("postgres"));
    let database: Vec<(&str, &str)> = url.iter().map(|url| (DATABASE, url.as_str())).collect();
    // Most tests wait for a clock or for another process, and not for a processor.
    let threads = (3 * processors()).to_string();
    let mut variables = database.clone();
    variables.extend(std::env::var_os(TEST_THREADS).is_none().then_some((TEST_THREADS, threads.as_str())));

    let mut nextest = vec!["nextest", "run", "--workspace", "--all-features"];
    nextest.extend(filters.iter().map(String::as_str));
    run("cargo", &nextest, &variables)?;
    if let Some(installed) = clients_of_others {
        run("cargo", &["test", "--workspace", "--all-features", "--doc"], &database)?;
        // Clients of amoCRM that other people wrote, against the local one.
        installed.join().unwrap_or_else(|_| Err("the clients of others were not installed".to_owned()))?;
        third_party::run(&[])?;
        // What is shipped beside the binary, by the tools that know its formats.
        run("bash", &["deploy/check.sh"], &[])?;
    }
    Ok(())
}

/// Measures what `arguments` name, or everything, on the release binary.
fn bench(arguments: &[String]) -> Result<(), String> {
    let arguments = with_whole_paths(arguments)?;
    benchmarks::install()?;
    run("cargo", &["build", "--release", "--locked", "--package", "amo-connect"], &[])?;
    let cluster = match std::env::var_os(DATABASE) {
        Some(_) => None,
        None => Some(Cluster::start(&Options { settings: DURABLE.to_owned(), ..Options::default() })?),
    };
    let url = cluster.as_ref().map(|cluster| cluster.url("postgres"));
    let database: Vec<(&str, &str)> = url.iter().map(|url| (DATABASE, url.as_str())).collect();
    let of_target = |name| ["bench", "--locked", "--package", "amo-connect-tests", "--bench", name];

    let of_goals: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| *argument != LEADS).collect();
    let wants_leads = of_goals.len() < arguments.len();
    let names_goals = of_goals.iter().any(|argument| !argument.starts_with("--"));
    if names_goals || !wants_leads {
        let measure = [&["-c", MANY_FILES, "sh", "cargo"], of_target("goals").as_slice(), &["--"], &of_goals].concat();
        run("sh", &measure, &database)?;
    }
    if wants_leads || arguments.is_empty() {
        run("cargo", &of_target("page"), &database)?;
    }
    Ok(())
}

/// `arguments` with the path after `--against` as it is from any folder: cargo runs a benchmark in its package's.
fn with_whole_paths(arguments: &[String]) -> Result<Vec<String>, String> {
    let mut whole = arguments.to_vec();
    if let Some(place) = arguments.iter().position(|argument| argument == "--against")
        && let Some(path) = whole.get_mut(place + 1)
    {
        let found = std::fs::canonicalize(&path).map_err(|error| format!("--against {path}: {error}"))?;
        *path = found.display().to_string();
    }
    Ok(whole)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let line = format!("{program} {}", arguments.join(" "));
    match Command::new(program).args(arguments).envs(variables.iter().copied()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("`{line}` could not be started: {error}")),
    }
}
