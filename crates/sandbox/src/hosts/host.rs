//! A host, and the addresses of what is on it.

/// How a host is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    #[default]
    Http,
    Https,
}

impl Scheme {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A host that an account answers on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Host {
    scheme: Scheme,
    bare: String,
}

impl Host {
    /// The host that is called `bare`, with its port where that must be said: `127.0.0.1:8081`.
    pub(crate) fn new(scheme: Scheme, bare: impl Into<String>) -> Self {
        Self { scheme, bare: bare.into() }
    }

    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host without a scheme, as amoCRM names it in `referer` and `domain`.
    pub(crate) fn bare(&self) -> &str {
        &self.bare
    }

    /// The address of what is at `path`, which begins with `/`. Every link is made here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme.name(), self.bare)
    }
}
