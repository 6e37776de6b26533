//! Nobody reads the log: lines are dropped, counted and told, and nobody is held up.

use std::io::{BufRead as _, BufReader, PipeReader, pipe};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Found;
use super::side::{Side, seconds, until};
use crate::stage::Stage;

/// More lines than the queue (8,192) and a pipe (64 KiB) take together.
const REQUESTS: usize = 15_000;

const DROPPED: &str = "amo_connect_log_lines_dropped_total";

const TOLD: &str = "log lines were dropped: nobody read them fast enough";

pub(super) async fn play(stage: &Arc<Stage>) -> Found {
    let mut side = Side::new(stage);
    side.settings = side.settings.clone().with("RUST_LOG", "debug");
    let (reader, writer) = pipe().map_err(|error| error.to_string())?;
    let mut command = side.settings.serve();
    command.env_clear().envs(side.settings.variables.iter().cloned()).current_dir(side.folder());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    // The command has the other end of the pipe, too.
    drop(command);
    until("it serves", async || side.is_alive().await).await?;
    side.connect(0).await?;

    let answered = timeout(Duration::from_mins(2), flood(&side.address)).await;
    let answered = answered.map_err(|late| format!("requests are not answered while nobody reads the log: {late}"))?;
    if answered != REQUESTS {
        return Err(format!("{answered} of {REQUESTS} requests were answered while nobody read the log"));
    }
    let dropped = side.metric(DROPPED).await;
    if dropped == 0 {
        return Err("no line was dropped: the pipe was not full".to_owned());
    }
    let page = side.get("/leads?limit=5", 0).await.map_err(|told| format!("a page is refused: {told}"))?;
    drop(page);

    let told = tokio::task::spawn_blocking(move || read_until_told(reader));
    let back = until("lines are taken again", async || told.is_finished()).await?;
    let (count, reader) = told.await.map_err(|error| error.to_string())?;
    let _rest = tokio::task::spawn_blocking(move || reader.lines().count());
    let before = side.metric(DROPPED).await;
    side.get("/leads?limit=5", 0).await.map_err(|told| format!("a page is refused: {told}"))?;
    if side.metric(DROPPED).await != before {
        return Err("lines are dropped though somebody reads".to_owned());
    }
    let _ = child.kill().await;
    Ok((
        format!("nothing: {answered} of {REQUESTS} requests were answered, and a page"),
        format!("`{DROPPED}` {dropped}; the line `{TOLD}` with {count}"),
        format!("the line came {} after somebody read; none was dropped since", seconds(back)),
    ))
}

/// Sends all requests over one connection, and says how many were answered well.
async fn flood(address: &str) -> usize {
    let Ok(socket) = TcpStream::connect(address).await else { return 0 };
    let (mut answers, mut service) = socket.into_split();
    let one = "GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n";
    let sent = one.repeat(REQUESTS - 1) + last;
    let mut text = String::new();
    let _ = tokio::join!(service.write_all(sent.as_bytes()), answers.read_to_string(&mut text));
    text.matches("HTTP/1.1 200 OK").count()
}

/// Reads until the line that tells; gives the number in it.
fn read_until_told(reader: PipeReader) -> (u64, BufReader<PipeReader>) {
    let mut lines = BufReader::new(reader);
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
        if line.contains(TOLD) {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            return (line["lines"].as_u64().unwrap_or_default(), lines);
        }
        line.clear();
    }
    (0, lines)
}
