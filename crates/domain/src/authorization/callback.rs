//! What a browser brings back from the CRM's consent page, in words that every CRM has.

use url::form_urlencoded;

use crate::token::{AuthorizationCode, LONGEST_PARAMETER, State};

/// A parameter that anybody may leave out, repeat or garble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given<T> {
    /// It was not there.
    Absent,
    /// It was there once.
    One(T),
    /// It was there, but not so that it can be used: twice, or far too long.
    Unusable,
}

impl<T> Given<T> {
    /// The one usable value, if there is one.
    pub fn one(&self) -> Option<&T> {
        match self {
            Self::One(value) => Some(value),
            Self::Absent | Self::Unusable => None,
        }
    }
}

/// Why there is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The user declined.
    Declined,
    /// The CRM reports another error.
    Failed,
}

/// A redirect of the CRM's, as the browser brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The authorization code.
    pub code: Given<AuthorizationCode>,
    /// The state.
    pub state: Given<State>,
    /// The account's host as the CRM names it, or the one where such a code is exchanged.
    pub host: Given<String>,
    /// Why the authorization failed, if it did.
    pub denial: Option<Denial>,
    /// Whether the CRM's marketplace, and nobody's browser, is calling.
    pub is_installation: bool,
}

/// The parameters of a query. They have no `Debug`: codes and states are among them.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query as forms are encoded.
    pub fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// All values of the parameter `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The parameter `name`.
    pub fn text(&self, name: &str) -> Given<String> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (None, _) => Given::Absent,
            (Some(value), None) => Given::One(value.to_owned()),
            (Some(_), Some(_)) => Given::Unusable,
        }
    }

    /// The parameter `name` as a secret, wrapped by `wrap`. An empty one is none at all.
    pub fn secret<T>(&self, name: &str, wrap: impl FnOnce(String) -> T) -> Given<T> {
        match self.text(name) {
            Given::One(value) if value.is_empty() => Given::Absent,
            Given::One(value) if value.chars().count() > LONGEST_PARAMETER => Given::Unusable,
            Given::One(value) => Given::One(wrap(value)),
            Given::Absent => Given::Absent,
            Given::Unusable => Given::Unusable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_long_or_given_twice_is_told_apart() {
        let secret = |query: &str| Parameters::parse(query).secret("code", AuthorizationCode::new);
        assert_eq!(secret(""), Given::Absent);
        assert_eq!(secret("code="), Given::Absent);
        assert_eq!(secret("Code=a"), Given::Absent);
        assert_eq!(secret("code=a%2Bb"), Given::One(AuthorizationCode::new("a+b")));
        assert_eq!(secret(&format!("code={}", "a".repeat(4096))).one().map(|code| code.expose().len()), Some(4096));
        assert_eq!(secret(&format!("code={}", "a".repeat(4097))), Given::Unusable);
        assert_eq!(secret("code=a&code=a"), Given::Unusable);
        assert_eq!(secret("code=a&code="), Given::Unusable);
        let text = |query: &str| Parameters::parse(query).text("host");
        assert_eq!(text("host="), Given::One(String::new()));
        assert_eq!(text("host=a&host=a"), Given::Unusable);
    }
}
