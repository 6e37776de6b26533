//! Secrets that cannot be mixed up or printed, and are wiped when they are dropped (`docs/security.md`, Memory); and the
//! hashes kept of them.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::clock::{after, left};
use crate::ids::AccountId;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Wraps the secret: from here on only [`Self::expose`] shows it.
            pub fn new(secret: impl Into<String>) -> Self {
                Self(SecretString::from(secret.into()))
            }

            /// The secret itself, for the wire, for a hash and for the cipher alone.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.expose() == other.expose()
            }
        }

        impl Eq for $name {}
    };
}

secret!(
    /// The code amoCRM's redirect carries: valid for 20 minutes, exchanged once.
    AuthorizationCode
);
secret!(
    /// The `state` an authorization was begun with, ours or the app's own.
    State
);
secret!(
    /// Gives access to amoCRM's API; a JWT that lives about 24 hours.
    AccessToken
);
secret!(
    /// Is exchanged for the next pair, exactly once; valid for three months if it is not used.
    RefreshToken
);

/// amoCRM's codes have about a thousand characters. A longer text than this is no code, no state and
/// no host.
pub const LONGEST_PARAMETER: usize = 4096;

/// What every state made by this service begins with.
const OUR_STATES: &str = "ac1_";

impl State {
    /// A state of ours over 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self::new(format!("{OUR_STATES}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Whether it has the format of this service's states. Such a state that is not on record is
    /// expired; it is no foreign state.
    pub fn is_ours(&self) -> bool {
        self.expose().starts_with(OUR_STATES)
    }
}

macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub [u8; 32]);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
pub(crate) use hash;

hash!(
    /// SHA-256 of an authorization code: all that is ever stored of one.
    CodeHash
);
hash!(
    /// SHA-256 of a state: all that is ever stored of one.
    StateHash
);

hash!(
    /// SHA-256 of a refresh token that an earlier service left: it is sent by one import, once.
    RefreshTokenHash
);

impl RefreshTokenHash {
    /// The hash of `token`.
    pub fn of(token: &RefreshToken) -> Self {
        Self(Sha256::digest(token.expose()).into())
    }
}

impl CodeHash {
    /// The hash of `code`.
    pub fn of(code: &AuthorizationCode) -> Self {
        Self(Sha256::digest(code.expose()).into())
    }
}

impl StateHash {
    /// The hash of `state`; an authorization without one has the hash of the empty text.
    pub fn of(state: Option<&State>) -> Self {
        Self(Sha256::digest(state.map_or("", State::expose)).into())
    }
}

/// An access token with the refresh token that renews it.
///
/// The tokens are never serialized, and come back empty: a store seals them, and keeps them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TokenPair {
    /// Gives access to the API until [`Self::expires_at`].
    #[cfg_attr(feature = "serde", serde(skip, default = "unread_access"))]
    pub access: AccessToken,
    /// Is exchanged for the next pair.
    #[cfg_attr(feature = "serde", serde(skip, default = "unread_refresh"))]
    pub refresh: RefreshToken,
    /// When we received the pair, by our clock.
    pub issued_at: Timestamp,
    /// When the access token ends, by our clock.
    pub expires_at: Timestamp,
}

#[cfg(feature = "serde")]
fn unread_access() -> AccessToken {
    AccessToken::new("")
}

#[cfg(feature = "serde")]
fn unread_refresh() -> RefreshToken {
    RefreshToken::new("")
}

impl TokenPair {
    /// Whether the access token has less life left than `margin`, or than half of its whole
    /// life where that is shorter (amoCRM may issue tokens shorter than the margin). A pair
    /// that is dated further in the future than the margin has an unknown age, and is due.
    pub fn is_due(&self, now: Timestamp, margin: Duration) -> bool {
        let margin = margin.min(left(self.expires_at, self.issued_at) / 2);
        !self.is_alive(now) || left(self.expires_at, now) < margin || left(self.issued_at, now) > margin
    }

    /// The pair of an imported refresh token: there is no access token, and its age is not known.
    pub fn imported(refresh: RefreshToken) -> Self {
        let unknown = Timestamp::UNIX_EPOCH;
        Self { access: AccessToken::new(""), refresh, issued_at: unknown, expires_at: unknown }
    }

    /// Whether the access token can still be used at `now`.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// What amoCRM's token endpoint answered, without a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The new access token.
    pub access: AccessToken,
    /// The new refresh token.
    pub refresh: RefreshToken,
    /// How long the access token lives.
    pub expires_in: Duration,
    /// The account's number, where the CRM tells it (amoCRM: the access token's `account_id`).
    pub account: Option<AccountId>,
    /// The account's host, where the CRM names it. It is followed if it is allowed.
    pub host: Option<String>,
}

impl Issued {
    /// The pair as of `now`.
    pub fn into_pair(self, now: Timestamp) -> TokenPair {
        TokenPair {
            access: self.access,
            refresh: self.refresh,
            issued_at: now,
            expires_at: after(now, self.expires_in),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(life_s: u64) -> TokenPair {
        Issued {
            access: AccessToken::new("access"),
            refresh: RefreshToken::new("refresh"),
            expires_in: Duration::from_secs(life_s),
            account: None,
            host: None,
        }
        .into_pair(Timestamp::UNIX_EPOCH)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn nothing_secret_shows_in_debug() {
        let shown = format!("{:?} {:?}", pair(1), State::from_random([1; 32]));
        assert!(!shown.contains("\"access\"") && !shown.contains("refresh\"") && !shown.contains("ac1_"), "{shown}");
        assert!(shown.contains("AccessToken(…)"), "{shown}");
    }

    #[test]
    fn a_pair_is_due_within_the_margin() {
        let margin = Duration::from_mins(5);
        assert!(!pair(86_400).is_due(at(86_100), margin));
        assert!(pair(86_400).is_due(at(86_101), margin));
    }

    #[test]
    fn an_imported_pair_is_due_at_once_and_never_used() {
        let imported = TokenPair::imported(RefreshToken::new("r"));
        for margin in [Duration::ZERO, Duration::from_mins(5)] {
            assert!(imported.is_due(at(1_000_000), margin) && !imported.is_alive(at(1_000_000)));
        }
    }

    #[test]
    fn a_short_lived_pair_is_due_after_half_its_life() {
        let margin = Duration::from_mins(5);
        assert!(!pair(60).is_due(at(30), margin));
        assert!(pair(60).is_due(at(31), margin));
    }

    #[test]
    fn a_pair_that_is_dated_in_the_future_is_due() {
        let margin = Duration::from_mins(5);
        assert!(!pair(86_400).is_due(at(-300), margin), "clocks differ by that much");
        assert!(pair(86_400).is_due(at(-301), margin));
        assert!(pair(60).is_due(at(-31), margin));
    }

    #[test]
    fn our_states_are_told_by_their_prefix_and_length() {
        let ours = State::from_random([255; 32]);
        assert!(ours.is_ours());
        assert_eq!(ours.expose().len(), 4 + 43);
        assert!(!State::new("eyJyYW5kb20iOjF9").is_ours());
    }

    #[test]
    fn an_absent_state_and_an_empty_one_are_the_same() {
        assert_eq!(StateHash::of(None), StateHash::of(Some(&State::new(""))));
        assert_ne!(StateHash::of(None), StateHash::of(Some(&State::new("x"))));
    }
}
