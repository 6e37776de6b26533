//! Where *Return to App* leads (`APP_DEEP_LINK`, `APP_DEEP_LINKS`), and how a value gets into it unharmed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;
use std::fmt;
use url::{Url, form_urlencoded};

#[cfg(test)]
mod tests;

/// Schemes that run, show or fetch something in the browser instead of opening an app.
const BROWSER_SCHEMES: [&str; 41] = [
    "about",
    "android-app",
    "applewebdata",
    "blob",
    "brave",
    "chrome",
    "chrome-extension",
    "chrome-search",
    "chrome-untrusted",
    "content",
    "data",
    "devtools",
    "edge",
    "facetime",
    "feed",
    "file",
    "filesystem",
    "firefox",
    "ftp",
    "googlechrome",
    "gopher",
    "intent",
    "jar",
    "javascript",
    "livescript",
    "mailto",
    "mhtml",
    "microsoft-edge",
    "mocha",
    "moz-extension",
    "opera",
    "res",
    "resource",
    "safari-web-extension",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
    "wyciwyg",
];

/// The longest link, so that a page that carries it twice stays under 10 kB.
const LONGEST: usize = 1024;

/// The parameters that are ours to add: an app reads the first one of a name.
const OUR_PARAMETERS: [&str; 5] = ["success", "code", "state", "error", "referer"];

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A link that opens the app, kept byte for byte as it was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepLink(String);

/// A link that cannot be a deep link, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDeepLink {
    /// Over 1024 characters.
    #[error("is longer than {LONGEST} characters")]
    TooLong,
    /// Not `scheme:/…`.
    #[error("is not a link such as foryoure://amo-crm/callback")]
    Malformed,
    /// A space, a quote, a backslash, a control character, anything beyond ASCII, or an escape
    /// that hides what nobody sees.
    #[error(
        "has a character that a URL must write as %XX (a host beyond ASCII: in its xn-- form), or hides an invisible one"
    )]
    Character,
    /// The scheme is the browser's own.
    #[error("has a scheme that does not open an app")]
    Scheme,
    /// `http` to another machine.
    #[error("has http, which is for a loopback address only")]
    NotLoopback,
    /// A host or a port that browsers would rewrite, or none.
    #[error("has a host that browsers read differently")]
    Host,
    /// A part of the path that browsers would resolve.
    #[error("has . or .. in its path, which browsers resolve")]
    DotSegment,
    /// `user@` before the host.
    #[error("names a user")]
    UserInfo,
    /// A second `?`, which apps read differently.
    #[error("has more than one question mark")]
    SecondQuery,
    /// `#…`, where added parameters would get lost.
    #[error("has a fragment")]
    Fragment,
    /// A parameter that the service adds itself.
    #[error("has a parameter named success, code, state, error or referer")]
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
        if link.len() > LONGEST {
            return Err(InvalidDeepLink::TooLong);
        }
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
        let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
        if query.contains('?') {
            return Err(InvalidDeepLink::SecondQuery);
        }
        if hierarchy.split('/').any(is_dot_segment) {
            return Err(InvalidDeepLink::DotSegment);
        }
        let authority = hierarchy.strip_prefix("//").map_or("", |rest| rest.split('/').next().unwrap_or(rest));
        if authority.contains('@') {
            return Err(InvalidDeepLink::UserInfo);
        }
        if authority.contains('%') {
            return Err(InvalidDeepLink::Host);
        }
        let url = Url::parse(link).or(Err(InvalidDeepLink::Malformed))?;
        if !same_host(&url, authority) {
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

/// The links that attempts may lead to.
#[derive(Clone, Debug)]
pub struct DeepLinks {
    /// Where those lead that name none.
    pub default: DeepLink,
    /// Which others they may name.
    pub further: Vec<DeepLink>,
}

impl DeepLinks {
    /// Whether an attempt may lead to `link`: to what stands in the settings, byte for byte.
    pub fn allow(&self, link: &str) -> bool {
        std::iter::once(&self.default).chain(&self.further).any(|allowed| allowed.0 == link)
    }

    /// Where the pages of an attempt lead that was begun with `chosen`. It was allowed then, perhaps by an instance with
    /// newer settings than this one's.
    pub fn of(&self, chosen: Option<&str>) -> Cow<'_, DeepLink> {
        let chosen = chosen.and_then(|link| DeepLink::parse(link).ok());
        chosen.map_or(Cow::Borrowed(&self.default), Cow::Owned)
    }
}

impl fmt::Display for DeepLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lets through what RFC 3986 allows in a URL, except the single quote and escapes of what
/// readers drop, turn around or disagree about.
fn check_characters(link: &str) -> Result<(), InvalidDeepLink> {
    let written = link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&()*+,;=%".contains(&byte));
    // What is still a percent sign after decoding was none of an escape, or is one twice.
    let decoded = percent_decode_str(link).decode_utf8();
    let seen = decoded.is_ok_and(|text| text.chars().all(|char| !"\\%".contains(char) && is_seen(char)));
    if written && seen { Ok(()) } else { Err(InvalidDeepLink::Character) }
}

/// Not a control character, of no width, or one that turns text around.
pub(crate) fn is_seen(char: char) -> bool {
    let unseen = matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(char, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !char.is_control() && !unseen
}

/// `.` or `..`, however it is written.
fn is_dot_segment(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

/// Whether the host is written as browsers will read it: no `127.1`, no `///host`.
fn same_host(url: &Url, authority: &str) -> bool {
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    let written = authority.strip_suffix(&port).unwrap_or(authority);
    url.host_str().unwrap_or_default().eq_ignore_ascii_case(written)
}

fn is_loopback(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Domain(name) => *name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    }
}
