//! A service in this process, wired as `serve` wires it, to a local amoCRM of its own.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use amo_connect::config::Given;
use amo_connect::server::Running;
use amo_connect::wiring;
use amo_connect_sandbox::{Options, Sandbox, Switches};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::service::{Begun, Service};
use crate::settings;

/// *For You Real Estate*: 630 leads.
pub const ACCOUNT: u64 = 31_920_194;

/// *Rival Homes*: 40 leads that nobody else may see.
pub const RIVAL: u64 = 40_000_001;

/// A service, which it is called as, and its amoCRM. Dropping it stops both.
pub struct World {
    /// The local amoCRM.
    pub sandbox: Arc<Sandbox>,
    /// The settings the service is started with.
    pub settings: Given,
    service: Service,
    folder: TempDir,
    running: Option<Running>,
}

impl Deref for World {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

/// A service in this process.
async fn run(settings: &Given) -> Running {
    let config = settings.clone().check().unwrap();
    let listener = wiring::bind(config.bind).unwrap();
    let state = wiring::assemble(config.storage, config.amo, &config.service).await.unwrap();
    Running::start(listener, state, |_| {}).unwrap()
}

impl World {
    /// A service with the defaults.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A service whose settings `change` changed.
    pub async fn start_with(change: impl FnOnce(&mut Given)) -> Self {
        let mut world = Self::without_service().await;
        change(&mut world.settings);
        world.start_service().await;
        world
    }

    /// A service with the defaults, and olena connected to [`ACCOUNT`].
    pub async fn connected() -> Self {
        let world = Self::start().await;
        world.connect("olena", ACCOUNT).await;
        world
    }

    /// Only the amoCRM, and the settings of a service that is not started.
    pub async fn without_service() -> Self {
        // The service paces itself; a machine that stutters must not make amoCRM count an eighth call.
        let switches = Switches { rate_limit: 0, ..Switches::default() };
        Self::without_service_over(Options { switches, ..Options::default() }).await
    }

    /// The same with an amoCRM of these options, except its redirect URI and hook.
    pub async fn without_service_over(options: Options) -> Self {
        let common = settings::at_a_free_port();
        let redirect_uri = common.amo_redirect_uri.clone().unwrap();
        let hook_url = Some(redirect_uri.replace("/callback", "/hooks/disconnected"));
        let sandbox = Arc::new(Sandbox::start(Options { redirect_uri, hook_url, ..options }).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let settings = Given {
            amo_auth_url: Some(sandbox.auth_url()),
            amo_allowed_hosts: Some(sandbox.hosts().join(",")),
            database_url: Some(format!("sqlite:{}", folder.path().join("test.db").display())),
            ..common
        };
        Self { sandbox, service: Service::with(&settings), settings, folder, running: None }
    }

    /// Starts the service on this world's settings.
    pub async fn start_service(&mut self) {
        self.running = Some(run(&self.settings).await);
    }

    /// Another instance of the service on the same database, at an address of its own.
    pub async fn another_instance(&self) -> Instance {
        let settings = self.settings_elsewhere();
        Instance { service: Service::with(&settings), running: run(&settings).await }
    }

    /// These settings with another free address.
    pub fn settings_elsewhere(&self) -> Given {
        Given { bind: settings::at_a_free_port().bind, ..self.settings.clone() }
    }

    /// Stops the service in order.
    pub async fn stop_service(&mut self) {
        self.running.take().unwrap().stop(Duration::from_secs(20)).await.unwrap();
    }

    /// Stops the service in order, and starts it again on the same database.
    pub async fn restart(&mut self) {
        self.stop_service().await;
        self.start_service().await;
    }

    /// The files of the database, as bytes.
    pub fn database(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The database's folder.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A browser that nobody has logged in with.
    pub fn browser(&self) -> Browser {
        Browser::new(self.http())
    }

    /// A code, as if somebody had allowed the integration in `account`, with the account's host.
    pub fn code(&self, account: u64) -> (String, String) {
        let issued = self.sandbox.issue_code(account).unwrap();
        (issued.code, issued.referer)
    }

    /// Connects `user` to `account` by an attempt of theirs. Returns it, and the code.
    pub async fn connect(&self, user: &str, account: u64) -> (Begun, String) {
        self.connect_by(self, user, account).await
    }

    /// Connects `user` to `account` as this user of amoCRM.
    pub async fn connect_as(&self, user: &str, account: u64, amo_user: u64) {
        let issued = self.sandbox.issue_code_for(account, amo_user, "sandbox").unwrap();
        self.connect_with(user, &issued.code, &issued.referer).await;
    }

    /// The same by another service that has this amoCRM.
    pub async fn connect_by(&self, service: &Service, user: &str, account: u64) -> (Begun, String) {
        let (code, referer) = self.code(account);
        (service.connect_with(user, &code, &referer).await, code)
    }
}

/// A second service beside a [`World`]'s own.
pub struct Instance {
    service: Service,
    running: Running,
}

impl Instance {
    /// Stops it in order.
    pub async fn stop(self) {
        self.running.stop(Duration::from_secs(20)).await.unwrap();
    }
}

impl Deref for Instance {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}
