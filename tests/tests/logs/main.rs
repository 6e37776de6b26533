//! What an operator reads: one line a request, that nobody can forge and that holds nothing up.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod causes;
mod lines;
mod starts;
mod unread;

use std::path::Path;
use std::process::Stdio;

use amo_connect_tests::{World, until, variables};
use serde_json::Value;
use tokio::process::{Child, Command};

/// The lines of a log in JSON.
fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

/// A program with the settings of `world` and `further` ones, whose log nobody reads meanwhile.
fn unread(program: &Path, arguments: &[&str], world: &World, further: &[(&str, &str)]) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(variables(&world.settings)).envs(further.iter().copied());
    command.current_dir(world.folder()).stderr(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

/// Ends when the service of `world` answers.
async fn until_it_answers(world: &World) {
    let healthz = || world.http().get(format!("{}/healthz", world.base)).send();
    until("it serves", async || healthz().await.is_ok()).await;
}

fn terminate(child: &Child) {
    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}
