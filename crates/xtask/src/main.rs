//! `cargo xtask test`: installs what the tests need, then runs all of them with nothing skipped.

use std::process::{Command, ExitCode};

use amo_connect_xtask::postgres::{Cluster, Options};
use amo_connect_xtask::{browsers, clients, prometheus};

/// The runner of the tests, at the version they were written with.
const NEXTEST: &str = "0.9.143";

/// A database that the tests may make databases beside.
const DATABASE: &str = "TEST_DATABASE_URL";

const USAGE: &str = "usage: cargo xtask test [FILTER …]   install what the tests need and run them";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some("test") => test(&arguments.collect::<Vec<_>>()),
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
    // The whole-system tests start the real binary.
    run("cargo", &["build", "--workspace", "--all-features"], &[])?;
    // Stopped and removed when it goes out of scope, or with this process.
    let cluster = match std::env::var_os(DATABASE) {
        Some(_) => None,
        None => Some(Cluster::start(&Options::default())?),
    };
    let url = cluster.as_ref().map(|cluster| cluster.url("postgres"));
    let database: Vec<(&str, &str)> = url.iter().map(|url| (DATABASE, url.as_str())).collect();

    let mut nextest = vec!["nextest", "run", "--workspace", "--all-features"];
    nextest.extend(filters.iter().map(String::as_str));
    run("cargo", &nextest, &database)?;
    if filters.is_empty() {
        run("cargo", &["test", "--workspace", "--all-features", "--doc"], &database)?;
        // Clients of amoCRM that other people wrote, against the local one.
        run("bash", &["crates/sandbox/tests/third_party/run.sh"], &[])?;
        // What is shipped beside the binary, by the tools that know its formats.
        run("bash", &["deploy/check.sh"], &[])?;
    }
    Ok(())
}

fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let line = format!("{program} {}", arguments.join(" "));
    match Command::new(program).args(arguments).envs(variables.iter().copied()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("`{line}` could not be started: {error}")),
    }
}
