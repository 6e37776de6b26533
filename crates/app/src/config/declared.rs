//! Every setting of the service.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::backend::Backend;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_domain::host::AllowedHosts;
use amo_connect_domain::rate_limit::PaceScope;
use ipnet::IpNet;
use url::Url;

use super::setting::settings;
use super::values;
use super::{LogFormat, collector, database_url};
use crate::auth::keys::Key;

settings! {
    /// The amoCRM integration's id
    AMO_CLIENT_ID, amo_client_id: String = Required, values::visible;

    /// The amoCRM integration's secret
    [secret] AMO_CLIENT_SECRET, amo_client_secret: String = Required, values::visible;

    /// The redirect URI, byte for byte as registered
    /// With the paths of this service it is `https://YOUR-HOST/api/amo-crm/callback`. Another path is warned of at the
    /// start: if no proxy maps it to the callback, users get a 404 after their consent. One at a domain of amoCRM's own
    /// is refused.
    AMO_REDIRECT_URI, amo_redirect_uri: Url = Required, values::redirect_uri;

    /// The secret that the app's JWTs are signed with (HS256), at least 32 bytes
    /// One JWT is enough to guess a short one; `openssl rand -base64 48` makes a good one. Blanks within it are part of
    /// it. Quotes around it are warned of: they are right if whoever signs has them too.
    [secret, own] JWT_SECRET, jwt_secret: Option<String> = Unset("one of these three is required"), values::jwt_secret;

    /// A PEM file with the public key that the app's JWTs are verified with
    /// RS256, ES256 or EdDSA, by the key.
    JWT_PUBLIC_KEY_FILE, jwt_public_key_file: Option<Arc<Key>> = Unset("one of these three is required"), values::public_key;

    /// The address of the app's key set (JWKS)
    /// It is fetched at the start, every 10 minutes, and at most once a minute for an unknown `kid`. An outage of its
    /// host changes nothing; a key that a good answer has no more ends at once. Keys for RS256, ES256 and EdDSA
    /// signatures are taken. Before the first good answer requests are `auth_unavailable`, and it is fetched again after
    /// 1 s, 2 s, 4 s and so on up to a minute.
    JWT_JWKS_URL, jwt_jwks_url: Option<Url> = Unset("one of these three is required"), values::key_set;

    /// The claim that names the user
    /// A string or an integer of at most 255 bytes. Unset, those of the three that are there all have to name one user.
    JWT_USER_CLAIM, jwt_user_claim: Option<String> = Unset("sub, userId or id"), values::text;

    /// The issuer that tokens must name
    JWT_ISSUER, jwt_issuer: Option<String> = Unset("not checked"), values::text;

    /// The audience that tokens must name
    JWT_AUDIENCE, jwt_audience: Option<String> = Unset("not checked"), values::text;

    /// Keys of stored tokens, kid:base64(32 bytes)[,kid:…]
    /// The first encrypts, all decrypt. `amo-connect keys new` makes an entry. `migrate` does without it.
    [secret] TOKEN_KEYS, token_keys: TokenKeys = Required, TokenKeys::parse;

    /// Whether to serve although the keys of many stored tokens are missing
    /// More than a hundredth of them is refused otherwise: the keys are wrong. With it those users have to connect
    /// again. [keys.md](keys.md) says more.
    ALLOW_MISSING_KEYS, allow_missing_keys: bool = Value("false"), values::flag;

    /// The database: sqlite:path, a path, or postgres://…
    /// A path is relative or absolute. Several instances need
    /// `postgres://user:password@host/database?sslmode=…`. [database.md](database.md) has the parameters, and says how
    /// an odd path is written.
    [secret] DATABASE_URL, database_url: Box<dyn Backend> = Value("sqlite:amo-connect.db"), database_url::read;

    /// Connections to the database
    DATABASE_POOL, database_pool: Option<NonZeroUsize> = Unset("16 to PostgreSQL, 4 that read SQLite"), values::pool;

    /// Whether to bring the database up to date at start
    AUTO_MIGRATE, auto_migrate: bool = Value("true"), values::flag;

    /// Where to listen
    /// Put a proxy with TLS before it.
    BIND, bind: SocketAddr = Value("127.0.0.1:8080"), values::address;

    /// Where to answer /metrics, if not on BIND
    /// Put it where Prometheus reaches it and nobody else does: whoever can ask it sees how many users there are.
    ADMIN_BIND, admin_bind: Option<SocketAddr> = Unset("/metrics is answered on `BIND`"), values::own_address;

    /// amoCRM's consent page
    /// Kommo's is `https://www.kommo.com/oauth`.
    AMO_AUTH_URL, amo_auth_url: Url = Value("https://www.amocrm.ru/oauth"), values::web_url;

    /// The domains of account hosts
    /// An account host is one label (not `www`) before one of these; the client secret goes nowhere else. A single host
    /// is refused where it stands alone, and warned of beside a good domain. `127.0.0.1:8081` of a local amoCRM matches
    /// itself alone, and does not mix with domains. Accounts at other hosts:
    /// [operations](operations.md#moved-accounts-and-allowed-hosts).
    AMO_ALLOWED_HOSTS, amo_allowed_hosts: AllowedHosts = Value("amocrm.ru,kommo.com"), values::allowed_hosts;

    /// The account host to use where none is named
    AMO_DOMAIN, amo_domain: Option<String> = Unset("none"), values::text;

    /// Whether an account host's name may lead to a private address
    /// Otherwise such a host cannot be reached, and nothing is sent: a forged answer of DNS would have the client secret
    /// sent into a network of yours. `true` is for a local amoCRM that has names, and for a proxy of your own that
    /// stands before amoCRM. Loopback entries of `AMO_ALLOWED_HOSTS` do not need it. [security.md](security.md).
    AMO_ALLOW_PRIVATE_ADDRESSES, amo_allow_private_addresses: bool = Value("false"), values::flag;

    /// Where Return to App leads
    /// A custom scheme, or `https` on another host than `AMO_REDIRECT_URI`'s; no fragment.
    APP_DEEP_LINK, app_deep_link: String = Value("foryoure://amo-crm/callback"), values::any;

    /// Further links that an attempt may lead to, by comma
    /// For development builds, or a second app: `POST /authorize` names one exactly as it stands here. Of the same forms
    /// as `APP_DEEP_LINK`; a comma within a link is written `%2C`. [mobile.md](mobile.md#app_deep_link-and-app_deep_links).
    APP_DEEP_LINKS, app_deep_links: String = Unset("none"), values::any;

    /// Whether a connection counts only when the app has brought the code back
    REQUIRE_CLAIM, require_claim: bool = Value("false"), values::flag;

    /// Whether states that the app made itself are taken
    /// Such grants wait for the app's claim.
    ACCEPT_FOREIGN_STATE, accept_foreign_state: bool = Value("true"), values::flag;

    /// Calls a second to amoCRM, spaced evenly over all instances
    /// All instances that share the database. amoCRM bans who sends more.
    AMO_RATE_LIMIT, amo_rate_limit: NonZeroU32 = Value("7"), values::rate_limit;

    /// Whether they are counted for each account or for the whole integration
    AMO_RATE_LIMIT_SCOPE, amo_rate_limit_scope: PaceScope = Value("account"), values::pace_scope;

    /// Calls a second from one user, at each instance, and five seconds' worth at once; 0 is off
    USER_RATE, user_rate: u32 = Value("50"), values::rate;

    /// Calls a second from one address, at each instance, and five seconds' worth at once; 0 is off
    ADDRESS_RATE, address_rate: u32 = Value("200"), values::rate;

    /// Whose X-Forwarded-For counts, as CIDRs
    TRUSTED_PROXIES, trusted_proxies: Vec<IpNet> = Unset("nobody's"), values::networks;

    /// Origins of the app's web builds, by comma
    /// Each exactly as a browser sends it: `https://app.example`, with its port where it has one; `http` for a loopback
    /// address alone. `/callback` and the hook never allow another origin.
    CORS_ALLOWED_ORIGINS, cors_allowed_origins: Vec<String> = Unset("none"), values::origins;

    /// An access token with less life than this is refreshed before use
    /// At most half of its whole life counts.
    REFRESH_MARGIN, refresh_margin: Duration = Value("300s"), values::duration;

    /// A connection not refreshed for this long is refreshed in the background
    /// More than zero and at most `80d`: amoCRM forgets a connection after three months.
    KEEPALIVE_AFTER, keepalive_after: Duration = Value("30d"), values::keepalive;

    /// How long an idle connection of a client stays open
    /// At least 1 s. Longer than the proxy keeps one, or the proxy sends a request into a connection that is just being
    /// closed: [proxy.md](proxy.md).
    HTTP_IDLE_TIMEOUT, http_idle_timeout: Duration = Value("75s"), values::idle_timeout;

    /// How long requests are served after SIGTERM or SIGHUP, while /readyz answers 503
    /// Long enough for whoever asks `/readyz` to see it twice. Answers close their connections meanwhile. `SIGINT` does
    /// not wait.
    DRAIN_DELAY, drain_delay: Duration = Value("5s"), values::duration;

    /// How long a stop waits for exchanges, refreshes and saves
    /// It comes after `DRAIN_DELAY`.
    SHUTDOWN_TIMEOUT, shutdown_timeout: Duration = Value("75s"), values::duration;

    /// How logs are written: text or json
    LOG_FORMAT, log_format: Option<LogFormat> = Unset("text on a terminal, else json"), values::log_format;

    /// What is logged of our own doings, as the directives of tracing
    /// No query string, header or body of anyone is logged, whatever it says.
    RUST_LOG, rust_log: String = Value("info"), values::log_directives;

    /// The collector that gets traces and metrics by OTLP; builds with the feature otlp alone
    /// `http://localhost:4318`, to which `/v1/traces` and `/v1/metrics` are added; `http` is taken for any host here. A
    /// build without the feature refuses it. [tracing.md](tracing.md) has the other variables of OpenTelemetry's that
    /// count then.
    OTEL_EXPORTER_OTLP_ENDPOINT, otel_exporter_otlp_endpoint: Option<Url> = Unset("none"), collector::read;
}
