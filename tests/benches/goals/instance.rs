//! The release binary as a process of its own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use amo_connect_tests::{JWT_SECRET, KeptConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

pub(crate) const TOKEN_KEYS: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const READY_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_micros(300);

/// A service that runs. Dropping it kills it.
pub(crate) struct Instance {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    /// How long it took from its start to the first 200 of `/readyz`.
    pub(crate) started_within: Duration,
    _folder: TempDir,
}

impl Instance {
    /// Starts `binary` on the database at this address, and ends when it is ready.
    pub(crate) async fn start(binary: &Path, database: &str, further: &[(&str, &str)]) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        let redirect_uri = format!("http://{address}/api/amo-crm/callback");
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .env_clear()
            .envs([
                ("AMO_CLIENT_ID", "bench"),
                ("AMO_CLIENT_SECRET", "bench-secret"),
                ("AMO_REDIRECT_URI", &redirect_uri),
                ("AMO_RATE_LIMIT", "1000000"),
                ("JWT_SECRET", JWT_SECRET),
                ("TOKEN_KEYS", TOKEN_KEYS),
                ("DATABASE_URL", database),
                ("USER_RATE", "0"),
                ("ADDRESS_RATE", "0"),
                ("HTTP_IDLE_TIMEOUT", "1h"),
                // `/healthz` leaves no line at any other level, and the two are compared.
                ("RUST_LOG", "warn"),
                ("BIND", &address),
            ])
            .envs(further.iter().copied())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        while !is_ready(&address).await {
            assert!(child.try_wait().unwrap().is_none(), "the service ended");
            assert!(begun.elapsed() < READY_WITHIN, "the service is not ready");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Self { child, address, started_within: begun.elapsed(), _folder: folder }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it has in memory, in megabytes: all of it, and without what is its binary's file.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let kilobytes = |name: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
        };
        (kilobytes("VmRSS") / 1e3, kilobytes("RssAnon") / 1e3)
    }

    pub(crate) async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A free port of this machine.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn is_ready(address: &str) -> bool {
    let Ok(mut connection) = KeptConnection::to(address).await else { return false };
    connection.ask("GET /readyz HTTP/1.1").await.is_ok_and(|reply| reply.status == 200)
}
