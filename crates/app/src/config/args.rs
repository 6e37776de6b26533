//! The settings of `serve` as they are given: every variable is also a flag.

use clap::{Args, ValueEnum};

/// The settings as they were given: every one is a variable and a flag.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Settings (each also a variable)")]
pub struct ServeArgs {
    /// The amoCRM integration's id. Required
    #[arg(long, env = "AMO_CLIENT_ID", hide_env_values = true)]
    pub amo_client_id: Option<String>,
    /// The amoCRM integration's secret. Required
    #[arg(long, env = "AMO_CLIENT_SECRET", hide_env_values = true)]
    pub amo_client_secret: Option<String>,
    /// The redirect URI, byte for byte as registered. Required
    #[arg(long, env = "AMO_REDIRECT_URI", hide_env_values = true)]
    pub amo_redirect_uri: Option<String>,
    /// The secret the app's JWTs are signed with (HS256), at least 32 bytes. Required
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<String>,
    /// The claim that names the user [default: the first present of sub, userId, id]
    #[arg(long, env = "JWT_USER_CLAIM", hide_env_values = true)]
    pub jwt_user_claim: Option<String>,
    /// The issuer that tokens must name [default: not checked]
    #[arg(long, env = "JWT_ISSUER", hide_env_values = true)]
    pub jwt_issuer: Option<String>,
    /// The audience that tokens must name [default: not checked]
    #[arg(long, env = "JWT_AUDIENCE", hide_env_values = true)]
    pub jwt_audience: Option<String>,
    /// `kid:base64(32 bytes)[,kid:…]`; the first encrypts, all decrypt. Required
    #[arg(long, env = "TOKEN_KEYS", hide_env_values = true)]
    pub token_keys: Option<String>,
    /// The database: sqlite:path, a path, or `postgres://…` [default: sqlite:amo-connect.db]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Connections to the database [default: 16 to PostgreSQL, 4 that read SQLite]
    #[arg(long, env = "DATABASE_POOL", hide_env_values = true)]
    pub database_pool: Option<String>,
    /// Whether to bring the database up to date at start [default: true]
    #[arg(long, env = "AUTO_MIGRATE", hide_env_values = true)]
    pub auto_migrate: Option<String>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, env = "BIND", hide_env_values = true)]
    pub bind: Option<String>,
    /// amoCRM's consent page [default: <https://www.amocrm.ru/oauth>]
    #[arg(long, env = "AMO_AUTH_URL", hide_env_values = true)]
    pub amo_auth_url: Option<String>,
    /// The domains of account hosts [default: amocrm.ru,kommo.com]
    #[arg(long, env = "AMO_ALLOWED_HOSTS", hide_env_values = true)]
    pub amo_allowed_hosts: Option<String>,
    /// The account host to use where none is named [default: none]
    #[arg(long, env = "AMO_DOMAIN", hide_env_values = true)]
    pub amo_domain: Option<String>,
    /// Where *Return to App* leads [default: `foryoure://amo-crm/callback`]
    #[arg(long, env = "APP_DEEP_LINK", hide_env_values = true)]
    pub app_deep_link: Option<String>,
    /// Whether a connection counts only when the app has claimed it [default: false]
    #[arg(long, env = "REQUIRE_CLAIM", hide_env_values = true)]
    pub require_claim: Option<String>,
    /// Whether states that the app made itself are taken [default: true]
    #[arg(long, env = "ACCEPT_FOREIGN_STATE", hide_env_values = true)]
    pub accept_foreign_state: Option<String>,
    /// Calls a second to amoCRM, spaced evenly over all instances [default: 7]
    #[arg(long, env = "AMO_RATE_LIMIT", hide_env_values = true)]
    pub amo_rate_limit: Option<String>,
    /// Whether they are counted for each account or for the whole integration [default: account]
    #[arg(long, env = "AMO_RATE_LIMIT_SCOPE", hide_env_values = true)]
    pub amo_rate_limit_scope: Option<String>,
    /// Calls a second from one user; 0 is off [default: 50]
    #[arg(long, env = "USER_RATE", hide_env_values = true)]
    pub user_rate: Option<String>,
    /// Calls a second from one address; 0 is off [default: 200]
    #[arg(long, env = "ADDRESS_RATE", hide_env_values = true)]
    pub address_rate: Option<String>,
    /// Whose X-Forwarded-For counts, as CIDRs [default: nobody's]
    #[arg(long, env = "TRUSTED_PROXIES", hide_env_values = true)]
    pub trusted_proxies: Option<String>,
    /// An access token with less life than this is refreshed before use [default: 300s]
    #[arg(long, env = "REFRESH_MARGIN", hide_env_values = true)]
    pub refresh_margin: Option<String>,
    /// A connection not refreshed for this long is refreshed in the background; at most 80d [default: 30d]
    #[arg(long, env = "KEEPALIVE_AFTER", hide_env_values = true)]
    pub keepalive_after: Option<String>,
    /// How long SIGTERM waits for exchanges, refreshes and saves [default: 75s]
    #[arg(long, env = "SHUTDOWN_TIMEOUT", hide_env_values = true)]
    pub shutdown_timeout: Option<String>,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
