//! What a run is played on: a local amoCRM, a database, three instances, and everything that is counted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use amo_connect_sandbox::{Integration, Options, Sandbox, Switches};
use amo_connect_tests::PgDatabase;
use amo_connect_xtask::postgres::{Cluster, Options as ServerOptions};
use tempfile::TempDir;

use crate::accounts;
use crate::arguments::{Arguments, DatabaseKind, Mistake};
use crate::database::Database;
use crate::instances::{Instances, Settings};
use crate::plan::Plan;
use crate::process::Logs;
use crate::tally::Tally;

/// The integration that looks at amoCRM's data past the service.
pub(crate) const CHECKER: &str = "checker";

/// Its secret.
pub(crate) const CHECKERS_SECRET: &str = "checker-secret";

/// Everything that the parts of a run share.
pub(crate) struct Stage {
    pub(crate) arguments: Arguments,
    pub(crate) plan: Plan,
    pub(crate) sandbox: Sandbox,
    pub(crate) database: Database,
    pub(crate) instances: Instances,
    pub(crate) settings: Settings,
    pub(crate) logs: Logs,
    pub(crate) tally: Tally,
    /// Whether so many connections come that some have to give way.
    pub(crate) is_crowded: AtomicBool,
    /// Whether amoCRM has bad days and instances are killed.
    pub(crate) has_faults: AtomicBool,
    /// Users go on until this is set.
    pub(crate) is_over: AtomicBool,
    folder: TempDir,
    /// Stopped after everything that uses it.
    server: Option<Cluster>,
}

impl Stage {
    /// Starts amoCRM, the database and one instance.
    pub(crate) async fn set(arguments: Arguments, plan: Plan) -> Result<Arc<Self>, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no folder can be made: {error}"))?;
        let binary = binary(&arguments)?;
        let (server, database) = database(&arguments, folder.path()).await?;
        let logs = Logs::default();
        let (settings, instances) = {
            let addresses = [free_address(), free_address(), free_address()];
            (Settings::new(binary, &addresses[0], &database.url()), Instances::at(addresses))
        };
        let sandbox = sandbox(&settings, arguments.users, plan.token_life_s).await?;
        let settings = settings.with_amocrm(&sandbox.auth_url(), &sandbox.hosts());
        let stage = Self {
            arguments,
            plan,
            sandbox,
            database,
            instances,
            settings,
            logs,
            tally: Tally::default(),
            is_crowded: AtomicBool::new(false),
            has_faults: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            folder,
            server,
        };
        Ok(Arc::new(stage))
    }

    /// The bare host of an account.
    pub(crate) fn host(&self, account: usize) -> String {
        self.sandbox.host(accounts::number(account)).unwrap()
    }

    /// Whether users are to stop.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Whether answers of amoCRM's may be lost.
    pub(crate) fn has_faults(&self) -> bool {
        self.has_faults.load(Ordering::Relaxed)
    }

    /// A folder of the run's.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The PostgreSQL server of the run, if it has one.
    pub(crate) fn server(&self) -> Option<String> {
        let own = self.server.as_ref().map(|server| server.url("postgres"));
        let is_wanted = self.arguments.database == DatabaseKind::Postgres;
        own.or_else(|| self.arguments.server.clone().filter(|_| is_wanted))
    }

    /// A user of another account.
    pub(crate) fn neighbour(&self, user: &str) -> String {
        let number: usize = user.trim_start_matches('u').parse().unwrap_or_default();
        accounts::Person::user((number + 1) % self.arguments.users).name
    }

    /// Whether the judge is to be misled in this way.
    pub(crate) fn is_misled(&self, by: Mistake) -> bool {
        self.arguments.mistake == Some(by)
    }
}

fn binary(arguments: &Arguments) -> Result<PathBuf, String> {
    let beside = || std::env::current_exe().map(|this| this.with_file_name("amo-connect"));
    let binary = arguments.binary.clone().map_or_else(beside, Ok).map_err(|error| error.to_string())?;
    std::fs::canonicalize(&binary).map_err(|error| format!("--binary {}: {error}", binary.display()))
}

async fn database(arguments: &Arguments, folder: &Path) -> Result<(Option<Cluster>, Database), String> {
    if arguments.database == DatabaseKind::Sqlite {
        return Ok((None, Database::file(folder)));
    }
    if let Some(server) = &arguments.server {
        return Ok((None, Database::Postgres(PgDatabase::migrated(server).await)));
    }
    let server = Cluster::start(&ServerOptions::default())?;
    let database = PgDatabase::migrated(&server.url("postgres")).await;
    Ok((Some(server), Database::Postgres(database)))
}

async fn sandbox(settings: &Settings, users: usize, token_life_s: u64) -> Result<Sandbox, String> {
    let redirect_uri = settings.redirect_uri();
    let checker = Integration {
        client_id: CHECKER.to_owned(),
        client_secret: CHECKERS_SECRET.to_owned(),
        redirect_uri: redirect_uri.clone(),
        name: "Checker".to_owned(),
        hook_url: None,
    };
    let options = Options {
        redirect_uri,
        fixtures: Some(accounts::fixtures(users)),
        other_integrations: vec![checker],
        workers: 2,
        // The service paces itself; a machine that stutters must not make amoCRM count an eighth call.
        switches: Switches { rate_limit: 0, account_rate_limit: 0, expires_in: token_life_s, ..Switches::default() },
        ..Options::default()
    };
    Sandbox::start(options).await.map_err(|error| error.to_string())
}

/// A free port of this machine.
pub(crate) fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
