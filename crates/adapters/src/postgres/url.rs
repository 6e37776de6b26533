//! `postgres://…`: where the server is, and how far it is to be trusted.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// What `sslmode` says, as libpq means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing is encrypted.
    Plain,
    /// Encrypted if the server offers it.
    Prefer,
    /// Encrypted, for whoever answers.
    Require,
    /// Encrypted, for a server with a certificate from the given authority.
    VerifyCa,
    /// Encrypted, for the server with a certificate in this name.
    VerifyFull,
}

/// How long a connection may be silent before the network is asked whether it still is there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// The address of a PostgreSQL database. It holds the password, and never shows it.
#[derive(Clone)]
pub struct PgUrl {
    pub(super) config: Config,
    pub(super) trust: Trust,
    /// A file of certificates (`sslrootcert`); `None` is the system's.
    pub(super) roots: Option<PathBuf>,
}

/// Why a text is not the address of a PostgreSQL database. Repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPgUrl {
    /// It cannot be read, or has a parameter that is not known.
    #[error("is not a PostgreSQL address such as postgres://user:password@host:5432/database")]
    Form,
    /// It names no server.
    #[error("names no host")]
    NoHost,
    /// A parameter of our own cannot be read.
    #[error("sslmode is not disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// Anybody can have a certificate from the authorities that the system knows.
    #[error("sslmode=verify-ca needs sslrootcert, a file of PEM certificates")]
    NoRoots,
    /// To name the system's authorities, and then to believe anybody, cannot be meant.
    #[error("sslrootcert=system needs sslmode=verify-full, or none")]
    SystemRoots,
}

impl FromStr for PgUrl {
    type Err = InvalidPgUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPgUrl> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(InvalidPgUrl::Form);
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut asked, mut roots, mut others) = (None, None, Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(InvalidPgUrl::Form)?;
            let value = percent_decode_str(value).decode_utf8().or(Err(InvalidPgUrl::Form))?;
            match name {
                "sslmode" => asked = Some(trust_of(&value).ok_or(InvalidPgUrl::SslMode)?),
                "sslrootcert" => roots = Some(value),
                _ => others.push(parameter),
            }
        }
        let asks =
            |name: &str| others.iter().any(|other| other.split_once('=').is_some_and(|(asked, _)| asked == name));
        let mut config: Config = format!("{base}?{}", others.join("&")).parse().or(Err(InvalidPgUrl::Form))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(InvalidPgUrl::NoHost);
        }
        if config.get_application_name().is_none() {
            config.application_name("amo-connect");
        }
        if !asks("keepalives_idle") {
            config.keepalives_idle(KEEPALIVE);
        }
        // As libpq has it: a socket of this machine is not encrypted, and with a file of
        // certificates, or the system's by name, there is something to verify.
        let local = config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_socket);
        let system = roots.as_ref().is_some_and(|file| file == "system");
        let roots: Option<PathBuf> = roots.filter(|_| !system).map(|file| file.as_ref().into());
        let trust = match asked {
            _ if local => Trust::Plain,
            None | Some(Trust::VerifyFull) if system => Trust::VerifyFull,
            Some(_) if system => return Err(InvalidPgUrl::SystemRoots),
            Some(Trust::Require) if roots.is_some() => Trust::VerifyCa,
            Some(Trust::VerifyCa) if roots.is_none() => return Err(InvalidPgUrl::NoRoots),
            asked => asked.unwrap_or(Trust::Prefer),
        };
        config.ssl_mode(match trust {
            Trust::Plain => SslMode::Disable,
            Trust::Prefer => SslMode::Prefer,
            Trust::Require | Trust::VerifyCa | Trust::VerifyFull => SslMode::Require,
        });
        Ok(Self { config, trust, roots })
    }
}

fn trust_of(sslmode: &str) -> Option<Trust> {
    Some(match sslmode {
        "disable" => Trust::Plain,
        "prefer" => Trust::Prefer,
        "require" => Trust::Require,
        "verify-ca" => Trust::VerifyCa,
        "verify-full" => Trust::VerifyFull,
        _ => return None,
    })
}

#[cfg(unix)]
fn is_socket(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

#[cfg(not(unix))]
fn is_socket(_: &Host) -> bool {
    false
}

impl fmt::Debug for PgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgUrl")
            .field("hosts", &self.config.get_hosts())
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(text: &str) -> Result<(Trust, SslMode), InvalidPgUrl> {
        text.parse::<PgUrl>().map(|url| (url.trust, url.config.get_ssl_mode()))
    }

    #[test]
    fn sslmode_means_what_libpq_means() {
        for (query, expected) in [
            ("", Ok((Trust::Prefer, SslMode::Prefer))),
            ("?sslmode=disable", Ok((Trust::Plain, SslMode::Disable))),
            ("?sslmode=prefer", Ok((Trust::Prefer, SslMode::Prefer))),
            ("?sslmode=require", Ok((Trust::Require, SslMode::Require))),
            ("?sslmode=require&sslrootcert=/ca.pem", Ok((Trust::VerifyCa, SslMode::Require))),
            ("?sslmode=verify-ca&sslrootcert=%2Fca.pem", Ok((Trust::VerifyCa, SslMode::Require))),
            ("?sslmode=verify-ca", Err(InvalidPgUrl::NoRoots)),
            ("?sslmode=verify-ca&sslrootcert=system", Err(InvalidPgUrl::SystemRoots)),
            ("?sslmode=require&sslrootcert=system", Err(InvalidPgUrl::SystemRoots)),
            ("?sslmode=disable&sslrootcert=system", Err(InvalidPgUrl::SystemRoots)),
            ("?sslrootcert=system", Ok((Trust::VerifyFull, SslMode::Require))),
            ("?sslrootcert=/ca.pem", Ok((Trust::Prefer, SslMode::Prefer))),
            ("?sslmode=verify-full", Ok((Trust::VerifyFull, SslMode::Require))),
            ("?sslmode=verify-full&sslrootcert=system", Ok((Trust::VerifyFull, SslMode::Require))),
            ("?sslmode=allow", Err(InvalidPgUrl::SslMode)),
            ("?sslmode=", Err(InvalidPgUrl::SslMode)),
        ] {
            assert_eq!(trust(&format!("postgres://u@db.example/app{query}")), expected, "{query}");
        }
    }

    #[test]
    fn a_socket_of_this_machine_is_not_encrypted() {
        for text in ["postgres://u@%2Frun%2Fpostgresql/app", "postgresql:///app?host=/run/postgresql&sslmode=require"] {
            assert_eq!(trust(text), Ok((Trust::Plain, SslMode::Disable)), "{text}");
        }
    }

    #[test]
    fn the_parts_of_an_address_arrive() {
        let text =
            "postgresql://olena:p%40ss@one.example:6000,two.example:6001/app?application_name=x&sslrootcert=/a%20b";
        let url: PgUrl = text.parse().unwrap();
        assert_eq!(url.config.get_user(), Some("olena"));
        assert_eq!(url.config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!(url.config.get_dbname(), Some("app"));
        assert_eq!(url.config.get_ports(), [6000, 6001]);
        assert_eq!(url.config.get_application_name(), Some("x"));
        assert_eq!(url.roots, Some("/a b".into()));
        assert_eq!(url.config.get_keepalives_idle(), KEEPALIVE);
    }

    #[test]
    fn what_is_no_address_is_refused_without_a_word_of_it() {
        for (text, expected) in [
            ("hunter2", InvalidPgUrl::Form),
            ("mysql://u:hunter2@host/app", InvalidPgUrl::Form),
            ("postgres://u:hunter2@host:port/app", InvalidPgUrl::Form),
            ("postgres://u:hunter2@host/app?hunter2", InvalidPgUrl::Form),
            ("postgres://u:hunter2@host/app?hunter2=1", InvalidPgUrl::Form),
            ("postgres://u:hunter2@host/app?sslmode=hunter2", InvalidPgUrl::SslMode),
            ("postgres:///hunter2", InvalidPgUrl::NoHost),
        ] {
            let refused = text.parse::<PgUrl>().unwrap_err();
            assert_eq!(refused, expected, "{text}");
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{text}");
        }
        let url: PgUrl = "postgres://u:hunter2@host/app".parse().unwrap();
        assert!(!format!("{url:?}").contains("hunter2"), "{url:?}");
    }
}
