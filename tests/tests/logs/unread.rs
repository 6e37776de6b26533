//! A log that nobody reads holds nothing up.

use std::io::{PipeReader, pipe};
use std::process::{Command as StdCommand, Stdio};
use std::time::Duration;

use amo_connect_tests::{Answer, World, binary, jwt, start_unread};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::terminate;

/// More lines than the queue (8,192) and a pipe (64 KiB) take together.
const REQUESTS: usize = 12_000;

/// How long an end may take on a loaded machine; an end that waits for a reader never comes.
const END: Duration = Duration::from_mins(1);

fn serve_unread(world: &World) -> Child {
    start_unread(&binary(), &["serve"], &world.settings, &[("RUST_LOG", "debug")], &world.folder())
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_dropped_counted_and_told_and_flow_again_once_somebody_reads() {
    let world = World::without_service().await;
    let mut child = serve_unread(&world);
    world.until_it_answers().await;
    assert_eq!(timeout(END, world.pipeline_healthz(REQUESTS)).await.unwrap(), REQUESTS);

    let metrics = world.http().get(format!("{}/metrics", world.base)).send().await.unwrap().text().await.unwrap();
    let dropped = metrics.lines().find_map(|line| line.strip_prefix("amo_connect_log_lines_dropped_total ")).unwrap();
    assert!(dropped.parse::<usize>().unwrap() > 1000, "{dropped}");

    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut next = async || serde_json::from_str::<Value>(&log.next_line().await.unwrap().unwrap()).unwrap();
    let mut written = 0;
    let until_told = async {
        loop {
            let line = next().await;
            if line["message"] == "log lines were dropped: nobody read them fast enough" {
                break line;
            }
            written += usize::from(line["http.route"] == "/healthz");
        }
    };
    let told = timeout(END, until_told).await.unwrap();
    let told = usize::try_from(told["lines"].as_u64().unwrap()).unwrap();
    assert!(written > 8192 && written + told >= REQUESTS, "{written} lines are written, and {told} dropped");

    let last = world.http().get(world.url("/status")).bearer_auth(jwt("olena")).header("x-request-id", "last");
    assert_eq!(Answer::to(last).await.status, 200);
    timeout(END, async { while next().await["request.id"] != "last" {} }).await.unwrap();
    terminate(&child);
    while log.next_line().await.unwrap().is_some() {}
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_log_nobody_reads_stops() {
    let world = World::without_service().await;
    let mut child = serve_unread(&world);
    world.until_it_answers().await;
    assert_eq!(world.pipeline_healthz(1000).await, 1000);
    terminate(&child);
    assert!(timeout(END, child.wait()).await.unwrap().unwrap().success());
}

/// A pipe that is full, and that nobody reads.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, writer) = pipe().unwrap();
    let mut fill = StdCommand::new("dd");
    // It opens the pipe anew: that it does not wait concerns nobody else.
    fill.args(["if=/dev/zero", "of=/dev/stdout", "bs=4096", "oflag=nonblock"]).stdout(writer.try_clone().unwrap());
    assert!(!fill.stderr(Stdio::null()).status().unwrap().success(), "it ends when there is no room");
    (reader, writer.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_ends_though_nobody_reads_why() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["json", "text"] {
        let (_reader, writer) = full_pipe();
        let mut command = Command::new(binary());
        command.arg("serve").env_clear().env("LOG_FORMAT", format).current_dir(folder.path()).kill_on_drop(true);
        let mut child = command.stderr(writer).spawn().unwrap();
        assert_eq!(timeout(END, child.wait()).await.unwrap().unwrap().code(), Some(1), "{format}");
    }
}
