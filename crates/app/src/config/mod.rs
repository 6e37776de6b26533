//! The settings of `serve`: from flags, the environment and `.env`, all checked before anything starts.

mod args;
mod reader;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use amo_connect_adapters::amo::AmoSettings;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::PgUrl;
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::turns::Pace;
use amo_connect_domain::usecase::Settings;
pub use args::{LogFormat, ServeArgs};
use ipnet::IpNet;
use reader::Reader;
use secrecy::SecretString;

use crate::deep_link::DeepLink;

/// Checked settings.
pub struct Config {
    /// Where connections are kept.
    pub storage: StorageConfig,
    /// How amoCRM is spoken to.
    pub amo: AmoSettings,
    /// How the app is spoken to.
    pub service: ServiceConfig,
    /// Where to listen.
    pub bind: SocketAddr,
    /// How long `SIGTERM` waits.
    pub shutdown_timeout: Duration,
}

/// Where connections are kept.
pub struct StorageConfig {
    /// The database.
    pub database: Database,
    /// How many connections there are to it, unless it is to decide.
    pub pool: Option<NonZeroUsize>,
    /// Whether to bring it up to date at start.
    pub auto_migrate: bool,
    /// The keys that encrypt stored tokens.
    pub token_keys: TokenKeys,
}

impl StorageConfig {
    /// For commands that look after a database: they neither make nor migrate one.
    #[must_use]
    pub fn as_it_is(self) -> Self {
        Self { auto_migrate: false, ..self }
    }
}

/// Which database connections are kept in.
#[derive(Debug)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Box<PgUrl>),
}

/// How the app is spoken to.
pub struct ServiceConfig {
    /// How its JWTs are checked.
    pub jwt: JwtConfig,
    /// How amoCRM's hook is known.
    pub hook: HookConfig,
    /// Where *Return to App* leads.
    pub deep_link: DeepLink,
    /// How far apart calls to amoCRM are.
    pub pace: Pace,
    /// Calls a second from one user.
    pub user_rate: u32,
    /// Calls a second from one address.
    pub address_rate: u32,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// What the use cases go by.
    pub settings: Settings,
}

/// How amoCRM's disconnect hook is known: by what only we and amoCRM know of the integration.
#[derive(Clone)]
pub struct HookConfig {
    /// `AMO_CLIENT_ID`, which amoCRM calls `client_uuid` here.
    pub client_id: String,
    /// `AMO_CLIENT_SECRET`, the key of the signature.
    pub client_secret: SecretString,
}

/// How the app's JWTs are checked.
pub struct JwtConfig {
    /// The key they are signed with.
    pub secret: SecretString,
    /// The claim that names the user; unset, the first present of `sub`, `userId`, `id`.
    pub user_claim: Option<String>,
    /// The issuer they must name.
    pub issuer: Option<String>,
    /// The audience they must name.
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

impl ServeArgs {
    /// Checks everything, and complains of everything at once.
    pub fn check(&self) -> Result<Config, InvalidConfig> {
        let mut reader = Reader::default();
        let client_id = reader.required("AMO_CLIENT_ID", self.amo_client_id.clone());
        let client_secret = reader.required("AMO_CLIENT_SECRET", self.amo_client_secret.clone());
        let redirect_uri = reader.required("AMO_REDIRECT_URI", self.amo_redirect_uri.clone());
        let redirect = (!redirect_uri.is_empty())
            .then(|| {
                values::web_url(&redirect_uri).map_err(|problem| reader.complain("AMO_REDIRECT_URI", problem)).ok()
            })
            .flatten();
        let hook =
            HookConfig { client_id: client_id.clone(), client_secret: SecretString::from(client_secret.clone()) };
        let jwt_secret = reader.required("JWT_SECRET", self.jwt_secret.clone());
        let storage = self.storage(&mut reader);
        let bind = reader.read("BIND", self.bind.as_deref(), "127.0.0.1:8080", |bind| {
            bind.parse::<SocketAddr>().or(Err("is not an address with a port, such as 127.0.0.1:8080"))
        });
        let auth_url =
            reader.read("AMO_AUTH_URL", self.amo_auth_url.as_deref(), "https://www.amocrm.ru/oauth", values::web_url);
        let allowed_hosts = reader.read(
            "AMO_ALLOWED_HOSTS",
            self.amo_allowed_hosts.as_deref(),
            "amocrm.ru,amocrm.com,kommo.com",
            AllowedHosts::parse,
        );
        let default_host = self.default_host(&mut reader, allowed_hosts.as_ref());
        let deep_link =
            reader.read("APP_DEEP_LINK", self.app_deep_link.as_deref(), "foryoure://amo-crm/callback", |link| {
                values::deep_link(link, redirect.as_ref())
            });
        let trusted_proxies = reader.read("TRUSTED_PROXIES", self.trusted_proxies.as_deref(), "", values::networks);
        let settings = (
            reader.flag("REQUIRE_CLAIM", self.require_claim.as_deref(), "false"),
            reader.flag("ACCEPT_FOREIGN_STATE", self.accept_foreign_state.as_deref(), "true"),
            reader.duration("REFRESH_MARGIN", self.refresh_margin.as_deref(), "300s"),
            reader.keepalive("KEEPALIVE_AFTER", self.keepalive_after.as_deref(), "30d"),
        );
        let amo_rate_limit = reader.read("AMO_RATE_LIMIT", self.amo_rate_limit.as_deref(), "7", |rate| {
            rate.parse::<NonZeroU32>().or(Err("is not a number of calls a second, from 1"))
        });
        let scope = self.amo_rate_limit_scope.as_deref();
        let scope = reader.read("AMO_RATE_LIMIT_SCOPE", scope, "account", values::pace_scope);
        let pace = amo_rate_limit.zip(scope).map(|(limit, scope)| Pace::per_second(limit, scope));
        let user_rate = reader.rate("USER_RATE", self.user_rate.as_deref(), "50");
        let address_rate = reader.rate("ADDRESS_RATE", self.address_rate.as_deref(), "200");
        let shutdown_timeout = reader.duration("SHUTDOWN_TIMEOUT", self.shutdown_timeout.as_deref(), "75s");

        match (storage, bind, auth_url, allowed_hosts, deep_link, trusted_proxies, pace) {
            (
                Some(storage),
                Some(bind),
                Some(auth_url),
                Some(allowed_hosts),
                Some(deep_link),
                Some(trusted_proxies),
                Some(pace),
            ) if reader.0.is_empty() => Ok(Config {
                storage,
                amo: AmoSettings {
                    client_id,
                    client_secret: client_secret.into(),
                    redirect_uri,
                    auth_url,
                    allowed_hosts: allowed_hosts.clone(),
                },
                service: ServiceConfig {
                    jwt: JwtConfig {
                        secret: jwt_secret.into(),
                        user_claim: self.jwt_user_claim.clone().filter(|claim| !claim.is_empty()),
                        issuer: self.jwt_issuer.clone().filter(|issuer| !issuer.is_empty()),
                        audience: self.jwt_audience.clone().filter(|audience| !audience.is_empty()),
                    },
                    hook,
                    deep_link,
                    pace,
                    user_rate,
                    address_rate,
                    trusted_proxies,
                    settings: Settings {
                        allowed_hosts,
                        default_host,
                        require_claim: settings.0,
                        accept_foreign_state: settings.1,
                        refresh_margin: settings.2,
                        keepalive_after: settings.3,
                    },
                },
                bind,
                shutdown_timeout,
            }),
            _ => Err(InvalidConfig(reader.0)),
        }
    }

    /// The account host to use where none is named, which must be one of those allowed.
    fn default_host(&self, reader: &mut Reader, allowed: Option<&AllowedHosts>) -> Option<AccountHost> {
        let host = self.amo_domain.as_deref().filter(|host| !host.is_empty())?;
        let Some(allowed) = allowed else {
            reader.complain("AMO_DOMAIN", "cannot be checked before AMO_ALLOWED_HOSTS is mended");
            return None;
        };
        let admitted = allowed.admit(host);
        if admitted.is_none() {
            reader.complain("AMO_DOMAIN", "is not an account host under AMO_ALLOWED_HOSTS");
        }
        admitted
    }

    /// Checks only what a database's tokens need.
    pub fn check_storage(&self) -> Result<StorageConfig, InvalidConfig> {
        let mut reader = Reader::default();
        self.storage(&mut reader).ok_or(InvalidConfig(reader.0))
    }

    /// Checks only which database is meant.
    pub fn check_database(&self) -> Result<Database, InvalidConfig> {
        let mut reader = Reader::default();
        self.database(&mut reader).ok_or(InvalidConfig(reader.0))
    }

    fn storage(&self, reader: &mut Reader) -> Option<StorageConfig> {
        let keys = reader.required("TOKEN_KEYS", self.token_keys.clone());
        let token_keys = (!keys.is_empty())
            .then(|| TokenKeys::parse(&keys).map_err(|problem| reader.complain("TOKEN_KEYS", problem)).ok())
            .flatten();
        let database = self.database(reader);
        let pool = reader.read("DATABASE_POOL", self.database_pool.as_deref(), "", values::pool);
        let auto_migrate = reader.flag("AUTO_MIGRATE", self.auto_migrate.as_deref(), "true");
        Some(StorageConfig { database: database?, pool: pool?, auto_migrate, token_keys: token_keys? })
    }

    fn database(&self, reader: &mut Reader) -> Option<Database> {
        reader.read("DATABASE_URL", self.database_url.as_deref(), "sqlite:amo-connect.db", values::database)
    }
}
