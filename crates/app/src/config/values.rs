//! How single values are read.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::{Host, Url};

use crate::deep_link::DeepLink;

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

pub(super) fn deep_link(link: &str, redirect: Option<&Url>) -> Result<DeepLink, String> {
    let parsed = DeepLink::parse(link).map_err(|problem| problem.to_string())?;
    let host = |url: &Url| url.host_str().map(str::to_owned);
    let same = Url::parse(link).is_ok_and(|link| link.scheme() == "https" && redirect.and_then(host) == host(&link));
    if same {
        return Err("must be on another host than AMO_REDIRECT_URI: iOS opens an app only from another domain".into());
    }
    Ok(parsed)
}

/// The file of `sqlite:path`, or of a bare path.
pub(super) fn database_file(url: &str) -> Result<PathBuf, &'static str> {
    match url.split_once(':') {
        Some(("sqlite", "")) | None if url.is_empty() || url == "sqlite:" => Err("names no file"),
        Some(("sqlite", path)) => Ok(path.strip_prefix("//").unwrap_or(path).into()),
        Some(_) => Err("is not sqlite:path"),
        None => Ok(url.into()),
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
