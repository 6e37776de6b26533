//! The service as `serve` runs it, in a process of its own.

use std::ops::Deref;
use std::path::Path;
use std::process::Stdio;

use amo_connect::config::Given;
use tokio::process::{Child, Command};

use crate::process::Process;
use crate::service::Service;

/// A process that serves, and the [`Service`] that it is called as. Dropping it kills it.
pub struct Served {
    service: Service,
    process: Process,
}

impl Deref for Served {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Served {
    /// Starts it on `settings` in `folder`, and ends when it answers.
    pub async fn start(settings: &Given, folder: &Path) -> Self {
        Self::start_with(settings, &[], folder).await
    }

    /// The same with further variables.
    pub async fn start_with(settings: &Given, further: &[(&str, &str)], folder: &Path) -> Self {
        let served = Self::begin(settings, further, folder);
        served.process.until_logged("serving").await;
        served
    }

    /// The same with no more than so many descriptors.
    pub async fn start_within(descriptors: u32, settings: &Given, folder: &Path) -> Self {
        let variables = variables(settings);
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let process = Process::start_within(descriptors, &["serve"], &variables, folder);
        process.until_logged("\"serving\"").await;
        Self { service: Service::with(settings), process }
    }

    /// Starts it; it does not answer yet.
    pub fn begin(settings: &Given, further: &[(&str, &str)], folder: &Path) -> Self {
        Self { service: Service::with(settings), process: start(&["serve"], settings, further, folder) }
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The process alone.
    pub fn into_process(self) -> Process {
        self.process
    }
}

/// Starts a process with these settings and further variables in its environment.
pub fn start(arguments: &[&str], settings: &Given, further: &[(&str, &str)], folder: &Path) -> Process {
    let variables = variables(settings);
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    variables.extend(further);
    Process::start(arguments, &variables, folder)
}

/// Starts a program in the same way. Its log waits in a pipe, until the caller reads it.
pub fn start_unread(
    program: &Path,
    arguments: &[&str],
    settings: &Given,
    further: &[(&str, &str)],
    folder: &Path,
) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(variables(settings)).envs(further.iter().copied());
    command.current_dir(folder).stderr(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

/// The settings as the environment has them.
pub fn variables(settings: &Given) -> Vec<(&'static str, String)> {
    let given = [
        ("AMO_CLIENT_ID", &settings.amo_client_id),
        ("AMO_CLIENT_SECRET", &settings.amo_client_secret),
        ("AMO_REDIRECT_URI", &settings.amo_redirect_uri),
        ("AMO_AUTH_URL", &settings.amo_auth_url),
        ("AMO_ALLOWED_HOSTS", &settings.amo_allowed_hosts),
        ("AMO_DOMAIN", &settings.amo_domain),
        ("AMO_ALLOW_PRIVATE_ADDRESSES", &settings.amo_allow_private_addresses),
        ("AMO_RATE_LIMIT", &settings.amo_rate_limit),
        ("JWT_SECRET", &settings.jwt_secret),
        ("TOKEN_KEYS", &settings.token_keys),
        ("DATABASE_URL", &settings.database_url),
        ("DATABASE_POOL", &settings.database_pool),
        ("AUTO_MIGRATE", &settings.auto_migrate),
        ("BIND", &settings.bind),
        ("HTTP_IDLE_TIMEOUT", &settings.http_idle_timeout),
        ("DRAIN_DELAY", &settings.drain_delay),
        ("USER_RATE", &settings.user_rate),
        ("TRUSTED_PROXIES", &settings.trusted_proxies),
        ("ADDRESS_RATE", &settings.address_rate),
        ("APP_DEEP_LINKS", &settings.app_deep_links),
        ("CORS_ALLOWED_ORIGINS", &settings.cors_allowed_origins),
        ("REQUIRE_CLAIM", &settings.require_claim),
        ("REFRESH_MARGIN", &settings.refresh_margin),
        ("KEEPALIVE_AFTER", &settings.keepalive_after),
        ("SHUTDOWN_TIMEOUT", &settings.shutdown_timeout),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
}
