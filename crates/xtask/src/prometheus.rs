//! Where the machine has Prometheus's `promtool`, and how it gets it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that evaluates alert rules. Debian's is taken out of its package where it is missing:
/// to install that would start a server.
pub fn promtool() -> Result<PathBuf, String> {
    let own = folder().join("usr/bin/promtool");
    let on_path = env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let mut places = on_path.map(|folder| folder.join("promtool")).chain([own]);
    places.find(|place| place.is_file()).ok_or_else(|| {
        "there is no promtool: run `cargo xtask test`, or install Prometheus (Debian: prometheus)".to_owned()
    })
}

/// Gets `promtool` if it is not there.
pub fn install() -> Result<(), String> {
    if promtool().is_ok() {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        return promtool().map(drop);
    }
    eprintln!("xtask: getting promtool out of Debian's package prometheus");
    let (folder, script) = (
        folder(),
        "apt-get download prometheus && dpkg --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool && rm prometheus_*.deb",
    );
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let get = || sh(&folder, script);
    // The lists of packages may be missing, or older than the package.
    if get().is_err() {
        sh(&folder, "apt-get update")?;
        get()?;
    }
    promtool().map(drop)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/prometheus")
}

fn sh(folder: &Path, script: &str) -> Result<(), String> {
    match Command::new("bash").args(["-euo", "pipefail", "-c", script]).current_dir(folder).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{script}` ended with {status}")),
        Err(error) => Err(format!("`{script}` could not be started: {error}")),
    }
}
