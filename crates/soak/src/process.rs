//! The program as a process, whose log is read, counted and not kept.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How many lines are kept to be waited for.
const KEPT: usize = 500;

/// No line of the log begins so: nothing panics, the database loses nothing, keys never change, and a stop has time.
const UNTRUE: [&str; 5] = [
    "the program panicked",
    "the database has lost tokens",
    "stored tokens cannot be opened",
    "the keys of running instances do not go together",
    "stopping before all work was done",
];

/// How long a start may take on a machine that does other things besides.
pub(crate) const START: Duration = Duration::from_mins(1);

/// How long a stop may take: the service's own time, and some more.
const STOP: Duration = Duration::from_secs(100);

/// Errors and warnings of all processes, by message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs(Arc<Mutex<BTreeMap<(String, String), u64>>>);

impl Logs {
    fn take(&self, line: &str) {
        let Ok(line) = serde_json::from_str::<Value>(line) else { return };
        let level = line["level"].as_str().unwrap_or_default();
        if level == "ERROR" || level == "WARN" {
            let mut message = line["message"].as_str().unwrap_or_default().to_owned();
            if let Some(code) = line["error.code"].as_str() {
                let _ = write!(message, " ({code})");
            }
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.entry((level.to_owned(), message)).or_default() += 1;
        }
    }

    /// Lines that are never true in a run, with how often they came.
    pub(crate) fn untrue(&self) -> Vec<String> {
        let counts = self.counts().into_iter();
        let untrue = counts.filter(|((_, message), _)| UNTRUE.iter().any(|beginning| message.starts_with(beginning)));
        untrue.map(|((_, message), count)| format!("{count} times in the log: {message}")).collect()
    }

    /// How often each message came, by level.
    pub(crate) fn counts(&self) -> BTreeMap<(String, String), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    lines: watch::Receiver<VecDeque<String>>,
}

impl Process {
    /// Starts `command` with nothing in its environment but `variables`.
    pub(crate) fn start(mut command: Command, variables: &[(String, String)], folder: &Path, logs: &Logs) -> Self {
        command.env_clear().envs(variables.iter().map(|(name, value)| (name, value))).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (written, lines) = watch::channel(VecDeque::new());
        tokio::spawn(follow(child.stderr.take().unwrap(), written, logs.clone()));
        Self { child, lines }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Waits for a line that holds `text`; whether it came.
    pub(crate) async fn logs_within(&self, limit: Duration, text: &str) -> bool {
        let mut lines = self.lines.clone();
        let found = lines.wait_for(|lines| lines.iter().any(|line| line.contains(text)));
        matches!(timeout(limit, found).await, Ok(Ok(_)))
    }

    /// Ends when it serves, or with the last line of its log.
    pub(crate) async fn until_serving(&self) -> Result<(), String> {
        if self.logs_within(START, "\"serving\"").await {
            return Ok(());
        }
        Err(self.lines.borrow().back().cloned().unwrap_or_default())
    }

    /// Stops it in order; its exit code.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        let told = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().await;
        assert!(told.is_ok_and(|told| told.success()), "a process ended by itself");
        timeout(STOP, self.child.wait()).await.ok()?.ok()?.code()
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        let _ = self.child.kill().await;
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

async fn follow(pipe: impl AsyncRead + Unpin, written: watch::Sender<VecDeque<String>>, logs: Logs) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        logs.take(&line);
        written.send_modify(|kept| {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(line);
        });
    }
}
