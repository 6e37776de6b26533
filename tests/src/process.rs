//! The real binary, as a process of its own.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The binary `amo-connect` of this build. `cargo xtask test` builds it first.
pub fn binary() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let binary = this.ancestors().nth(2).unwrap().join("amo-connect");
    assert!(binary.exists(), "{} is missing: run `cargo build --workspace` first", binary.display());
    binary
}

/// A running `amo-connect`; dropping it kills it.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it with nothing in its environment but `variables`, in a folder of its own.
    pub fn start(arguments: &[&str], variables: &[(&str, &str)], folder: &std::path::Path) -> Self {
        let child = Command::new(binary())
            .args(arguments)
            .env_clear()
            .envs(variables.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child }
    }

    /// Waits for a line of standard output that holds `text`, and gives all lines until then.
    pub async fn until_printed(&mut self, text: &str) -> String {
        let mut lines = BufReader::new(self.child.stdout.as_mut().unwrap()).lines();
        let mut seen = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            seen += &line;
            seen.push('\n');
            if line.contains(text) {
                return seen;
            }
        }
        panic!("it ended without printing {text}: {seen}");
    }

    /// Waits for a line of its log that holds `text`.
    pub async fn until_logged(&mut self, text: &str) -> String {
        let mut lines = BufReader::new(self.child.stderr.as_mut().unwrap()).lines();
        let mut seen = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(text) {
                return line;
            }
            seen += &line;
        }
        panic!("it ended without logging {text}: {seen}");
    }

    /// Tells it to stop, as an init system does.
    pub fn terminate(&self) {
        let id = self.child.id().unwrap().to_string();
        let told = std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(told.success());
    }

    /// Waits for its end: exit code, standard output, standard error.
    pub async fn ended(self) -> (Option<i32>, String, String) {
        let output = self.child.wait_with_output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}
