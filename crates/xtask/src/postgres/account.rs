//! Whom the server runs as: PostgreSQL refuses to run as root.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// An account of this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The account to change to, if we are root.
    pub(super) fn find() -> Result<Option<Self>, String> {
        if id("-u", None) != Some(0) {
            return Ok(None);
        }
        let known = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(Self { user: id("-u", Some(name))?, group: id("-g", Some(name))? }));
        known.map(Some).ok_or_else(|| "PostgreSQL does not run as root, and there is no user `postgres`".to_owned())
    }

    pub(super) fn own(self, path: &Path) -> std::io::Result<()> {
        chown(path, Some(self.user), Some(self.group))
    }

    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

fn id(what: &str, name: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(what).args(name).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Whether we may install packages.
pub(super) fn is_root() -> bool {
    id("-u", None) == Some(0)
}
