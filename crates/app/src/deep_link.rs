//! Where *Return to App* leads (`APP_DEEP_LINK`), and how a value gets into it unharmed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;
use url::{Url, form_urlencoded};

#[cfg(test)]
mod tests;

/// Schemes that run, show or fetch something in the browser instead of opening an app.
const BROWSER_SCHEMES: [&str; 24] = [
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "content",
    "data",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "livescript",
    "mailto",
    "mocha",
    "moz-extension",
    "resource",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// The parameters that are ours to add: an app reads the first one of a name.
const OUR_PARAMETERS: [&str; 4] = ["success", "code", "state", "error"];

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A link that opens the app, kept byte for byte as it was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepLink(String);

/// A link that cannot be a deep link, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDeepLink {
    /// Not `scheme:/…`.
    #[error("is not a link such as foryoure://amo-crm/callback")]
    Malformed,
    /// A space, a quote, a backslash, a control character, or anything beyond ASCII.
    #[error("has a character that a URL must write as %XX (a host beyond ASCII: in its xn-- form)")]
    Character,
    /// The scheme is the browser's own.
    #[error("has a scheme that does not open an app")]
    Scheme,
    /// `http` to another machine.
    #[error("has http, which is for a loopback address only")]
    NotLoopback,
    /// A host that browsers would rewrite, or none.
    #[error("has a host that browsers read differently")]
    Host,
    /// `user@` before the host.
    #[error("names a user")]
    UserInfo,
    /// `#…`, where added parameters would get lost.
    #[error("has a fragment")]
    Fragment,
    /// A parameter that the service adds itself.
    #[error("has a parameter named success, code, state or error")]
    Parameter,
    /// The host that amoCRM returns to: iOS opens no app from there.
    #[error("is on the host of AMO_REDIRECT_URI, from where iOS opens no app")]
    SameHost,
}

impl DeepLink {
    /// Takes a custom scheme, `https`, or `http` on loopback.
    ///
    /// Only links on which all readers agree are taken, so that what was checked here is what
    /// the phone opens.
    pub fn parse(link: &str) -> Result<Self, InvalidDeepLink> {
        check_characters(link)?;
        let (scheme, rest) = link.split_once(':').ok_or(InvalidDeepLink::Malformed)?;
        let scheme = scheme.to_ascii_lowercase();
        if BROWSER_SCHEMES.contains(&scheme.as_str()) {
            return Err(InvalidDeepLink::Scheme);
        }
        if !rest.starts_with('/') {
            return Err(InvalidDeepLink::Malformed);
        }
        if link.contains('#') {
            return Err(InvalidDeepLink::Fragment);
        }
        let authority = rest.strip_prefix("//").map_or("", |rest| rest.split(['/', '?']).next().unwrap_or(rest));
        if authority.contains('@') {
            return Err(InvalidDeepLink::UserInfo);
        }
        if authority.contains('%') {
            return Err(InvalidDeepLink::Host);
        }
        let url = Url::parse(link).or(Err(InvalidDeepLink::Malformed))?;
        if matches!(scheme.as_str(), "http" | "https") && !same_host(&url, authority) {
            return Err(InvalidDeepLink::Host);
        }
        if scheme == "http" && !url.host().is_some_and(|host| is_loopback(&host)) {
            return Err(InvalidDeepLink::NotLoopback);
        }
        let mut parameters = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes());
        if parameters.any(|(name, _)| OUR_PARAMETERS.contains(&name.as_ref())) {
            return Err(InvalidDeepLink::Parameter);
        }
        Ok(Self(link.to_owned()))
    }

    /// The link, if it is not an `https` link on the host of `redirect_uri`: iOS opens an app by
    /// a universal link only from another domain.
    pub fn apart_from(self, redirect_uri: &Url) -> Result<Self, InvalidDeepLink> {
        let url = Url::parse(&self.0).or(Err(InvalidDeepLink::Malformed))?;
        let bare = |url: &Url| url.host_str().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
        if url.scheme() == "https" && bare(&url) == bare(redirect_uri) {
            return Err(InvalidDeepLink::SameHost);
        }
        Ok(self)
    }

    /// The link with `parameters` added to the query it may have; all but the unreserved
    /// characters of RFC 3986 are percent-encoded.
    pub fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut link = self.0.clone();
        for (name, value) in parameters {
            if !link.contains('?') {
                link.push('?');
            } else if !link.ends_with(['?', '&']) {
                link.push('&');
            }
            link.extend(utf8_percent_encode(name, RESERVED));
            link.push('=');
            link.extend(utf8_percent_encode(value, RESERVED));
        }
        link
    }
}

impl fmt::Display for DeepLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lets through what RFC 3986 allows in a URL, but for the single quote and for escapes that
/// hide a control character or a backslash.
fn check_characters(link: &str) -> Result<(), InvalidDeepLink> {
    let written = link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&()*+,;=%".contains(&byte));
    // What is still a percent sign after decoding was none of an escape, or is one twice.
    let hidden = percent_decode_str(link).all(|byte| !byte.is_ascii_control() && !b"\\%".contains(&byte));
    if written && hidden { Ok(()) } else { Err(InvalidDeepLink::Character) }
}

/// Whether the host is written as browsers will read it: no `127.1`, no `///host`.
fn same_host(url: &Url, authority: &str) -> bool {
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    let written = authority.strip_suffix(&port).unwrap_or(authority);
    url.host_str().is_some_and(|read| read.eq_ignore_ascii_case(written))
}

fn is_loopback(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Domain(name) => *name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    }
}
