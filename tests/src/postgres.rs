//! Databases of their own for tests, on the run's throw-away PostgreSQL or any other server.

use std::collections::hash_map::{DefaultHasher, RandomState};
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::path::Path;

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Names the lock on templates, for everybody who tests on the server.
const TEMPLATE_LOCK: i64 = 0x616d_6f20_7465_7374;

/// The server that `cargo xtask test` started, or that was given instead.
pub fn test_server() -> String {
    #[expect(clippy::disallowed_methods, reason = "the runner speaks to tests by a variable")]
    let server = std::env::var("TEST_DATABASE_URL");
    server.unwrap_or_else(|_| {
        panic!("this test needs PostgreSQL: run `cargo xtask test`, which starts one, or set TEST_DATABASE_URL")
    })
}

/// A database. Dropping it drops it on the server, whoever is connected.
#[derive(Debug)]
pub struct PgDatabase {
    server: String,
    name: String,
}

impl PgDatabase {
    /// A database with our tables, on the server that has this address.
    pub async fn migrated(server: &str) -> Self {
        let admin = connect(server).await;
        let template = template(server, &admin).await;
        let version = value(&admin, "SHOW server_version_num").await.unwrap().parse::<u32>().unwrap();
        // Before 15 there was no other, and no word for it.
        let strategy = if version < 150_000 { "" } else { "STRATEGY FILE_COPY" };
        Self::create(server, &admin, &format!("TEMPLATE {template} {strategy}")).await
    }

    /// A database without tables.
    pub async fn empty(server: &str) -> Self {
        Self::create(server, &connect(server).await, "").await
    }

    async fn create(server: &str, admin: &Client, how: &str) -> Self {
        let random = RandomState::new().hash_one(std::process::id());
        let name = format!("amo_connect_test_{random:016x}");
        admin.batch_execute(&format!("CREATE DATABASE {name} {how}")).await.unwrap();
        Self { server: server.to_owned(), name }
    }

    /// Its address.
    pub fn url(&self) -> String {
        url(&self.server, &self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements past the store.
    pub async fn execute(&self, sql: &str) {
        connect(&self.url()).await.batch_execute(sql).await.unwrap();
    }

    /// Begins a transaction with these statements; it ends when the value is dropped.
    pub async fn transaction(&self, sql: &str) -> Client {
        let client = connect(&self.url()).await;
        client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
        client
    }

    /// The first value that a query gives, as text.
    pub async fn value(&self, sql: &str) -> Option<String> {
        value(&connect(&self.url()).await, sql).await
    }

    /// The first value of each row that a query gives, as text.
    pub async fn values(&self, sql: &str) -> Vec<String> {
        values(&connect(&self.url()).await, sql).await
    }

    /// Everything in it, as text; bytes that are letters show as letters.
    pub async fn dump(&self) -> String {
        let client = connect(&self.url()).await;
        client.batch_execute("SET bytea_output = 'escape'").await.unwrap();
        let mut dump = String::new();
        for table in ["connections", "attempts", "exchanges", "looks", "audit", "heartbeat", "turns"] {
            for row in client.simple_query(&format!("SELECT r::text FROM {table} r")).await.unwrap() {
                if let SimpleQueryMessage::Row(row) = row {
                    dump += row.get(0).unwrap();
                    dump.push('\n');
                }
            }
        }
        dump
    }
}

impl Drop for PgDatabase {
    fn drop(&mut self) {
        let (server, drop) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A runtime of its own: this is called in the midst of others.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { connect(&server).await.batch_execute(&drop).await.unwrap() });
        });
        assert!(dropped.join().is_ok() || std::thread::panicking(), "a test's database could not be dropped");
    }
}

/// The name of a database that has our tables, made by whoever asks first.
async fn template(server: &str, admin: &Client) -> String {
    let name = format!("amo_connect_template_{:016x}", migrations());
    let there = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    admin.batch_execute(&format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await.unwrap();
    if value(admin, &there).await.is_none() {
        // Under another name until it is whole.
        let half = format!("{name}_half");
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {half} WITH (FORCE)")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {half}")).await.unwrap();
        amo_connect_adapters::postgres::migrate(&url(server, &half).parse().unwrap()).await.unwrap();
        admin.batch_execute(&format!("ALTER DATABASE {half} RENAME TO {name}")).await.unwrap();
    }
    admin.batch_execute(&format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).await.unwrap();
    name
}

/// A number that changes with the migrations.
fn migrations() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    let mut scripts: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.sort_unstable();
    let mut hasher = DefaultHasher::new();
    for script in scripts {
        script.file_name().hash(&mut hasher);
        std::fs::read(script.join("up.sql")).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// The address of another database of the same server.
fn url(server: &str, database: &str) -> String {
    let (base, query) =
        server.split_once('?').map_or((server, String::new()), |(base, query)| (base, format!("?{query}")));
    let Some((base, _)) = base.rsplit_once('/') else {
        panic!("a server's address names a database, such as …/postgres")
    };
    format!("{base}/{database}{query}")
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn value(client: &Client, sql: &str) -> Option<String> {
    values(client, sql).await.into_iter().next()
}

async fn values(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap().into_iter();
    let first = |message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    messages.filter_map(first).collect()
}
