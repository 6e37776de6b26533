//! Programs that live no longer than the test that started them.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::timeout;

/// How long a program may take to say that it is ready.
const START_TIMEOUT: Duration = Duration::from_secs(20);

const SUPERVISOR: &str = include_str!("supervisor.sh");

/// A program with all that it starts. Dropping this ends them, and so does the end of the test's
/// process, even where nothing is dropped.
pub(crate) struct Supervised {
    supervisor: Child,
    output: PathBuf,
}

impl Supervised {
    /// Starts a program that writes to `NAME.out` in `folder`.
    pub(crate) fn start(name: &str, arguments: &[&str], variables: &[(&str, &str)], folder: &Path) -> Self {
        let output = folder.join(format!("{name}.out"));
        let file = std::fs::File::create(&output).unwrap();
        let supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "supervisor"])
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap();
        Self { supervisor, output }
    }

    /// What it has written so far.
    pub(crate) fn output(&self) -> String {
        read(&self.output)
    }

    /// Waits until `found` finds what it looks for in the output; nothing if the program ends
    /// before that.
    pub(crate) async fn ready<T>(&mut self, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        let looking = until(|| {
            let ended = self.supervisor.try_wait().unwrap().is_some();
            if ended { Some(None) } else { found(&read(&self.output)).map(Some) }
        });
        let waited = timeout(START_TIMEOUT, looking).await;
        waited.unwrap_or_else(|_| panic!("it does not get ready: {}", read(&self.output)))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let ended = self.supervisor.wait();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

fn read(output: &Path) -> String {
    std::fs::read_to_string(output).unwrap()
}

/// Looks again and again until there is something to be found.
pub(crate) async fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = found() {
            return found;
        }
        pause().await;
    }
}

/// The time between two looks.
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
