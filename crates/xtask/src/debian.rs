//! What of Debian's packages the machine lacks, and how it gets them.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::packages::run;

/// Whether this process has fetched the lists of packages: each fetch takes seconds.
static LISTS_ARE_NEW: AtomicBool = AtomicBool::new(false);

/// What a program is needed for, how it is looked for, and Debian's package of it.
pub(crate) struct Need {
    pub(crate) what: &'static str,
    pub(crate) look: Look,
    pub(crate) package: &'static str,
}

pub(crate) enum Look {
    /// A program on the `PATH`.
    Program(&'static str),
    /// A file that `fc-list` or nobody else would name.
    File(&'static str),
    /// A line of Python that the machine's own Python can run.
    Python(&'static str),
}

/// Installs what is missing of `needs`, which are there for `whom`.
pub(crate) fn install(whom: &str, needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.look.finds()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    install_packages(whom, &missing)?;
    match missing.iter().find(|need| !need.look.finds()) {
        Some(need) => Err(format!("{} is still missing, though {} is installed", need.what, need.package)),
        None => Ok(()),
    }
}

fn install_packages(whom: &str, missing: &[&Need]) -> Result<(), String> {
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let wanted: Vec<_> = missing.iter().map(|need| format!("{} (Debian: {})", need.what, need.package)).collect();
    if !on_path("apt-get") {
        return Err(format!("{whom} need what this machine does not have: {}", wanted.join(", ")));
    }
    eprintln!("xtask: installing for {whom}: {}", packages.join(" "));
    let install = [["install", "-y", "--no-install-recommends"].as_slice(), &packages].concat();
    let update = if LISTS_ARE_NEW.swap(true, Ordering::Relaxed) { None } else { Some(["update"].as_slice()) };
    for arguments in update.into_iter().chain([install.as_slice()]) {
        run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive")).map_err(|problem| {
            format!("{problem}\nrun as root: apt-get install --no-install-recommends {}", packages.join(" "))
        })?;
    }
    Ok(())
}

impl Look {
    fn finds(&self) -> bool {
        match self {
            Self::Program(name) => on_path(name),
            Self::File(path) => Path::new(path).exists(),
            Self::Python(line) => {
                let mut python = Command::new("/usr/bin/python3");
                let tried = python.args(["-c", line]).stdout(Stdio::null()).stderr(Stdio::null()).status();
                tried.is_ok_and(|status| status.success())
            }
        }
    }
}

fn on_path(name: &str) -> bool {
    // Debian has servers where only root's `PATH` leads.
    let of_servers = Path::new("/usr/sbin").join(name).is_file();
    of_servers
        || env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}
