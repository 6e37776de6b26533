//! Where the machine has PostgreSQL's programs, and how it gets them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::is_root;

const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The folder of the server's programs. Debian's are installed where they are missing.
pub(super) fn find() -> Result<PathBuf, String> {
    let missing = format!("there are no PostgreSQL programs ({})", PROGRAMS.join(", "));
    if let Some(folder) = look() {
        return Ok(folder);
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(format!("{missing}: install the PostgreSQL server, or set TEST_DATABASE_URL"));
    }
    if !is_root() {
        let line = "apt-get install --no-install-recommends postgresql";
        return Err(format!("{missing}: run `{line}` as root, or set TEST_DATABASE_URL"));
    }
    eprintln!("xtask: installing PostgreSQL, for a throw-away server");
    apt_get(&["update"])?;
    apt_get(&["install", "-y", "--no-install-recommends", "postgresql"])?;
    look().ok_or(missing)
}

/// A further program of PostgreSQL's: beside the server's, or wherever the `PATH` has it.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let beside = find()?.join(name);
    Ok(if beside.is_file() { beside } else { name.into() })
}

fn look() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let asked = Command::new("pg_config").arg("--bindir").output().ok();
    let asked = asked.and_then(|output| String::from_utf8(output.stdout).ok()).map(|line| PathBuf::from(line.trim()));
    std::env::split_paths(&path)
        .chain(asked)
        .chain(versions("/usr/lib/postgresql"))
        .find(|folder| PROGRAMS.iter().all(|program| folder.join(program).is_file()))
}

/// `bin` of every version that `folder` has, the newest first.
fn versions(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn apt_get(arguments: &[&str]) -> Result<(), String> {
    let line = format!("apt-get {}", arguments.join(" "));
    let done = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
    match done {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("`{line}` could not be started: {error}")),
    }
}
