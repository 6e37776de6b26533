//! The soak: users, faults, restarts and an attacker on the release binary, by `crates/soak`.

use std::path::PathBuf;
use std::process::Command;

use crate::packages::{run, workspace};

/// As the benchmarks are built: linking for minutes would tell nothing more of who drives the binary.
const DRIVER: [&str; 6] = ["build", "--locked", "--profile", "bench", "--package", "amo-connect-soak"];

const BINARY: [&str; 5] = ["build", "--release", "--locked", "--package", "amo-connect"];

/// Builds the driver and the release binary, and runs it. The driver starts `PostgreSQL` by itself.
///
/// # Errors
/// Says what could not be built, what is wrong with `arguments`, or that the soak has failed.
pub fn soak(arguments: &[String]) -> Result<(), String> {
    run(Command::new("cargo").args(DRIVER))?;
    // What is wrong with the arguments is told before the binary is built for minutes; so is the plan.
    driver(&[arguments, &["--plan".to_owned()]].concat())?;
    let tells_only = |argument: &String| ["--plan", "--help", "-h"].contains(&argument.as_str());
    if arguments.iter().any(tells_only) {
        return Ok(());
    }
    run(Command::new("cargo").args(BINARY))?;
    driver(arguments)
}

/// It prints its result, and says by itself what is wrong.
fn driver(arguments: &[String]) -> Result<(), String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    let driver = target.join("release/amo-connect-soak");
    match Command::new(&driver).args(arguments).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the soak ended with {status}")),
        Err(error) => Err(format!("{} could not be started: {error}", driver.display())),
    }
}
