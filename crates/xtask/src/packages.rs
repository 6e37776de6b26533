//! Packages of other languages' registries, installed outside of the tree, once for each lock file.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The files of an `npm` project that `npm ci` reads.
const NPM_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// `npm ci` of the project in `from`, a folder of the workspace, into `to`, a folder of `target`.
pub(crate) fn npm(from: &str, to: &str) -> Result<(), String> {
    let (from, to) = (workspace().join(from), workspace().join("target").join(to));
    once(&from.join("package-lock.json"), &to, || {
        for name in NPM_FILES {
            fs::copy(from.join(name), to.join(name)).map_err(|error| format!("{name}: {error}"))?;
        }
        run(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&to))
    })
}

/// The packages that `requirements`, a file of the workspace, names with their versions, in an environment of `python`'s
/// at `to`, a folder of `target`.
pub(crate) fn python(python: &Path, requirements: &str, to: &str) -> Result<(), String> {
    let (requirements, to) = (workspace().join(requirements), workspace().join("target").join(to));
    once(&requirements, &to, || {
        // Without a pip of its own, and without compiled files, an environment is made sooner.
        run(Command::new(python).args(["-m", "venv", "--clear", "--without-pip"]).arg(&to))?;
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "--python"]).arg(to.join("bin/python"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", "-r"]);
        run(pip.arg(&requirements))
    })
}

/// A Python of at least `version`: the machine's own, one beside it, or one that pyenv keeps.
pub(crate) fn python_since((major, minor): (u8, u8)) -> Result<PathBuf, String> {
    let kept = env::home_dir().and_then(|home| fs::read_dir(home.join(".pyenv/versions")).ok());
    let of_pyenv = kept.into_iter().flatten().flatten().map(|version| version.path().join("bin/python3"));
    let is_new = |python: &PathBuf| {
        let check = format!("import sys; sys.exit(sys.version_info < ({major}, {minor}))");
        let tried = Command::new(python).args(["-c", &check]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let named = ["python3", "python3.12", "python3.13", "python3.14"].map(PathBuf::from);
    let found = named.into_iter().chain(of_pyenv).find(is_new);
    found.ok_or_else(|| format!("this needs Python {major}.{minor} or later as python3 or python3.{minor}, with venv"))
}

/// Installs into `to`, unless that was done for the lock file that is there.
fn once(lock: &Path, to: &Path, install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let done = to.join("installed-for");
    let wanted = fs::read(lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    if fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    install()?;
    fs::write(&done, wanted).map_err(|error| format!("{}: {error}", done.display()))
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let line = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{line} ended with {status}")),
        Err(error) => Err(format!("{line} could not be started: {error}")),
    }
}
