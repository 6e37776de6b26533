//! A process that has no descriptors left.

use std::process::Command;

use amo_connect_tests::until_within;
use futures_util::future::join_all;

use crate::{PATIENCE, connect, serve, serves, world};

/// Changes how many descriptors a process may have at one time, while it runs.
fn limit_to(process: u32, descriptors: usize) {
    let limit = format!("--nofile={descriptors}:");
    let set = Command::new("prlimit").args(["--pid", &process.to_string(), &limit]).status().unwrap();
    assert!(set.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_descriptors_says_so_and_serves_as_soon_as_it_has_some() {
    let world = world().await;
    let service = serve(&world).await;
    let process = service.process().id();
    assert!(serves(&service).await);
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    limit_to(process, open);
    // More than are free: the system accepts them, and the process cannot.
    let crowd = join_all((0..64).map(|_| connect(&service))).await;
    service.process().until_logged("Too many open files").await;
    assert!(!service.process().logged().contains("panic"), "{}", service.process().logged());

    limit_to(process, 4_096);
    until_within(PATIENCE, "it serves again", async || serves(&service).await).await;
    drop(crowd);
    assert!(service.into_process().stop().await.contains("\"stopped\""));
}
