//! The clock of a process jumps: with SQLite it is the store's clock too, with PostgreSQL the process's alone.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use amo_connect_tests::PgDatabase;
use tokio::process::Command;

use super::Found;
use super::side::{Side, seconds, until};
use crate::stage::Stage;

const SOURCE: &str = include_str!("clock.c");

/// By how many seconds; after each the clock is set right again.
const JUMPS: [(&str, i64); 6] = [
    ("10 min ahead", 600),
    ("10 min behind", -600),
    ("3 h ahead", 3 * 3_600),
    ("3 h behind", -3 * 3_600),
    ("25 h ahead", 25 * 3_600),
    ("a year ahead", 366 * 24 * 3_600),
];

pub(super) async fn play(stage: &Arc<Stage>) -> Found {
    let library = match library(stage.folder()).await {
        Ok(library) => library,
        Err(problem) => return Ok((format!("not played: {problem}"), "–".to_owned(), "–".to_owned())),
    };
    let mut worst = vec![("SQLite", jump(Side::new(stage), &library).await?)];
    if let Some(server) = stage.server() {
        let database = PgDatabase::migrated(&server).await;
        let mut side = Side::new(stage);
        side.settings = side.settings.clone().with("DATABASE_URL", &database.url());
        worst.push(("PostgreSQL", jump(side, &library).await?));
    }
    let told: Vec<_> = JUMPS.iter().map(|(name, _)| *name).collect();
    let worst: Vec<_> =
        worst.iter().map(|(on, (worst, when))| format!("{} at most on {on} ({when})", seconds(*worst))).collect();
    Ok((
        format!("nothing for long: {}, and back each time; the connection stayed", told.join(", ")),
        "–".to_owned(),
        format!("a page was served {} after each jump and after each return", worst.join(", ")),
    ))
}

/// Plays all jumps; the longest time that it took until a page was served, and after which jump.
async fn jump(mut side: Side, library: &Path) -> Result<(Duration, String), String> {
    let clock = side.folder().join("clock");
    let file = create(&clock).map_err(|error| error.to_string())?;
    let (library, path) = (library.display().to_string(), clock.display().to_string());
    side.settings = side.settings.clone().with("LD_PRELOAD", &library).with("SOAK_CLOCK", &path);
    let serve = side.settings.serve();
    side.start(serve).await?;
    side.connect(0).await?;
    let mut worst = (Duration::ZERO, String::new());
    for (name, by) in JUMPS {
        for (by, when) in [(by, "after"), (0, "after the return from")] {
            file.write_all_at(&by.to_ne_bytes(), 0).map_err(|error| error.to_string())?;
            let mut told = String::new();
            let served = until("a page is served", async || match side.get("/leads?limit=5", 0).await {
                Ok(_) => true,
                Err(refused) => {
                    told = refused;
                    false
                }
            })
            .await;
            let took = served.map_err(|late| format!("{when} {name}: {late}: {told}"))?;
            worst = worst.max((took, format!("{when} {name}: {told}")));
            let status = side.get("/status", 0).await.map_err(|told| format!("{when} {name}: /status is {told}"))?;
            if status["data"]["state"] != "connected" {
                return Err(format!("{when} {name} the connection is {}", status["data"]["state"]));
            }
        }
    }
    Ok(worst)
}

fn create(clock: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(clock)?;
    file.write_all_at(&0_i64.to_ne_bytes(), 0)?;
    Ok(file)
}

/// The library that is put before the system's clock, compiled for this machine.
async fn library(folder: &Path) -> Result<PathBuf, String> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, SOURCE).map_err(|error| error.to_string())?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source);
    match compiler.status().await {
        Ok(status) if status.success() => Ok(library),
        _ => Err("there is no C compiler for the clock".to_owned()),
    }
}
