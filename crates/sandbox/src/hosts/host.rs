//! A host, and the addresses of what is on it.

use std::fmt::Display;

/// How a host is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    #[default]
    Http,
    Https,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that an address need not say.
    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A host that an account answers on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Host {
    scheme: Scheme,
    bare: String,
    /// Whether it has a name of its own, and not only an address.
    is_named: bool,
}

impl Host {
    /// The host at an address with a port: `127.0.0.1:8081`.
    pub(crate) fn new(scheme: Scheme, address: impl Into<String>) -> Self {
        Self { scheme, bare: address.into(), is_named: false }
    }

    /// The host that is called `name`; its port is said only where it must be.
    pub(crate) fn named(scheme: Scheme, name: &str, port: u16) -> Self {
        let bare = if port == scheme.port() { name.to_owned() } else { format!("{name}:{port}") };
        Self { scheme, bare, is_named: true }
    }

    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host without a scheme, as amoCRM names it in `referer` and `domain`.
    pub(crate) fn bare(&self) -> &str {
        &self.bare
    }

    /// The address of what is at `path`, which begins with `/`. Every link is made here.
    pub(crate) fn url(&self, path: impl Display) -> String {
        format!("{}://{}{path}", self.scheme.name(), self.bare)
    }

    /// The first label of its name.
    pub(crate) fn subdomain(&self) -> Option<&str> {
        self.name().and_then(|name| name.split('.').next())
    }

    /// The last label of its name.
    pub(crate) fn top_level_domain(&self) -> Option<&str> {
        self.name().and_then(|name| name.rsplit('.').next())
    }

    /// The name without the port, where it has one.
    fn name(&self) -> Option<&str> {
        self.bare.split(':').next().filter(|_| self.is_named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_host_says_its_port_only_where_it_is_not_that_of_its_scheme() {
        let url = |scheme, port| Host::named(scheme, "foryou.amo.test", port).url("/oauth?x=1");
        assert_eq!(url(Scheme::Https, 443), "https://foryou.amo.test/oauth?x=1");
        assert_eq!(url(Scheme::Http, 80), "http://foryou.amo.test/oauth?x=1");
        assert_eq!(url(Scheme::Https, 80), "https://foryou.amo.test:80/oauth?x=1");
        assert_eq!(url(Scheme::Http, 8081), "http://foryou.amo.test:8081/oauth?x=1");
    }

    #[test]
    fn only_a_named_host_has_a_sub_domain() {
        let named = Host::named(Scheme::Http, "foryou.amo.test", 8081);
        assert_eq!((named.subdomain(), named.top_level_domain()), (Some("foryou"), Some("test")));
        let address = Host::new(Scheme::Http, "127.0.0.1:8081");
        assert_eq!((address.subdomain(), address.top_level_domain()), (None, None));
    }
}
