//! The browsers and the JavaScript packages that the tests use, and how the machine gets them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::packages::{self, run, workspace};

/// What a program is needed for, how it is looked for, and Debian's package of it.
struct Need {
    what: &'static str,
    look: Look,
    package: &'static str,
}

enum Look {
    /// A program on the `PATH`.
    Program(&'static str),
    /// A file that `fc-list` or nobody else would name.
    File(&'static str),
    /// A line of Python that the machine's own Python can run.
    Python(&'static str),
}

const NEEDS: [Need; 12] = [
    Need { what: "Chromium", look: Look::Program("chromium"), package: "chromium" },
    Need { what: "Chromium's driver", look: Look::Program("chromedriver"), package: "chromium-driver" },
    Need { what: "WebKit's driver", look: Look::Program("WebKitWebDriver"), package: "webkit2gtk-driver" },
    Need { what: "Python's GObject", look: Look::Python("import gi"), package: "python3-gi" },
    Need {
        what: "WebKitGTK 4.1 for GObject",
        look: Look::Python("import gi; gi.require_version('WebKit2', '4.1')"),
        package: "gir1.2-webkit2-4.1",
    },
    Need { what: "a screen without a monitor", look: Look::Program("Xvfb"), package: "xvfb" },
    Need { what: "ImageMagick", look: Look::Program("import"), package: "imagemagick" },
    Need {
        what: "a font",
        look: Look::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
        package: "fonts-dejavu-core",
    },
    Need { what: "Node.js", look: Look::Program("node"), package: "nodejs" },
    Need { what: "npm", look: Look::Program("npm"), package: "npm" },
    Need { what: "curl", look: Look::Program("curl"), package: "curl" },
    Need { what: "PgBouncer", look: Look::Program("pgbouncer"), package: "pgbouncer" },
];

/// Installs what is missing: on Debian by `apt-get`, JavaScript packages by `npm ci`.
pub fn install() -> Result<(), String> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !need.look.finds()).collect();
    if !missing.is_empty() {
        install_packages(&missing)?;
        if let Some(need) = missing.iter().find(|need| !need.look.finds()) {
            return Err(format!("{} is still missing, though {} is installed", need.what, need.package));
        }
    }
    packages::npm("tests/npm", "npm")
}

/// Where the JavaScript packages are, outside of the tree.
pub fn node_modules() -> PathBuf {
    workspace().join("target/npm/node_modules")
}

fn install_packages(missing: &[&Need]) -> Result<(), String> {
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let wanted: Vec<_> = missing.iter().map(|need| format!("{} (Debian: {})", need.what, need.package)).collect();
    if !on_path("apt-get") {
        return Err(format!("the browser tests need what this machine does not have: {}", wanted.join(", ")));
    }
    eprintln!("xtask: installing for the browser tests: {}", packages.join(" "));
    let install = [["install", "-y", "--no-install-recommends"].as_slice(), &packages].concat();
    for arguments in [["update"].as_slice(), &install] {
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
