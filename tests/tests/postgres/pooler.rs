//! A pooler between (`PgBouncer`): what works, and what is refused.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};

use amo_connect_domain::ports::{StoreHealth as _, TokenStore as _};
use amo_connect_tests::{PgDatabase, test_server, until};
use tempfile::TempDir;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::steps::{connected, free_port, open, told};

/// A `PgBouncer` before the tests' server; dropping it ends it.
struct Bouncer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first version that keeps prepared statements in transaction mode.
const KEEPS_STATEMENTS: (u32, u32) = (1, 21);

/// Where Debian has it, or on the `PATH`.
fn program() -> &'static str {
    const OF_DEBIAN: &str = "/usr/sbin/pgbouncer";
    if Path::new(OF_DEBIAN).exists() { OF_DEBIAN } else { "pgbouncer" }
}

fn version() -> (u32, u32) {
    let output = Command::new(program()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let number = text.split_whitespace().nth(1).unwrap();
    let mut parts = number.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap())
}

/// It refuses to run as root.
fn command(settings: &Path) -> Command {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = Command::new(if is_root { "setpriv" } else { program() });
    if is_root {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program()]);
    }
    command.arg(settings);
    command
}

impl Bouncer {
    async fn start(database: &PgDatabase, settings: &str) -> Self {
        let server: Config = test_server().parse().unwrap();
        let host = match &server.get_hosts()[0] {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        let port = server.get_ports().first().copied().unwrap_or(5432);
        let user = server.get_user().unwrap();
        let password = server.get_password().map(|word| format!(" password={}", String::from_utf8_lossy(word)));
        let listens_at = free_port();
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port} user={user}{}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {listens_at}\nunix_socket_dir =\nauth_type = any\n\
             default_pool_size = 4\n{settings}\n",
            password.unwrap_or_default()
        );
        std::fs::write(&file, text).unwrap();
        let child = command(&file).spawn().unwrap();
        let bouncer = Self { child, port: listens_at, _folder: folder };
        let url = bouncer.url(database);
        until("PgBouncer answers", async || tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok()).await;
        bouncer
    }

    fn url(&self, database: &PgDatabase) -> String {
        format!("postgres://anybody@127.0.0.1:{}/{}?sslmode=disable", self.port, database.name())
    }
}

/// Two processes, in the course of each other.
async fn assert_serves(url: &str) {
    let (one, two) = (open(url).await.unwrap(), open(url).await.unwrap());
    for number in 0..10 {
        let (first, second) = (connected(&format!("one {number}")), connected(&format!("two {number}")));
        let (saved, also) = tokio::join!(one.save(&first, None), two.save(&second, None));
        saved.unwrap();
        also.unwrap();
        let (read, also) = tokio::join!(two.connection(&first.user), one.connection(&second.user));
        assert!(read.unwrap().is_some() && also.unwrap().is_some());
    }
    one.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn session_mode_serves() {
    let database = PgDatabase::migrated(&test_server()).await;
    let bouncer = Bouncer::start(&database, "pool_mode = session\ndefault_pool_size = 20").await;
    assert_serves(&bouncer.url(&database)).await;
}

/// Debian 12 has 1.18, which can lose them alone.
#[tokio::test(flavor = "multi_thread")]
async fn transaction_mode_serves_if_it_keeps_prepared_statements_and_is_refused_if_not() {
    let database = PgDatabase::migrated(&test_server()).await;
    let can_keep = version() >= KEEPS_STATEMENTS;
    let loses = if can_keep { "max_prepared_statements = 0" } else { "" };
    let bouncer = Bouncer::start(&database, &format!("pool_mode = transaction\n{loses}")).await;
    let refused = told(&open(&bouncer.url(&database)).await.unwrap_err());
    assert!(refused.contains("a pooler before PostgreSQL loses prepared statements"), "{refused}");
    if can_keep {
        let bouncer = Bouncer::start(&database, "pool_mode = transaction\nmax_prepared_statements = 100").await;
        assert_serves(&bouncer.url(&database)).await;
    }
}
