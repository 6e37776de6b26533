//! Secrets in failures: told apart by a short hash, and never shown.

use std::fmt;

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AuthorizationCode, CodeHash, Issued};

/// The first four bytes of a secret's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 4]);

impl Fingerprint {
    /// That of `secret`.
    pub fn of(secret: &str) -> Self {
        let CodeHash([first, second, third, fourth, ..]) = CodeHash::of(&AuthorizationCode::new(secret));
        Self([first, second, third, fourth])
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:08x}", u32::from_be_bytes(self.0))
    }
}

/// A pair as a failure shows it.
struct Shown<'a>(&'a Issued);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Issued { access, refresh, expires_in, account, host } = self.0;
        f.debug_struct("Issued")
            .field("access", &Fingerprint::of(access.expose()))
            .field("refresh", &Fingerprint::of(refresh.expose()))
            .field("expires_in", expires_in)
            .field("account", account)
            .field("host", host)
            .finish()
    }
}

/// Asserts that a token request brought `expected`.
///
/// # Panics
/// If it did not, with both and without their secrets.
#[track_caller]
pub(crate) fn assert_issued(bought: &Result<Issued, AmoError>, expected: &Issued, what: &str) {
    let (left, right) = (bought.as_ref().map(Shown), Shown(expected));
    assert!(bought.as_ref() == Ok(expected), "{what}\n  left: {left:?}\n right: {right:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::issued;

    #[test]
    fn two_pairs_that_differ_are_told_apart_without_their_secrets() {
        let shown = |name: &str| format!("{:?}", Shown(&issued(name)));
        assert_ne!(shown("one"), shown("other"));
        assert_eq!(shown("one"), shown("one"));
        assert!(!shown("one").contains("access-one") && !shown("one").contains("refresh-one"), "{}", shown("one"));
        // `printf access-one | sha256sum`
        assert!(shown("one").contains("access: #38082740"), "{}", shown("one"));
    }
}
