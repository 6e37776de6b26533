//! Clients of amoCRM that other people wrote, as the registries have them, against the local amoCRM.
//!
//! Each has a script in `tests/third_party` of the sandbox's crate, and a local amoCRM of its own, so they run side by
//! side. Those that ask only amoCRM's own domains do so in namespaces of their own.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::packages::{self, workspace};

/// Where the scripts are, and what they need.
const FOLDER: &str = "crates/sandbox/tests/third_party";

/// Where the packages are kept, in `target`.
const KEPT: &str = "third-party";

/// How many clients run at a time: the machines of this project have two cores.
const AT_ONCE: usize = 2;

/// The clients, at the versions of `pypi/requirements/*.txt` and of `npm/package.json`.
const CLIENTS: [Client; 19] = [
    Client::from_pypi("aioamocrm", Reached::AtAnyAddress),
    Client::from_pypi("amochka", Reached::At("amocrm.ru")),
    Client::from_pypi("amocrm-api", Reached::At("amocrm.ru")),
    Client::from_pypi("amocrm-api-wrapper", Reached::AtAnyAddress),
    Client::from_pypi("amocrm-client", Reached::AtAnyAddress),
    Client::from_pypi("amocrm-mcp", Reached::At("amocrm.ru")),
    Client::from_pypi("amocrm-sdk", Reached::At("amocrm.ru")),
    Client::from_pypi("apiAmoCRM", Reached::At("amocrm.ru")),
    Client::from_pypi("catgirl3d-amocrm-mcp", Reached::At("amocrm.ru")),
    Client::from_pypi("kommo-kiro-power", Reached::At("kommo.com")),
    Client::from_pypi("kommo-python", Reached::At("kommo.com")),
    Client::from_pypi("kommo-sdk-data-engineer", Reached::AtAnyAddress),
    Client::from_pypi("py-amo-client", Reached::At("amocrm.ru")),
    Client::from_pypi("senzib", Reached::At("amocrm.ru")),
    Client::from_pypi("yzel", Reached::AtAnyAddress),
    Client::from_npm("@mobilon-dev/amotop", Reached::At("amocrm.ru")),
    Client::from_npm("@shevernitskiy/amo", Reached::At("kommo.com")),
    // It gives an account's address as the redirect URI.
    Client {
        redirect_uri: Some("https://foryou.amocrm.ru"),
        ..Client::from_npm("@theyahia/amocrm-mcp", Reached::At("amocrm.ru"))
    },
    Client::from_npm("amocrm-js", Reached::At("amocrm.ru")),
];

struct Client {
    name: &'static str,
    registry: Registry,
    reached: Reached,
    /// The redirect URI of the integration, if the client wants one of its own.
    redirect_uri: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq)]
enum Registry {
    PyPi,
    Npm,
}

/// Where a client seeks amoCRM.
#[derive(Clone, Copy)]
enum Reached {
    /// Where it is told to.
    AtAnyAddress,
    /// At https, port 443, of a subdomain.
    At(&'static str),
}

/// Installs all clients.
///
/// # Errors
/// Says what could not be installed.
pub fn install() -> Result<(), String> {
    let python = python()?;
    CLIENTS.iter().try_for_each(|client| client.install(&python))
}

/// Installs the clients that `names` name, or all, runs them, and says of each what it drove.
///
/// # Errors
/// Says what could not be installed or built, or how many failed.
pub fn run(names: &[String]) -> Result<(), String> {
    if let Some(unknown) = names.iter().find(|name| CLIENTS.iter().all(|client| client.name != **name)) {
        return Err(format!("there is no client {unknown:?}"));
    }
    let wanted = |client: &&Client| names.is_empty() || names.iter().any(|name| name == client.name);
    let clients: Vec<&Client> = CLIENTS.iter().filter(wanted).collect();
    let python = python()?;
    clients.iter().try_for_each(|client| client.install(&python))?;
    let sandbox = build()?;

    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(client) = clients.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let title = format!("{} {}", client.name, client.version());
                    match client.drive(&sandbox) {
                        Ok(driven) => say(&format!("ok {title}: {driven}")),
                        Err(problem) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                            say(&format!("FAILED {title}: {problem}"));
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    say(&format!("{} passed, {failed} failed", clients.len() - failed));
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of {} clients failed against the local amoCRM", clients.len()))
    }
}

/// What kommo-sdk-data-engineer needs, and the others can do with.
fn python() -> Result<PathBuf, String> {
    packages::python_since((3, 12))
}

/// The program that is a local amoCRM, built as the tests before have built it.
fn build() -> Result<PathBuf, String> {
    packages::run(Command::new("cargo").args(["build", "--quiet", "--workspace", "--all-features"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    let built = target.join("debug/amo-connect");
    fs::canonicalize(&built).map_err(|error| format!("{}: {error}", built.display()))
}

impl Client {
    const fn from_pypi(name: &'static str, reached: Reached) -> Self {
        Self { name, registry: Registry::PyPi, reached, redirect_uri: None }
    }

    const fn from_npm(name: &'static str, reached: Reached) -> Self {
        Self { name, registry: Registry::Npm, reached, redirect_uri: None }
    }

    /// Its name in names of files.
    fn stem(&self) -> String {
        self.name.trim_start_matches('@').replace(['-', '/'], "_").to_lowercase()
    }

    /// Those of npm share one folder.
    fn install(&self, python: &Path) -> Result<(), String> {
        if self.registry == Registry::Npm {
            return packages::npm(&format!("{FOLDER}/npm"), &format!("{KEPT}/npm"));
        }
        let requirements = format!("{FOLDER}/pypi/requirements/{}.txt", self.stem());
        packages::python(python, &requirements, &format!("{KEPT}/{}", self.stem()))
    }

    /// Runs its script, and says what that drove.
    fn drive(&self, sandbox: &Path) -> Result<String, String> {
        let command = self.command(sandbox).and_then(|mut command| command.stdin(Stdio::null()).output());
        let Output { status, stdout, stderr } = command.map_err(|error| format!("it could not be started: {error}"))?;
        let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        if status.success() {
            Ok(said.lines().last().unwrap_or_default().to_owned())
        } else {
            Err(format!("{status}\n{said}{complained}"))
        }
    }

    fn command(&self, sandbox: &Path) -> io::Result<Command> {
        let folder = fs::canonicalize(workspace().join(FOLDER))?;
        let kept = fs::canonicalize(workspace().join("target").join(KEPT))?;
        let domain = match self.reached {
            Reached::AtAnyAddress => "-",
            Reached::At(domain) => domain,
        };
        let mut command = Command::new(folder.join("with_local_amocrm.sh"));
        command.arg(sandbox).arg(domain);
        command.envs(self.redirect_uri.map(|uri| ("REDIRECT_URI", uri)));
        match self.registry {
            Registry::PyPi => command
                .arg(kept.join(self.stem()).join("bin/python"))
                .arg(folder.join(format!("pypi/{}_client.py", self.stem())))
                .env("PYTHONDONTWRITEBYTECODE", "1"),
            Registry::Npm => command
                .arg("node")
                .arg(folder.join(format!("npm/{}_client.js", self.stem())))
                .env("NODE_PATH", kept.join("npm/node_modules")),
        };
        Ok(command)
    }

    /// Its version, as it is pinned.
    fn version(&self) -> String {
        let (file, before) = match self.registry {
            Registry::PyPi => (format!("pypi/requirements/{}.txt", self.stem()), format!("{}==", self.name)),
            Registry::Npm => ("npm/package.json".to_owned(), format!("\"{}\": \"", self.name)),
        };
        let pinned = fs::read_to_string(workspace().join(FOLDER).join(file)).unwrap_or_default();
        let version = pinned.lines().find_map(|line| line.trim().strip_prefix(&before));
        version.unwrap_or("of no known version").trim_end_matches([',', '"']).to_owned()
    }
}

fn say(line: &str) {
    // Nobody is there to hear that standard output is closed.
    let _ = writeln!(io::stdout().lock(), "{line}");
}
