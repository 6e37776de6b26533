//! What an operator reads: one line a request, that nobody can forge and that holds nothing up.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod causes;
mod lines;
mod starts;
mod unread;

use serde_json::Value;
use tokio::process::Child;

/// The lines of a log in JSON.
fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn terminate(child: &Child) {
    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}
