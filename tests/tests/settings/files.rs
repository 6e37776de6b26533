//! A file that is no SQLite database is left as it is, by every command.

use std::fmt::Debug;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use crate::{GOOD, KEYS, run};

pub(crate) const COMMANDS: [&[&str]; 7] = [
    &["serve"],
    &["migrate"],
    &["keys", "rotate"],
    &["connections", "list"],
    &["connections", "show", "olena"],
    &["connections", "refresh", "olena"],
    &["connections", "disconnect", "olena"],
];

/// How long a refusal may be in coming, on a busy machine.
const COMMAND_TIMEOUT: Duration = Duration::from_mins(1);

/// All there is in a folder: names, modes, times of change, content.
pub(crate) fn state(folder: &Path) -> Vec<(String, u32, i64, i64, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            (path.display().to_string(), metadata.mode(), metadata.mtime_nsec(), metadata.ctime_nsec(), content)
        })
        .collect();
    found.sort();
    found
}

/// Every command is refused `url` in one sentence that has `why`, and changes nothing in `folder`.
pub(crate) async fn refused_by(commands: &[&[&str]], folder: &Path, url: &str, why: &str) {
    refused_and_left(commands, folder, url, why, state).await;
}

/// The same of what `state` shows.
pub(crate) async fn refused_and_left<T: PartialEq + Debug>(
    commands: &[&[&str]],
    folder: &Path,
    url: &str,
    why: &str,
    state: impl Fn(&Path) -> T,
) {
    let before = state(folder);
    for command in commands {
        let mut variables: Vec<_> =
            GOOD.iter().filter(|(name, _)| !["DATABASE_URL", "TOKEN_KEYS"].contains(name)).copied().collect();
        variables.extend([("DATABASE_URL", url), ("TOKEN_KEYS", KEYS), ("BIND", "127.0.0.1:0")]);
        let ended = tokio::time::timeout(COMMAND_TIMEOUT, run(command, &variables, folder)).await;
        let (code, output, complaint) = ended.unwrap_or_else(|_| panic!("{command:?} goes on"));
        assert_eq!((code, output.as_str()), (Some(1), ""), "{command:?}: {complaint}");
        assert!(complaint.contains("DATABASE_URL: ") && complaint.contains(why), "{command:?}: {complaint}");
        assert_eq!(state(folder), before, "{command:?} has touched something");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_keeps_mode_content_and_siblings() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in
        [("passwd", "root:x:0:0:root:/root:/bin/bash\n"), ("short", "SQLite"), ("passwd-wal", "a"), ("passwd-shm", "b")]
    {
        fs::write(folder.path().join(name), content).unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    symlink("passwd", folder.path().join("link.db")).unwrap();
    for name in ["passwd", "short", "link.db"] {
        refused_by(&COMMANDS, folder.path(), name, "is not a SQLite database").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_is_called_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("directory")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join("fifo")).status().unwrap().success());
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    symlink("directory", folder.path().join("linked")).unwrap();
    for (name, why) in [
        ("directory", "is a directory"),
        ("linked", "is a directory"),
        ("fifo", "is not a regular file"),
        ("/dev/null", "is not a regular file"),
        ("dangling", "is a symbolic link to a file that does not exist"),
    ] {
        refused_by(&COMMANDS, folder.path(), name, why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_becomes_a_database_by_serve_and_migrate_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.db"), "").unwrap();
    refused_by(&COMMANDS[2..], folder.path(), "empty.db", "is empty").await;
    let (code, output, _) = run(&["migrate"], &[("DATABASE_URL", "empty.db")], folder.path()).await;
    assert_eq!(code, Some(0));
    assert!(output.starts_with("Applied "), "{output}");
    assert_eq!(fs::metadata(folder.path().join("empty.db")).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_database_is_followed_and_the_files_beside_its_end_are_made_private() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    fs::create_dir(&real).unwrap();
    let (code, ..) = run(&["migrate"], &[("DATABASE_URL", "real/a.db")], folder.path()).await;
    assert_eq!(code, Some(0));
    symlink("real/a.db", folder.path().join("link.db")).unwrap();
    fs::set_permissions(real.join("a.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, output, complaint) = run(&["migrate"], &[("DATABASE_URL", "link.db")], folder.path()).await;
    assert_eq!((code, output.as_str()), (Some(0), "The database is up to date.\n"), "{complaint}");
    assert_eq!(fs::metadata(real.join("a.db")).unwrap().mode() & 0o777, 0o600);
}
