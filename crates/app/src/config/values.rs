//! How single values are read.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::host::AllowedHosts;
use amo_connect_domain::rate_limit::PaceScope;
use ipnet::IpNet;
use url::{Host, Url};

use super::LogFormat;
use super::reader::{QUOTES, is_blank};
use crate::auth::keys::{Key, is_private};
use crate::deep_link::{DeepLink, InvalidDeepLink};

/// HS256 with a shorter key can be guessed offline from one JWT (RFC 7518, section 3.2).
const SHORTEST_JWT_SECRET: usize = 32;

/// Nobody means to wait longer, and clocks can be reckoned with.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// amoCRM forgets a refresh token that was not used for three months; an outage may come last.
const LONGEST_KEEPALIVE: Duration = Duration::from_hours(80 * 24);

/// Where amoCRM itself is, its consent page and its accounts.
const AMO_DOMAINS: [&str; 3] = ["amocrm.ru", "kommo.com", "amocrm.com"];

/// An `https` URL, or an `http` one on loopback, without what a URL of a service never has.
pub(super) fn web_url(text: &str) -> Result<Url, &'static str> {
    // The parser would drop some of them in silence.
    if text.contains(is_blank) {
        return Err("has a blank or an invisible character");
    }
    let url = Url::parse(text).or(Err("is not a URL"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err("must be https (http only on a loopback address)"),
    }
    if url.fragment().is_some() {
        return Err("has a fragment (#)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("names a user (user@)");
    }
    Ok(url)
}

/// Where amoCRM redirects to: not to itself.
pub(super) fn redirect_uri(text: &str) -> Result<Url, &'static str> {
    let url = web_url(text)?;
    match amo_domain(&url) {
        Some(_) => Err("is at amoCRM's own domain, and has to lead to this service"),
        None => Ok(url),
    }
}

/// The domain of amoCRM's that `url` is at.
pub(super) fn amo_domain(url: &Url) -> Option<&'static str> {
    domain_of(url.host_str()?.trim_end_matches('.'))
}

fn domain_of(host: &str) -> Option<&'static str> {
    AMO_DOMAINS.into_iter().find(|domain| host == *domain || is_under(host, domain))
}

fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// A list with an entry that account hosts can be under.
pub(super) fn allowed_hosts(list: &str) -> Result<AllowedHosts, String> {
    let hosts = AllowedHosts::parse(list).map_err(|invalid| invalid.to_string())?;
    match single_host(&hosts) {
        Some((host, domain)) if hosts.entries().all(is_single_host) => {
            Err(format!("`{host}` is one host, and no account host is under it: write {domain}"))
        }
        _ => Ok(hosts),
    }
}

/// The first entry that is a host of amoCRM's, and the domain it is under. Account hosts are one
/// label before a domain, so there is none under it.
pub(super) fn single_host(hosts: &AllowedHosts) -> Option<(&str, &'static str)> {
    let host = hosts.entries().find(|entry| is_single_host(entry))?;
    Some((host, domain_of(host)?))
}

fn is_single_host(entry: &str) -> bool {
    domain_of(entry).is_some_and(|domain| domain != entry)
}

/// An id or a secret that amoCRM has issued: it has no blanks, no quotation marks, and no letters of
/// other alphabets that look like those it has.
pub(super) fn visible(text: &str) -> Result<String, &'static str> {
    if text.contains(QUOTES) {
        return Err("has a quotation mark");
    }
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    visible.then(|| text.to_owned()).ok_or("has a blank, or a character that is not ASCII")
}

/// The team's own secret, which may be any text that is long enough.
pub(super) fn jwt_secret(text: &str) -> Result<Option<String>, String> {
    match text.len() {
        0 => Ok(None),
        SHORTEST_JWT_SECRET.. => Ok(Some(text.to_owned())),
        _ => Err(format!("has fewer than {SHORTEST_JWT_SECRET} bytes")),
    }
}

/// The key in the PEM file at `path`.
pub(super) fn public_key(path: &str) -> Result<Option<Arc<Key>>, String> {
    if path.is_empty() {
        return Ok(None);
    }
    let pem = std::fs::read(path).map_err(|error| format!("its file cannot be read: {}", error.kind()))?;
    if is_private(&pem) {
        return Err("its file has a private key: give the public one".to_owned());
    }
    let key = Key::from_pem(&pem)
        .ok_or("its file has no public key in PEM for RS256 (at least 2048 bits), ES256 (P-256) or EdDSA (Ed25519)")?;
    Ok(Some(Arc::new(key)))
}

/// The address of a key set.
pub(super) fn key_set(text: &str) -> Result<Option<Url>, &'static str> {
    if text.is_empty() { Ok(None) } else { web_url(text).map(Some) }
}

pub(super) fn is_loopback(url: &Url) -> bool {
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

/// Further links, by comma.
pub(super) fn deep_links(list: &str, redirect_uri: Option<&Url>) -> Result<Vec<DeepLink>, String> {
    let links = list.split(',').map(str::trim).enumerate().filter(|(_, link)| !link.is_empty());
    // Not by its text: a link is refused for a user's name and password, too.
    links
        .map(|(place, link)| {
            deep_link(link, redirect_uri).map_err(|invalid| format!("its link {} {invalid}", place + 1))
        })
        .collect()
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
    let network = |(place, entry): (usize, &str)| {
        let single = entry.parse::<IpAddr>().map(IpNet::from);
        let network = entry.parse::<IpNet>().or(single);
        network.map_err(|_no_network| format!("entry {place} is not a network such as 10.0.0.0/8"))
    };
    entries(list).map(network).collect()
}

/// Web origins, each as a browser sends it.
pub(super) fn origins(list: &str) -> Result<Vec<String>, String> {
    entries(list).map(origin).collect()
}

/// What stands between commas, with its place, which begins at 1. A message names that alone: what was given in the
/// wrong place can be a secret.
fn entries(list: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(list.split(',').map(str::trim)).filter(|(_, entry)| !entry.is_empty())
}

fn origin((place, text): (usize, &str)) -> Result<String, String> {
    let as_sent = |url: &Url| url.origin().ascii_serialization() == text && !text.contains('*');
    let url = Url::parse(text).ok().filter(as_sent);
    let allowed = url.is_some_and(|url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url));
    if allowed {
        Ok(text.to_owned())
    } else {
        Err(format!("entry {place} is not an origin such as https://app.example"))
    }
}

/// Any text.
#[expect(clippy::unnecessary_wraps, reason = "a parser of a setting")]
pub(super) fn any(text: &str) -> Result<String, Infallible> {
    Ok(text.to_owned())
}

/// A text that may be missing, and may have blanks within.
#[expect(clippy::unnecessary_wraps, reason = "a parser of a setting")]
pub(super) fn text(text: &str) -> Result<Option<String>, Infallible> {
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// Empty leaves it to where the log goes.
pub(super) fn log_format(text: &str) -> Result<Option<LogFormat>, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "text" => Ok(Some(LogFormat::Text)),
        "json" => Ok(Some(LogFormat::Json)),
        _ => Err("is neither text nor json"),
    }
}

pub(super) fn flag(text: &str) -> Result<bool, &'static str> {
    text.parse().or(Err("is neither true nor false"))
}

pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().or(Err("is not an address with a port, such as 127.0.0.1:8080"))
}

pub(super) fn own_address(text: &str) -> Result<Option<SocketAddr>, &'static str> {
    if text.is_empty() { Ok(None) } else { address(text).map(Some) }
}

pub(super) fn rate(text: &str) -> Result<u32, &'static str> {
    text.parse().or(Err("is not a number of calls a second"))
}

pub(super) fn rate_limit(text: &str) -> Result<NonZeroU32, &'static str> {
    text.parse().or(Err("is not a number of calls a second, from 1"))
}

pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let duration = humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST);
    duration.ok_or("is not a duration such as 90s or 5m, of at most ten years")
}

/// What is logged, in the words of tracing.
pub(super) fn log_directives(text: &str) -> Result<String, &'static str> {
    let read = tracing_subscriber::EnvFilter::builder().parse(text);
    read.map(|_| text.to_owned()).or(Err("is no list of directives such as info or amo_connect=debug,info"))
}

/// How long an idle connection stays open. actix reads its clock twice a second, and never closes what was due before
/// it looked.
pub(super) fn idle_timeout(text: &str) -> Result<Duration, &'static str> {
    duration(text)
        .ok()
        .filter(|timeout| *timeout >= Duration::from_secs(1))
        .ok_or("is not a duration such as 75s, of at least 1s and at most ten years")
}

/// How long a connection may go without a refresh.
pub(super) fn keepalive(text: &str) -> Result<Duration, &'static str> {
    let allowed = |after: &Duration| !after.is_zero() && *after <= LONGEST_KEEPALIVE;
    humantime::parse_duration(text).ok().filter(allowed).ok_or(
        "is not a duration such as 30d, of more than zero and at most 80d: amoCRM forgets a connection after three months",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_has_one_to_a_thousand_connections() {
        assert_eq!(pool(""), Ok(None));
        assert_eq!(pool("16").map(|size| size.map(NonZeroUsize::get)), Ok(Some(16)));
        for text in ["0", "-1", "1001", "many"] {
            assert!(pool(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        let list = "https://app.example, https://app.example:8443,http://localhost:3000,http://127.0.0.1:5173";
        assert_eq!(origins(list).unwrap().len(), 4);
        assert_eq!(origins(""), Ok(Vec::new()));
        for text in [
            "*",
            "null",
            "app.example",
            "https://app.example/",
            "https://App.example",
            "https://app.example:443",
            "https://*.app.example",
            "http://app.example",
            "https://user@app.example",
            "foryoure://amo-crm",
        ] {
            let list = format!("https://app.example,, {text}");
            assert_eq!(
                origins(&list),
                Err("entry 3 is not an origin such as https://app.example".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_secret_where_a_list_belongs_is_not_repeated() {
        let key = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let list = format!("amocrm.ru, {key}");
        let problem = "entry 2 is neither a domain such as amocrm.ru nor a loopback address with its port";
        assert_eq!(allowed_hosts(&list), Err(problem.to_owned()));
        assert_eq!(networks(key), Err("entry 1 is not a network such as 10.0.0.0/8".to_owned()));
        assert_eq!(origins(key), Err("entry 1 is not an origin such as https://app.example".to_owned()));
    }

    #[test]
    fn an_idle_connection_stays_open_for_a_second_at_least() {
        assert_eq!(idle_timeout("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(idle_timeout("75s"), Ok(Duration::from_secs(75)));
        for value in ["0s", "999ms", "never"] {
            assert!(idle_timeout(value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_connection_is_refreshed_well_before_amocrm_forgets_it() {
        let days = |days: u64| Duration::from_hours(days * 24);
        for (value, after) in [("30d", days(30)), ("1s", Duration::from_secs(1)), ("80d", days(80))] {
            assert_eq!(keepalive(value), Ok(after), "{value}");
        }
        for value in ["0s", "80d 1s", "200d", "3months", "never"] {
            assert!(keepalive(value).is_err(), "{value}");
        }
    }
}
