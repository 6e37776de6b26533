//! The real binary, as a process of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a line of its log may be in coming.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// The binary `amo-connect` of this build. `cargo xtask test` builds it first.
pub fn binary() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let binary = this.ancestors().nth(2).unwrap().join("amo-connect");
    assert!(binary.exists(), "{} is missing: run `cargo build --workspace` first", binary.display());
    binary
}

/// The first of six ports in a row that are free now, from `from` on: below those that the system gives away by
/// itself. Tests at the same time look in different places.
pub fn free_ports(from: u16) -> u16 {
    let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (from..from + 900).step_by(6).find(|first| (*first..first + 6).all(is_free)).unwrap()
}

/// The arguments of a sandbox with a service and a phone page, which keeps its data in `kept`.
pub const KEPT: [&str; 4] = ["--bind", "127.0.0.1:0", "--data", "kept"];

/// The word after `mark` in what a sandbox tells people.
pub fn word_after<'a>(guide: &'a str, mark: &str) -> &'a str {
    let (_, rest) = guide.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {guide}"));
    rest.split_whitespace().next().unwrap()
}

/// A running `amo-connect`; dropping it kills it.
pub struct Process {
    child: Child,
    /// Read as it comes: who writes into a full pipe stands still.
    log: watch::Receiver<String>,
}

impl Process {
    /// Starts it with nothing in its environment but `variables`, in a folder of its own.
    pub fn start(arguments: &[&str], variables: &[(&str, &str)], folder: &Path) -> Self {
        Self::spawn(Command::new(binary()), arguments, variables, folder)
    }

    /// The same with no more than so many descriptors.
    pub fn start_within(descriptors: u32, arguments: &[&str], variables: &[(&str, &str)], folder: &Path) -> Self {
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--nofile={descriptors}:{descriptors}")).arg(binary());
        Self::spawn(limited, arguments, variables, folder)
    }

    fn spawn(mut program: Command, arguments: &[&str], variables: &[(&str, &str)], folder: &Path) -> Self {
        let mut child = program
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
        let (written, log) = watch::channel(String::new());
        tokio::spawn(follow(child.stderr.take().unwrap(), written));
        Self { child, log }
    }

    /// Starts a sandbox with `further` arguments, on ports of its own. Returns what it tells people, too.
    pub async fn sandbox(further: &[&str], folder: &Path) -> (Self, String) {
        let arguments = [&["sandbox", "--amo-bind", "127.0.0.1:0"], further].concat();
        let mut process = Self::start(&arguments, &[], folder);
        let guide = process.until_printed("Stop:").await;
        (process, guide)
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

    /// Waits for a line of its log that holds `text`, and gives the first one.
    pub async fn until_logged(&self, text: &str) -> String {
        self.until_logged_again(text, 0).await
    }

    /// Waits for another line that holds `text` after the first `seen` of them, and gives it.
    pub async fn until_logged_again(&self, text: &str, seen: usize) -> String {
        let mut log = self.log.clone();
        let line = |log: &str| log.lines().filter(|line| line.contains(text)).nth(seen).map(str::to_owned);
        let logged = timeout(START_TIMEOUT, log.wait_for(|log| line(log).is_some())).await;
        let logged = logged.unwrap_or_else(|_| panic!("it has not logged {text}: {}", self.logged()));
        let whole = logged.unwrap_or_else(|_| panic!("it ended without logging {text}: {}", self.logged()));
        line(&whole).unwrap()
    }

    /// How many lines of its log hold `text`.
    pub fn times_logged(&self, text: &str) -> usize {
        self.log.borrow().lines().filter(|line| line.contains(text)).count()
    }

    /// What it has logged.
    pub fn logged(&self) -> String {
        self.log.borrow().clone()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Tells it to stop, as an init system does.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Tells it to stop, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Tells it that its terminal was closed.
    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let told = std::process::Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(told.success());
    }

    /// Tells it to stop, and waits for its end, which must be a good one. Gives all it has logged.
    pub async fn stop(self) -> String {
        self.terminate();
        let (code, _, log) = self.ended().await;
        assert_eq!(code, Some(0), "{log}");
        log
    }

    /// `kill -9`; gives all it has logged once it is dead.
    pub async fn kill(mut self) -> String {
        self.child.kill().await.unwrap();
        whole(self.log).await
    }

    /// Waits for its end: exit code, standard output, standard error.
    pub async fn ended(self) -> (Option<i32>, String, String) {
        let output = self.child.wait_with_output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), whole(self.log).await)
    }
}

/// The log when nobody writes it any more.
async fn whole(mut log: watch::Receiver<String>) -> String {
    while log.changed().await.is_ok() {}
    log.borrow().clone()
}

/// Collects what comes until the other end is closed.
async fn follow(pipe: impl AsyncRead + Unpin, written: watch::Sender<String>) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        written.send_modify(|log| {
            log.push_str(&line);
            log.push('\n');
        });
    }
}
