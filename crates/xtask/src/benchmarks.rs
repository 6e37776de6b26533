//! What the benchmarks measure with, and beside, and how the machine gets it.

use std::fs;
use std::path::PathBuf;

use crate::debian::{self, Look, Need};
use crate::packages::{self, workspace};

const NEEDS: [Need; 3] = [
    Need { what: "wrk", look: Look::Program("wrk"), package: "wrk" },
    Need { what: "Node.js", look: Look::Program("node"), package: "nodejs" },
    Need { what: "npm", look: Look::Program("npm"), package: "npm" },
];

/// The Express baseline in the tree, and where it runs.
const EXPRESS: &str = "tests/bench/express";
const EXPRESS_RUNS: &str = "npm-express";

/// Installs what is missing.
pub fn install() -> Result<(), String> {
    debian::install("the benchmarks", &NEEDS)?;
    packages::npm(EXPRESS, EXPRESS_RUNS)?;
    // Node.js looks for packages beside the program.
    let (from, to) = (workspace().join(EXPRESS).join("server.js"), express().join("server.js"));
    fs::copy(&from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
}

/// The folder of the Express baseline, with its packages.
pub fn express() -> PathBuf {
    workspace().join("target").join(EXPRESS_RUNS)
}
