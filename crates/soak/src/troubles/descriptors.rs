//! More connections than there are places, and a process without any descriptor left.

use std::fs;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::process::Command;

use super::side::{Side, seconds, until};
use super::{Found, PATIENCE};
use crate::stage::Stage;

/// What the process may have.
const DESCRIPTORS: usize = 512;

/// How many connections come, and stay.
const CROWD: usize = 1_500;

const EVICTED: &str = "amo_connect_client_connections_ended_total{reason=\"evicted\"}";

pub(super) async fn play(stage: &Arc<Stage>) -> Found {
    let mut side = Side::new(stage);
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}")).arg(&side.settings.binary).arg("serve");
    side.start(command).await?;
    side.connect(0).await?;

    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.extend(TcpStream::connect(&side.address).await.ok());
    }
    until("a page is served amid the crowd", async || side.get("/leads?limit=5", 0).await.is_ok()).await?;
    let evicted = side.metric(EVICTED).await;
    if evicted == 0 {
        return Err("no connection had to give way".to_owned());
    }
    if !side.process().logs_within(PATIENCE, "as many as this process takes").await {
        return Err("the log says nothing of the crowd".to_owned());
    }
    drop(crowd);
    until("the crowd is gone", async || side.metric("amo_connect_client_connections{state=\"waiting\"}").await < 16)
        .await?;

    let process = side.process().id();
    let open = fs::read_dir(format!("/proc/{process}/fd")).map_err(|error| error.to_string())?.count();
    limit(process, open).await?;
    // More than are free: the system accepts them, and the process cannot.
    let mut waiting = Vec::new();
    for _ in 0..64 {
        waiting.extend(TcpStream::connect(&side.address).await.ok());
    }
    if !side.process().logs_within(PATIENCE, "Too many open files").await {
        return Err("the log says nothing of the descriptors".to_owned());
    }
    limit(process, DESCRIPTORS).await?;
    let back = until("it serves again", async || side.is_alive().await).await?;
    drop(waiting);
    let page = until("a page is served again", async || side.get("/leads?limit=5", 0).await.is_ok()).await?;
    Ok((
        format!("{evicted} of {CROWD} connections, those that were idle the longest; a page was served meanwhile"),
        "`…connections_ended_total{reason=\"evicted\"}`, the line `… as many as this process takes`; \
         `Too many open files` where none was left"
            .to_owned(),
        format!("{} after it had some again, a page {} later", seconds(back), seconds(page)),
    ))
}

/// Changes how many descriptors a process may have at one time, while it runs.
async fn limit(process: u32, descriptors: usize) -> Result<(), String> {
    let (process, limit) = (process.to_string(), format!("--nofile={descriptors}:"));
    let set = Command::new("prlimit").args(["--pid", &process, &limit]).status().await;
    if set.is_ok_and(|set| set.success()) { Ok(()) } else { Err("prlimit could not change the limit".to_owned()) }
}
