//! What makes and plays clients of the service from its OpenAPI document, and how the machine gets it.

use std::path::{Path, PathBuf};

use crate::packages;

/// Where the packages of the TypeScript client are.
const CLIENT: &str = "npm-client";

/// Where schemathesis is.
const SCHEMATHESIS: &str = "schemathesis";

/// Installs what is missing, at the versions of the lock files.
pub fn install() -> Result<(), String> {
    packages::npm("tests/npm/client", CLIENT)?;
    packages::python(Path::new("python3"), "tests/schemathesis/requirements.txt", SCHEMATHESIS)
}

/// The packages of the TypeScript client.
pub fn node_modules() -> PathBuf {
    packages::workspace().join("target").join(CLIENT).join("node_modules")
}

/// The program that plays a client of every kind.
pub fn schemathesis() -> PathBuf {
    packages::workspace().join("target").join(SCHEMATHESIS).join("bin/schemathesis")
}
