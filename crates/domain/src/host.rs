//! The account hosts that may be sent a secret.

use std::fmt;
use std::net::SocketAddr;

use url::Host;

/// A bare amoCRM account host (`example.amocrm.ru`, or `127.0.0.1:8081` of a local amoCRM).
///
/// Made by [`AllowedHosts::admit`], or read back from a store by [`AccountHost::stored`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AccountHost(String);

impl AccountHost {
    /// A host that was admitted before it was stored. Before a secret is sent to it,
    /// [`AllowedHosts::permits`] is asked again: the list may have become shorter since.
    pub fn stored(host: impl Into<String>) -> Self {
        Self(host.into())
    }

    /// The host as text, with its port where it is a loopback one.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `http` for a loopback address, `https` for all else.
    pub fn scheme(&self) -> &'static str {
        if is_loopback(&self.0) { "http" } else { "https" }
    }
}

impl fmt::Display for AccountHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which hosts are amoCRM's (`AMO_ALLOWED_HOSTS`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHosts(Vec<String>);

/// A list of allowed hosts that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHosts {
    /// Nothing is on the list.
    #[error("names no host")]
    Empty,
    /// The entry at this place, which begins at 1, is neither a domain in lower case nor a loopback address with its
    /// port. It is not repeated: what was given in the wrong place can be a secret.
    #[error("entry {0} is neither a domain such as amocrm.ru nor a loopback address with its port")]
    Entry(usize),
    /// A list that mixes a local amoCRM with the real one would send real secrets over `http`.
    #[error("mixes loopback and other entries")]
    Mixed,
}

impl AllowedHosts {
    /// Reads a comma-separated list.
    pub fn parse(list: &str) -> Result<Self, InvalidHosts> {
        let is_bad = |entry: &str| !entry.is_empty() && !is_loopback(entry) && !is_domain(entry);
        if let Some(bad) = list.split(',').map(str::trim).position(is_bad) {
            return Err(InvalidHosts::Entry(bad + 1));
        }
        let entries: Vec<String> =
            list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
        if entries.is_empty() {
            return Err(InvalidHosts::Empty);
        }
        if entries.iter().any(|entry| is_loopback(entry)) && !entries.iter().all(|entry| is_loopback(entry)) {
            return Err(InvalidHosts::Mixed);
        }
        Ok(Self(entries))
    }

    /// `host` as an account host, if it is exactly one label before a domain of the list,
    /// or a loopback entry itself. Nothing is trimmed, lower-cased or unescaped.
    ///
    /// This is the one parser of hosts that come from outside: a redirect, a request, a setting, a token, a pair, a
    /// look-up, an import. What it admits is what a URL of it names, byte for byte.
    pub fn admit(&self, host: &str) -> Option<AccountHost> {
        let admitted = self.0.iter().any(|entry| {
            if is_loopback(entry) {
                return entry == host;
            }
            host.strip_suffix(entry.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| is_label(label) && label != "www" && is_its_own_spelling(host))
        });
        admitted.then(|| AccountHost(host.to_owned()))
    }

    /// Whether a stored host may still be sent a secret.
    pub fn permits(&self, host: &AccountHost) -> bool {
        self.admit(&host.0).is_some()
    }

    /// The entries of the list, in its order.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the list is a local amoCRM's.
    pub fn is_local(&self) -> bool {
        self.0.iter().any(|entry| is_loopback(entry))
    }
}

fn is_loopback(host: &str) -> bool {
    host.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback() && address.port() != 0)
}

fn is_domain(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_label) && is_its_own_spelling(text)
}

/// Whether a URL has this name as it stands. It would read `127.1` as an address, and has no name with a label that
/// begins with `xn--` and is no Punycode.
fn is_its_own_spelling(name: &str) -> bool {
    matches!(Host::parse(name), Ok(Host::Domain(domain)) if domain == name)
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests;
