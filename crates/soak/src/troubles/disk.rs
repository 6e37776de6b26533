//! No room is left where the SQLite file is.

use std::path::Path;
use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tokio::process::Command;

use super::side::{Side, fill, seconds, until};
use super::{Found, PATIENCE};
use crate::accounts::jwt;
use crate::stage::Stage;

/// A disk of its own, which only the process and what it starts see.
const ON_A_SMALL_DISK: &str = r#"mount -t tmpfs -o size=8m tmpfs "$1" && exec "$2" serve"#;

pub(super) async fn play(stage: &Arc<Stage>) -> Found {
    let mut side = Side::new(stage);
    let disk = side.folder().join("disk");
    std::fs::create_dir(&disk).map_err(|error| error.to_string())?;
    let database = format!("sqlite:{}", disk.join("side.db").display());
    side.settings = side.settings.clone().with("DATABASE_URL", &database);
    // `mount` is sought on the path.
    side.settings = side.settings.clone().with("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let Some(namespaces) = namespaces().await else {
        let not_here = "not played: this machine allows no mount of one's own".to_owned();
        return Ok((not_here, "–".to_owned(), "–".to_owned()));
    };
    let mut command = Command::new("unshare");
    command.args(namespaces).args(["sh", "-c", ON_A_SMALL_DISK, "sh"]).arg(&disk).arg(&side.settings.binary);
    side.start(command).await?;
    side.connect(0).await?;
    side.get("/leads?limit=5", 0).await?;

    let seen_from_here = Path::new("/proc").join(side.process().id().to_string()).join("root");
    let seen_from_here = seen_from_here.join(disk.strip_prefix("/").unwrap_or(&disk));
    let filled = fill(&seen_from_here);
    // What the file has of free room is used up first.
    let (mut attempt, mut refused) = (0, String::new());
    until("a write is refused", async || {
        attempt += 1;
        let begun = side.call_as(&jwt(&format!("u-{attempt}")), Method::POST, "/authorize", Some(json!({}))).await;
        begun.is_err_and(|told| {
            refused = told;
            true
        })
    })
    .await?;
    if refused != "503 storage_unavailable" {
        return Err(format!("a write was refused with {refused}"));
    }
    let mut page = String::new();
    until("a page is refused: its permit cannot be written", async || {
        side.get("/leads?limit=5", 0).await.is_err_and(|told| {
            page = told;
            true
        })
    })
    .await?;
    if page != "503 storage_unavailable" {
        return Err(format!("a page was refused with {page}"));
    }
    if !side.process().logs_within(PATIENCE, "disk is full").await {
        return Err("the log does not name the disk".to_owned());
    }
    let status = side.get("/status", 0).await.map_err(|told| format!("/status is refused: {told}"))?;
    if status["data"]["state"] != "connected" {
        return Err(format!("/status is {}", status["data"]["state"]));
    }
    until("the metric tells", async || side.metric("amo_connect_storage_writable").await == 0).await?;

    std::fs::remove_file(filled).map_err(|error| error.to_string())?;
    let back = until("a page is served again", async || side.get("/leads?limit=5", 0).await.is_ok()).await?;
    let connect = until("a user can connect again", async || side.connect(1).await.is_ok()).await?;
    until("the metric tells the end", async || side.metric("amo_connect_storage_writable").await == 1).await?;
    Ok((
        format!("writes, and pages of leads (no permit without a write), with {refused}; `/status` was served"),
        "the log with `database or disk is full`, `amo_connect_storage_writable` 0".to_owned(),
        format!("a page {} after there was room, a new connection {} later", seconds(back), seconds(connect)),
    ))
}

/// How `unshare` is asked here for mounts of one's own.
async fn namespaces() -> Option<&'static [&'static str]> {
    for namespaces in [["--mount"].as_slice(), &["--user", "--map-root-user", "--mount"]] {
        let mounts = ["sh", "-c", "mount -t tmpfs tmpfs /mnt"];
        let tried = Command::new("unshare").args(namespaces).args(mounts).status().await;
        if tried.is_ok_and(|status| status.success()) {
            return Some(namespaces);
        }
    }
    None
}
