//! Load over HTTP, by `wrk`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::figures::median;
use crate::users;

/// What one round of load has shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loaded {
    pub(crate) a_second: f64,
    /// Half of the answers came within so many milliseconds.
    pub(crate) p50: f64,
    /// All but one in a hundred came within so many milliseconds.
    pub(crate) p99: f64,
}

/// The medians of several rounds.
pub(crate) fn medians(rounds: &[Loaded]) -> Loaded {
    let of = |figure: fn(&Loaded) -> f64| median(rounds.iter().map(figure));
    Loaded { a_second: of(|round| round.a_second), p50: of(|round| round.p50), p99: of(|round| round.p99) }
}

/// What `wrk` is told.
pub(crate) struct Wrk {
    script: PathBuf,
    jwts: PathBuf,
    _folder: TempDir,
}

impl Wrk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("wrk.lua");
        std::fs::write(&script, include_str!("wrk.lua")).unwrap();
        Self { jwts: users::write_jwts(folder.path()), script, _folder: folder }
    }

    /// Asks as 1,000 users in turns.
    pub(crate) async fn as_users(&self, url: &str, connections: usize, within: Duration) -> Loaded {
        self.load(url, connections, within, Some(&self.jwts)).await
    }

    /// Asks as nobody.
    pub(crate) async fn as_nobody(&self, url: &str, connections: usize, within: Duration) -> Loaded {
        self.load(url, connections, within, None).await
    }

    async fn load(&self, url: &str, connections: usize, within: Duration, jwts: Option<&Path>) -> Loaded {
        let output = Command::new("wrk")
            .args(["--threads", "1", "--connections", &connections.to_string()])
            .args(["--duration", &format!("{}s", within.as_secs()), "--timeout", "10s", "--script"])
            .arg(&self.script)
            .arg(url)
            .arg("--")
            .args(jwts)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let line = said.lines().find_map(|line| line.strip_prefix("measured "));
        let line = line.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
        let figures: Vec<f64> = line.split(' ').map(|figure| figure.parse().unwrap()).collect();
        let [a_second, p50, p99, failed] = figures[..] else { panic!("{line}") };
        assert!(failed == 0.0, "{url}: {failed} requests have failed: {said}");
        Loaded { a_second, p50, p99 }
    }
}
