//! Checks the settings, all of them before anything starts, and complains of everything at once.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use amo_connect_adapters::amo::AmoSettings;
use amo_connect_adapters::backend::Backend;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::rate_limit::Pace;
use amo_connect_domain::usecase::Settings;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::reader::Reader;
use super::{
    Config, InvalidConfig, JwtConfig, RefreshConfig, ServeArgs, ServiceConfig, StorageConfig, database_url, values,
    warnings,
};

impl ServeArgs {
    /// Checks what `serve` needs.
    pub fn check(&self) -> Result<Config, InvalidConfig> {
        let mut reader = Reader::default();
        let config = self.config(&mut reader);
        reader.outcome(config)
    }

    /// Checks what a refresh needs.
    pub fn check_refresh(&self) -> Result<RefreshConfig, InvalidConfig> {
        let mut reader = Reader::default();
        let config = self.refresh(&mut reader);
        reader.outcome(config)
    }

    /// Checks what a database's tokens need, for commands that neither make nor migrate one.
    pub fn check_storage(&self) -> Result<StorageConfig, InvalidConfig> {
        let mut reader = Reader::default();
        let storage = self.storage(&mut reader, false);
        reader.outcome(storage)
    }

    /// Checks which database is meant.
    pub fn check_database(&self) -> Result<Box<dyn Backend>, InvalidConfig> {
        let mut reader = Reader::default();
        let database = self.database(&mut reader);
        reader.outcome(database)
    }

    /// Checks how JWTs are signed.
    pub fn check_jwt(&self) -> Result<JwtConfig, InvalidConfig> {
        let mut reader = Reader::default();
        let jwt = self.jwt(&mut reader);
        reader.outcome(jwt)
    }

    /// All is read before anything is given up, so that each mistake is complained of.
    fn config(&self, reader: &mut Reader) -> Option<Config> {
        let redirect_uri = self.redirect_uri(reader);
        let allowed_hosts = self.allowed_hosts(reader);
        let amo = self.amo(reader, redirect_uri.as_ref(), allowed_hosts.as_ref());
        let jwt = self.jwt(reader);
        let auto_migrate = reader.flag("AUTO_MIGRATE", self.auto_migrate.as_deref(), "true");
        let storage = self.storage(reader, auto_migrate);
        let bind = reader.read("BIND", self.bind.as_deref(), "127.0.0.1:8080", |bind| {
            bind.parse::<SocketAddr>().or(Err("is not an address with a port, such as 127.0.0.1:8080"))
        });
        let default_host = self.default_host(reader, allowed_hosts.as_ref());
        let deep_link =
            reader.read("APP_DEEP_LINK", self.app_deep_link.as_deref(), "foryoure://amo-crm/callback", |link| {
                values::deep_link(link, redirect_uri.as_ref())
            });
        let trusted_proxies = reader.read("TRUSTED_PROXIES", self.trusted_proxies.as_deref(), "", values::networks);
        let settings = self.settings(reader, allowed_hosts, default_host);
        let pace = self.pace(reader);
        let user_rate = reader.rate("USER_RATE", self.user_rate.as_deref(), "50");
        let address_rate = reader.rate("ADDRESS_RATE", self.address_rate.as_deref(), "200");
        let shutdown_timeout = reader.duration("SHUTDOWN_TIMEOUT", self.shutdown_timeout.as_deref(), "75s");

        let (amo, jwt) = (amo?, jwt?);
        let warnings = warnings::of(&amo, redirect_uri.as_ref(), jwt.secret.expose_secret());
        Some(Config {
            storage: storage?,
            service: ServiceConfig {
                jwt,
                deep_link: deep_link?,
                pace: pace?,
                user_rate,
                address_rate,
                trusted_proxies: trusted_proxies?,
                settings: settings?,
            },
            amo,
            bind: bind?,
            shutdown_timeout,
            warnings,
        })
    }

    fn refresh(&self, reader: &mut Reader) -> Option<RefreshConfig> {
        let redirect_uri = self.redirect_uri(reader);
        let allowed_hosts = self.allowed_hosts(reader);
        let amo = self.amo(reader, redirect_uri.as_ref(), allowed_hosts.as_ref());
        let storage = self.storage(reader, false);
        let pace = self.pace(reader);
        let shutdown_timeout = reader.duration("SHUTDOWN_TIMEOUT", self.shutdown_timeout.as_deref(), "75s");
        // What is said of codes and of margins does not matter to a refresh that is asked for.
        let settings = Self::default().settings(reader, allowed_hosts, None);
        Some(RefreshConfig { storage: storage?, amo: amo?, pace: pace?, settings: settings?, shutdown_timeout })
    }

    fn redirect_uri(&self, reader: &mut Reader) -> Option<Url> {
        reader.required("AMO_REDIRECT_URI", self.amo_redirect_uri.as_deref(), values::redirect_uri)
    }

    fn allowed_hosts(&self, reader: &mut Reader) -> Option<AllowedHosts> {
        let hosts = self.amo_allowed_hosts.as_deref();
        reader.read("AMO_ALLOWED_HOSTS", hosts, "amocrm.ru,kommo.com", values::allowed_hosts)
    }

    fn amo(
        &self,
        reader: &mut Reader,
        redirect_uri: Option<&Url>,
        allowed_hosts: Option<&AllowedHosts>,
    ) -> Option<AmoSettings> {
        let client_id = reader.required("AMO_CLIENT_ID", self.amo_client_id.as_deref(), values::visible);
        let client_secret = reader.required("AMO_CLIENT_SECRET", self.amo_client_secret.as_deref(), values::visible);
        let auth_url =
            reader.read("AMO_AUTH_URL", self.amo_auth_url.as_deref(), "https://www.amocrm.ru/oauth", values::web_url);
        Some(AmoSettings {
            client_id: client_id?,
            client_secret: client_secret?.into(),
            // As it was written: amoCRM compares bytes.
            redirect_uri: redirect_uri.and(self.amo_redirect_uri.clone())?,
            auth_url: auth_url?,
            allowed_hosts: allowed_hosts?.clone(),
        })
    }

    fn jwt(&self, reader: &mut Reader) -> Option<JwtConfig> {
        let secret = reader.own("JWT_SECRET", self.jwt_secret.as_deref(), values::jwt_secret);
        let user_claim = reader.text("JWT_USER_CLAIM", self.jwt_user_claim.as_deref());
        let issuer = reader.text("JWT_ISSUER", self.jwt_issuer.as_deref());
        let audience = reader.text("JWT_AUDIENCE", self.jwt_audience.as_deref());
        Some(JwtConfig { secret: SecretString::from(secret?), user_claim, issuer, audience })
    }

    fn storage(&self, reader: &mut Reader, auto_migrate: bool) -> Option<StorageConfig> {
        let token_keys = reader.required("TOKEN_KEYS", self.token_keys.as_deref(), TokenKeys::parse);
        let database = self.database(reader);
        let pool = reader.read("DATABASE_POOL", self.database_pool.as_deref(), "", values::pool);
        Some(StorageConfig { database: database?, pool: pool?, auto_migrate, token_keys: token_keys? })
    }

    fn database(&self, reader: &mut Reader) -> Option<Box<dyn Backend>> {
        reader.read("DATABASE_URL", self.database_url.as_deref(), "sqlite:amo-connect.db", database_url::read)
    }

    /// The account host to use where none is named, which must be one of those allowed.
    fn default_host(&self, reader: &mut Reader, allowed: Option<&AllowedHosts>) -> Option<AccountHost> {
        reader.read("AMO_DOMAIN", self.amo_domain.as_deref(), "", |host| match allowed {
            _ if host.is_empty() => Ok(None),
            None => Err("cannot be checked before AMO_ALLOWED_HOSTS is mended"),
            Some(allowed) => allowed.admit(host).map(Some).ok_or("is not an account host under AMO_ALLOWED_HOSTS"),
        })?
    }

    fn settings(
        &self,
        reader: &mut Reader,
        allowed_hosts: Option<AllowedHosts>,
        default_host: Option<AccountHost>,
    ) -> Option<Settings> {
        let require_claim = reader.flag("REQUIRE_CLAIM", self.require_claim.as_deref(), "false");
        let accept_foreign_state = reader.flag("ACCEPT_FOREIGN_STATE", self.accept_foreign_state.as_deref(), "true");
        let refresh_margin = reader.duration("REFRESH_MARGIN", self.refresh_margin.as_deref(), "300s");
        let keepalive_after = reader.keepalive("KEEPALIVE_AFTER", self.keepalive_after.as_deref(), "30d");
        Some(Settings {
            allowed_hosts: allowed_hosts?,
            default_host,
            require_claim,
            accept_foreign_state,
            refresh_margin,
            keepalive_after,
        })
    }

    fn pace(&self, reader: &mut Reader) -> Option<Pace> {
        let limit = reader.read("AMO_RATE_LIMIT", self.amo_rate_limit.as_deref(), "7", |rate| {
            rate.parse::<NonZeroU32>().or(Err("is not a number of calls a second, from 1"))
        });
        let scope = self.amo_rate_limit_scope.as_deref();
        let scope = reader.read("AMO_RATE_LIMIT_SCOPE", scope, "account", values::pace_scope);
        limit.zip(scope).map(|(limit, scope)| Pace::per_second(limit, scope))
    }
}
