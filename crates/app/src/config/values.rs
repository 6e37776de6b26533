//! How single values are read.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::{Host, Url};

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
