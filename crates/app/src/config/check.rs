//! Checks the settings, all of them before anything starts, and complains of everything at once.

use std::net::SocketAddr;

use amo_connect_adapters::amo::AmoSettings;
use amo_connect_adapters::backend::Backend;
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::rate_limit::Pace;
use amo_connect_domain::usecase::Settings;
use secrecy::SecretString;
use url::Url;

use super::declared;
use super::reader::{Reader, check_ends};
use super::setting::About;
use super::{
    Config, Given, InvalidConfig, JwtConfig, JwtKeys, LogsConfig, RefreshConfig, ServiceConfig, SigningConfig,
    StorageConfig, values, warnings,
};
use crate::deep_link::DeepLinks;

/// Checks which database `--to` means.
pub fn check_target(text: &str) -> Result<Box<dyn Backend>, InvalidConfig> {
    let target = check_ends(text).map_err(|wrapped| wrapped.to_string());
    let target = target.and_then(|()| (declared::DATABASE_URL.read)(text));
    target.map_err(|problem| InvalidConfig(vec![format!("--to: {problem}")]))
}

impl Given {
    /// Checks what `serve` needs.
    pub fn check(&self) -> Result<Config, InvalidConfig> {
        Reader::read(|reader| self.config(reader))
    }

    /// Checks what a refresh needs.
    pub fn check_refresh(&self) -> Result<RefreshConfig, InvalidConfig> {
        Reader::read(|reader| self.refresh(reader))
    }

    /// Checks what a database's tokens need, for commands that neither make nor migrate one.
    pub fn check_storage(&self) -> Result<StorageConfig, InvalidConfig> {
        Reader::read(|reader| self.storage(reader, false))
    }

    /// Checks which database is meant.
    pub fn check_database(&self) -> Result<Box<dyn Backend>, InvalidConfig> {
        Reader::read(|reader| reader.take(self, &declared::DATABASE_URL))
    }

    /// Checks where the service listens.
    pub fn check_bind(&self) -> Result<SocketAddr, InvalidConfig> {
        Reader::read(|reader| reader.take(self, &declared::BIND))
    }

    /// Where amoCRM is, as far as these two settings can be read by themselves.
    pub fn check_crm(&self) -> (Option<Url>, Option<AllowedHosts>) {
        let mut reader = Reader::default();
        (reader.take(self, &declared::AMO_AUTH_URL), reader.take(self, &declared::AMO_ALLOWED_HOSTS))
    }

    /// Checks how JWTs are signed.
    pub fn check_signing(&self) -> Result<SigningConfig, InvalidConfig> {
        Reader::read(|reader| {
            let (before, secret) = (reader.complaints(), reader.take(self, &declared::JWT_SECRET).flatten());
            let claims = self.jwt_claims(reader);
            if secret.is_none() && reader.complaints() == before {
                reader.checked(&declared::JWT_SECRET, Err::<(), _>("is required"))?;
            }
            let (user_claim, issuer, audience) = claims?;
            Some(SigningConfig { secret: secret?.into(), user_claim, issuer, audience })
        })
    }

    /// Checks how logs are written.
    pub fn check_logs(&self) -> Result<LogsConfig, InvalidConfig> {
        Reader::read(|reader| self.logs(reader))
    }

    /// How logs are written, where a mistake counts as not given.
    pub fn logs_or_default(&self) -> LogsConfig {
        let format = Reader::read(|reader| reader.take(self, &declared::LOG_FORMAT));
        let directives = Reader::read(|reader| reader.take(self, &declared::RUST_LOG));
        LogsConfig { format: format.ok().flatten(), directives: directives.unwrap_or_else(|_| "info".to_owned()) }
    }

    /// Who gets traces and metrics, where a mistake counts as not given.
    pub fn collector_or_none(&self) -> Option<Url> {
        Reader::read(|reader| reader.take(self, &declared::OTEL_EXPORTER_OTLP_ENDPOINT)).ok().flatten()
    }

    /// The secrets in the list of processes, which every user of the machine can read.
    fn secrets_in_sight(&self) -> impl Iterator<Item = &'static About> {
        let is_secret = |about: &&About| match about.name {
            // The path of a file is none.
            "DATABASE_URL" => self.text(about.name).is_some_and(|url| url.contains("://")),
            _ => about.is_secret,
        };
        declared::ALL.iter().copied().filter(|about| self.by_flag.contains(about.name)).filter(is_secret)
    }

    fn logs(&self, reader: &mut Reader) -> Option<LogsConfig> {
        let (format, directives) = (reader.take(self, &declared::LOG_FORMAT), reader.take(self, &declared::RUST_LOG));
        Some(LogsConfig { format: format?, directives: directives? })
    }

    /// All is read before anything is given up, so that each mistake is complained of.
    fn config(&self, reader: &mut Reader) -> Option<Config> {
        // They are in use already; what is wrong with them is told with the rest.
        let logs = self.logs(reader);
        let redirect_uri = reader.take(self, &declared::AMO_REDIRECT_URI);
        let allowed_hosts = reader.take(self, &declared::AMO_ALLOWED_HOSTS);
        let amo = self.amo(reader, redirect_uri.as_ref(), allowed_hosts.as_ref());
        let jwt = self.jwt(reader);
        let auto_migrate = reader.take(self, &declared::AUTO_MIGRATE);
        let storage = self.storage(reader, auto_migrate.unwrap_or_default());
        let allow_missing_keys = reader.take(self, &declared::ALLOW_MISSING_KEYS);
        let bind = reader.take(self, &declared::BIND);
        let admin_bind = reader.take(self, &declared::ADMIN_BIND);
        let default_host = self.default_host(reader, allowed_hosts.as_ref());
        let deep_links = self.deep_links(reader, redirect_uri.as_ref());
        let trusted_proxies = reader.take(self, &declared::TRUSTED_PROXIES);
        let allowed_origins = reader.take(self, &declared::CORS_ALLOWED_ORIGINS);
        let settings = self.settings(reader, allowed_hosts, default_host);
        let pace = self.pace(reader);
        let (user_rate, address_rate) =
            (reader.take(self, &declared::USER_RATE), reader.take(self, &declared::ADDRESS_RATE));
        let (idle_timeout, drain_delay) =
            (reader.take(self, &declared::HTTP_IDLE_TIMEOUT), reader.take(self, &declared::DRAIN_DELAY));
        let shutdown_timeout = reader.take(self, &declared::SHUTDOWN_TIMEOUT);
        let collector = reader.take(self, &declared::OTEL_EXPORTER_OTLP_ENDPOINT);

        let (amo, jwt, _) = (amo?, jwt?, logs?);
        let mut warnings = warnings::of(&amo, redirect_uri.as_ref(), jwt.keys.secret());
        warnings.extend(self.secrets_in_sight().map(|secret| {
            let (name, flag, file) = (secret.name, secret.flag(), secret.file_name());
            format!("{name}: was given as --{flag}, which everybody on this machine can read: use {file}")
        }));
        Some(Config {
            storage: storage?,
            service: ServiceConfig {
                jwt,
                deep_links: deep_links?,
                pace: pace?,
                user_rate: user_rate?,
                address_rate: address_rate?,
                trusted_proxies: trusted_proxies?,
                network_key: amo.client_secret.clone(),
                idle_timeout: idle_timeout?,
                allowed_origins: allowed_origins?,
                settings: settings?,
            },
            amo,
            allow_missing_keys: allow_missing_keys?,
            bind: bind?,
            admin_bind: admin_bind?,
            drain_delay: drain_delay?,
            shutdown_timeout: shutdown_timeout?,
            collector: collector?,
            warnings,
        })
    }

    fn refresh(&self, reader: &mut Reader) -> Option<RefreshConfig> {
        let redirect_uri = reader.take(self, &declared::AMO_REDIRECT_URI);
        let allowed_hosts = reader.take(self, &declared::AMO_ALLOWED_HOSTS);
        let amo = self.amo(reader, redirect_uri.as_ref(), allowed_hosts.as_ref());
        let storage = self.storage(reader, false);
        let pace = self.pace(reader);
        let shutdown_timeout = reader.take(self, &declared::SHUTDOWN_TIMEOUT);
        // What is said of codes and of margins does not matter to a refresh that is asked for.
        let settings = Self::default().settings(reader, allowed_hosts, None);
        Some(RefreshConfig {
            storage: storage?,
            amo: amo?,
            pace: pace?,
            settings: settings?,
            shutdown_timeout: shutdown_timeout?,
        })
    }

    fn amo(
        &self,
        reader: &mut Reader,
        redirect_uri: Option<&Url>,
        allowed_hosts: Option<&AllowedHosts>,
    ) -> Option<AmoSettings> {
        let client_id = reader.take(self, &declared::AMO_CLIENT_ID);
        let client_secret = reader.take(self, &declared::AMO_CLIENT_SECRET);
        let auth_url = reader.take(self, &declared::AMO_AUTH_URL);
        let allow_private_addresses = reader.take(self, &declared::AMO_ALLOW_PRIVATE_ADDRESSES);
        Some(AmoSettings {
            client_id: client_id?,
            client_secret: client_secret?.into(),
            // As it was written: amoCRM compares bytes.
            redirect_uri: redirect_uri.and(self.amo_redirect_uri.clone())?,
            auth_url: auth_url?,
            allowed_hosts: allowed_hosts?.clone(),
            allow_private_addresses: allow_private_addresses?,
        })
    }

    /// How JWTs are checked: by the one of three that is given.
    fn jwt(&self, reader: &mut Reader) -> Option<JwtConfig> {
        let (before, secret) = (reader.complaints(), reader.take(self, &declared::JWT_SECRET));
        let public = reader.take(self, &declared::JWT_PUBLIC_KEY_FILE);
        let set = reader.take(self, &declared::JWT_JWKS_URL);
        let claims = self.jwt_claims(reader);
        let given = [
            secret.flatten().map(|secret| JwtKeys::Secret(SecretString::from(secret))),
            public.flatten().map(JwtKeys::Public),
            set.flatten().map(JwtKeys::Set),
        ];
        let mut given = given.into_iter().flatten();
        let keys = match (given.next(), given.next()) {
            (Some(keys), None) => Ok(keys),
            (Some(_), Some(_)) => {
                Err("is given, and JWT_PUBLIC_KEY_FILE or JWT_JWKS_URL is too: only one of the three counts")
            }
            // It was complained of.
            (None, _) if reader.complaints() > before => return None,
            (None, _) => Err("is required, or JWT_PUBLIC_KEY_FILE, or JWT_JWKS_URL"),
        };
        let (keys, (user_claim, issuer, audience)) = (reader.checked(&declared::JWT_SECRET, keys)?, claims?);
        Some(JwtConfig { keys, user_claim, issuer, audience })
    }

    fn jwt_claims(&self, reader: &mut Reader) -> Option<(Option<String>, Option<String>, Option<String>)> {
        let user_claim = reader.take(self, &declared::JWT_USER_CLAIM);
        let (issuer, audience) = (reader.take(self, &declared::JWT_ISSUER), reader.take(self, &declared::JWT_AUDIENCE));
        Some((user_claim?, issuer?, audience?))
    }

    fn storage(&self, reader: &mut Reader, auto_migrate: bool) -> Option<StorageConfig> {
        let token_keys = reader.take(self, &declared::TOKEN_KEYS);
        let (database, pool) =
            (reader.take(self, &declared::DATABASE_URL), reader.take(self, &declared::DATABASE_POOL));
        Some(StorageConfig { database: database?, pool: pool?, auto_migrate, token_keys: token_keys? })
    }

    fn deep_links(&self, reader: &mut Reader, redirect_uri: Option<&Url>) -> Option<DeepLinks> {
        let default = reader.take(self, &declared::APP_DEEP_LINK);
        let default =
            default.and_then(|link| reader.checked(&declared::APP_DEEP_LINK, values::deep_link(&link, redirect_uri)));
        let further = reader.take(self, &declared::APP_DEEP_LINKS);
        let further =
            further.and_then(|list| reader.checked(&declared::APP_DEEP_LINKS, values::deep_links(&list, redirect_uri)));
        Some(DeepLinks { default: default?, further: further? })
    }

    /// The account host to use where none is named, which must be one of those allowed.
    fn default_host(&self, reader: &mut Reader, allowed: Option<&AllowedHosts>) -> Option<AccountHost> {
        let host = reader.take(self, &declared::AMO_DOMAIN)??;
        let host = match allowed {
            None => Err("cannot be checked before AMO_ALLOWED_HOSTS is mended"),
            Some(allowed) => allowed.admit(&host).ok_or("is not an account host under AMO_ALLOWED_HOSTS"),
        };
        reader.checked(&declared::AMO_DOMAIN, host)
    }

    fn settings(
        &self,
        reader: &mut Reader,
        allowed_hosts: Option<AllowedHosts>,
        default_host: Option<AccountHost>,
    ) -> Option<Settings> {
        let require_claim = reader.take(self, &declared::REQUIRE_CLAIM);
        let accept_foreign_state = reader.take(self, &declared::ACCEPT_FOREIGN_STATE);
        let refresh_margin = reader.take(self, &declared::REFRESH_MARGIN);
        let keepalive_after = reader.take(self, &declared::KEEPALIVE_AFTER);
        Some(Settings {
            allowed_hosts: allowed_hosts?,
            default_host,
            require_claim: require_claim?,
            accept_foreign_state: accept_foreign_state?,
            refresh_margin: refresh_margin?,
            keepalive_after: keepalive_after?,
        })
    }

    fn pace(&self, reader: &mut Reader) -> Option<Pace> {
        let (limit, scope) =
            (reader.take(self, &declared::AMO_RATE_LIMIT), reader.take(self, &declared::AMO_RATE_LIMIT_SCOPE));
        limit.zip(scope).map(|(limit, scope)| Pace::per_second(limit, scope))
    }
}
