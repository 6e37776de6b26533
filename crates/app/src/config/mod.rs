//! The settings of `serve`: from flags, the environment and `.env`, all checked before anything starts.

mod check;
mod collector;
mod database_url;
pub mod declared;
mod given;
mod page;
mod reader;
pub mod setting;
mod values;
mod warnings;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::amo::AmoSettings;
use amo_connect_adapters::backend::Backend;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_domain::rate_limit::Pace;
use amo_connect_domain::usecase;
pub use check::check_target;
pub use declared::Given;
pub use given::{Address, Everything, Jwts, Logs, Refresh, Settings, Storage, Tokens, Uses};
use ipnet::IpNet;
pub use page::page;
pub use reader::{Wrapped, check_ends};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::auth::keys::Key;
use crate::deep_link::DeepLinks;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How logs are written.
pub struct LogsConfig {
    /// In which form; `None` leaves it to where they go.
    pub format: Option<LogFormat>,
    /// What is logged.
    pub directives: String,
}

/// Checked settings.
pub struct Config {
    /// Where connections are kept.
    pub storage: StorageConfig,
    /// How amoCRM is spoken to.
    pub amo: AmoSettings,
    /// How the app is spoken to.
    pub service: ServiceConfig,
    /// Whether to serve with keys that open too little of what is stored.
    pub allow_missing_keys: bool,
    /// Where to listen.
    pub bind: SocketAddr,
    /// Where `/metrics` is answered, if not there.
    pub admin_bind: Option<SocketAddr>,
    /// How long requests are served after `SIGTERM`.
    pub drain_delay: Duration,
    /// How long a stop waits.
    pub shutdown_timeout: Duration,
    /// Who gets traces and metrics by OTLP, if anybody does.
    pub collector: Option<Url>,
    /// What may be right, and often is a mistake; a sentence each, without a secret.
    pub warnings: Vec<String>,
}

/// What a refresh by an operator needs.
pub struct RefreshConfig {
    /// Where connections are kept.
    pub storage: StorageConfig,
    /// How amoCRM is spoken to.
    pub amo: AmoSettings,
    /// How far apart calls to amoCRM are.
    pub pace: Pace,
    /// What the use cases go by.
    pub settings: usecase::Settings,
    /// How long amoCRM is waited for.
    pub shutdown_timeout: Duration,
}

/// Where connections are kept.
pub struct StorageConfig {
    /// The database.
    pub database: Box<dyn Backend>,
    /// How many connections there are to it, unless it is to decide.
    pub pool: Option<NonZeroUsize>,
    /// Whether to bring it up to date at start.
    pub auto_migrate: bool,
    /// The keys that encrypt stored tokens.
    pub token_keys: TokenKeys,
}

/// How the app is spoken to.
pub struct ServiceConfig {
    /// How its JWTs are checked.
    pub jwt: JwtConfig,
    /// Where *Return to App* leads.
    pub deep_links: DeepLinks,
    /// How far apart calls to amoCRM are.
    pub pace: Pace,
    /// Calls a second from one user.
    pub user_rate: u32,
    /// Calls a second from one address.
    pub address_rate: u32,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// What networks of callers are named by in the database. All instances have it: it is the client secret.
    pub network_key: SecretString,
    /// How long an idle connection of a client stays open.
    pub idle_timeout: Duration,
    /// The origins of the app's web builds.
    pub allowed_origins: Vec<String>,
    /// What the use cases go by.
    pub settings: usecase::Settings,
}

/// What verifies the app's JWTs.
pub enum JwtKeys {
    /// The secret that they are signed with.
    Secret(SecretString),
    /// A public key.
    Public(Arc<Key>),
    /// The address of a key set.
    Set(Url),
}

impl JwtKeys {
    /// How JWTs are checked, for the log: an algorithm, or whose keys count.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Public(key) => key.algorithm(),
            Self::Set(_) => "JWKS",
        }
    }

    /// The secret; empty if there is none.
    fn secret(&self) -> &str {
        match self {
            Self::Secret(secret) => secret.expose_secret(),
            Self::Public(_) | Self::Set(_) => "",
        }
    }
}

/// How the app's JWTs are checked.
pub struct JwtConfig {
    /// What verifies them.
    pub keys: JwtKeys,
    /// The claim that names the user; unset, `sub`, `userId` and `id`: those that are there have to agree.
    pub user_claim: Option<String>,
    /// The issuer they must name.
    pub issuer: Option<String>,
    /// The audience they must name.
    pub audience: Option<String>,
}

/// How a JWT is signed for development.
pub struct SigningConfig {
    /// With which secret.
    pub secret: SecretString,
    /// The claim that names the user; unset, `sub`.
    pub user_claim: Option<String>,
    /// The issuer it names.
    pub issuer: Option<String>,
    /// The audience it names.
    pub audience: Option<String>,
}

/// All that is missing or wrong, a line each. Shows no value of a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidConfig(pub Vec<String>);

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
