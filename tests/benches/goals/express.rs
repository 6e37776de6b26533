//! The Express baseline as a process of its own, on the same PostgreSQL server.

use std::process::Stdio;

use amo_connect_tests::JWT_SECRET;
use amo_connect_xtask::benchmarks;
use tokio::process::{Child, Command};
use tokio_postgres::config::Host;

use crate::bare::answers;
use crate::database::Database;
use crate::instance::free_address;
use crate::users::USERS;

/// Two workers of Node.js. Dropping it ends them.
pub(crate) struct Express {
    _child: Child,
    address: String,
    _database: Database,
}

impl Express {
    /// Starts it with all users connected.
    pub(crate) async fn start() -> Self {
        let database = Database::postgres().await;
        let token = "x".repeat(900);
        database
            .execute(&format!(
                "CREATE TABLE amo_crm_tokens (
                    user_id text PRIMARY KEY, access_token text NOT NULL, refresh_token text NOT NULL,
                    domain text NOT NULL, account_id text NOT NULL, expires_at timestamptz NOT NULL
                );
                INSERT INTO amo_crm_tokens
                SELECT 'user-' || lpad(n::text, 4, '0'), '{token}', '{token}', 'example.amocrm.ru', '31920194', now()
                FROM generate_series(0, {}) n;
                ANALYZE amo_crm_tokens",
                USERS - 1
            ))
            .await;
        let address = free_address();
        let (_, port) = address.split_once(':').unwrap();
        let child = Command::new("node")
            .arg("server.js")
            .current_dir(benchmarks::express())
            .envs([("NODE_ENV", "production"), ("PORT", port), ("JWT_SECRET", JWT_SECRET)])
            .envs(server(&database.url()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // At the end its database goes first, and it complains at length.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        answers(&address).await;
        Self { _child: child, address, _database: database }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// The address of a database, as PostgreSQL's own clients are told it.
fn server(url: &str) -> Vec<(&'static str, String)> {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let host = match &config.get_hosts()[0] {
        Host::Tcp(host) => host.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    let mut variables = vec![("PGHOST", host), ("PGPORT", port)];
    variables.extend(config.get_user().map(|user| ("PGUSER", user.to_owned())));
    variables.extend(text(config.get_password()).map(|password| ("PGPASSWORD", password)));
    variables.extend(config.get_dbname().map(|name| ("PGDATABASE", name.to_owned())));
    variables
}
