//! What was measured on, with, and how.

use std::fs;
use std::process::Stdio;

use amo_connect_xtask::postgres;
use tokio::process::Command;

use crate::plan::Plan;

pub(crate) async fn tell(plan: &Plan) {
    let (cpus, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = field(&cpus, "model name");
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let load = read("/proc/loadavg");
    println!(
        "- machine: {cores} cores of {model}, {} of memory, Linux {}",
        field(&memory, "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim()
    );
    println!("- load before the run (1, 5, 15 minutes): {}", load.split(' ').take(3).collect::<Vec<_>>().join(", "));
    let pgbench = postgres::program("pgbench").unwrap();
    let versions =
        [("rustc", "--version"), ("wrk", "-v"), ("node", "--version"), (pgbench.to_str().unwrap(), "--version")];
    let mut told = Vec::new();
    for (program, option) in versions {
        let output = Command::new(program).arg(option).stdin(Stdio::null()).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
        told.push(if said.starts_with('v') { format!("node {said}") } else { said });
    }
    println!("- versions: {}", told.join("; "));
    let commit = Command::new("git").args(["log", "-1", "--format=%h %cs"]).stdin(Stdio::null()).output().await;
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    println!("- commit: {commit}");
    println!(
        "- medians of {} rounds of {} s, each target in turn after a round that warms up; client, service and database share the cores\n",
        plan.rounds,
        plan.round.as_secs()
    );
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap()
}

fn field(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim_start_matches([':', ' ', '\t']).to_owned()
}
