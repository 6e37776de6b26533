//! How single values are read.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use amo_connect_adapters::postgres::InvalidPgUrl;
use amo_connect_domain::turns::PaceScope;
use ipnet::IpNet;
use url::{Host, Url};

use crate::config::Database;
use crate::deep_link::{DeepLink, InvalidDeepLink};

/// An `https` URL, or an `http` one on loopback.
pub(super) fn web_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).or(Err("is not a URL"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("must be https (http only on a loopback address)"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => false,
    }
}

pub(super) fn deep_link(link: &str, redirect_uri: Option<&Url>) -> Result<DeepLink, InvalidDeepLink> {
    let link = DeepLink::parse(link)?;
    redirect_uri.map_or(Ok(link.clone()), |redirect_uri| link.apart_from(redirect_uri))
}

/// `sqlite:path`, a bare path, or `postgres://…`.
pub(super) fn database(text: &str) -> Result<Database, String> {
    match text.split_once(':') {
        Some(("postgres" | "postgresql", _)) => text
            .parse()
            .map(|url| Database::Postgres(Box::new(url)))
            .map_err(|problem: InvalidPgUrl| problem.to_string()),
        Some(("sqlite", "")) => Err("names no file".to_owned()),
        Some(("sqlite", path)) => Ok(Database::Sqlite(path.strip_prefix("//").unwrap_or(path).into())),
        Some(_) => Err("is neither sqlite:path nor postgres://user:password@host/database".to_owned()),
        None => Ok(Database::Sqlite(text.into())),
    }
}

/// A number of connections; empty leaves it to the database.
pub(super) fn pool(text: &str) -> Result<Option<NonZeroUsize>, &'static str> {
    match text.parse::<NonZeroUsize>() {
        _ if text.is_empty() => Ok(None),
        Ok(number) if number.get() <= 1000 => Ok(Some(number)),
        _ => Err("is not a number of connections, from 1 to 1000"),
    }
}

/// Whose calls a limit counts together.
pub(super) fn pace_scope(text: &str) -> Result<PaceScope, &'static str> {
    match text {
        "account" => Ok(PaceScope::Account),
        "integration" => Ok(PaceScope::Integration),
        _ => Err("is neither account nor integration"),
    }
}

pub(super) fn networks(list: &str) -> Result<Vec<IpNet>, String> {
    list.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let single = entry.parse::<IpAddr>().map(IpNet::from);
            entry
                .parse::<IpNet>()
                .or(single)
                .ok()
                .ok_or_else(|| format!("`{entry}` is not a network such as 10.0.0.0/8"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_a_server() {
        for (text, file) in [
            ("sqlite:amo-connect.db", "amo-connect.db"),
            ("sqlite:/var/lib/a.db", "/var/lib/a.db"),
            ("sqlite:///var/lib/a.db", "/var/lib/a.db"),
            ("a.db", "a.db"),
        ] {
            let read = database(text).unwrap();
            assert!(matches!(&read, Database::Sqlite(path) if path.to_str() == Some(file)), "{text}: {read:?}");
        }
        for text in ["postgres://u@host/app", "postgresql://u:p@host:6000/app?sslmode=require"] {
            assert!(matches!(database(text), Ok(Database::Postgres(_))), "{text}");
        }
        for text in ["sqlite:", "mysql://u:hunter2@host/app", "postgres:hunter2", "postgres://u:hunter2@host:x/app"] {
            let refused = database(text).unwrap_err();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_pool_has_one_to_a_thousand_connections() {
        assert_eq!(pool(""), Ok(None));
        assert_eq!(pool("16").map(|size| size.map(NonZeroUsize::get)), Ok(Some(16)));
        for text in ["0", "-1", "1001", "many"] {
            assert!(pool(text).is_err(), "{text}");
        }
    }
}
