//! The identifiers of the domain, each a type of its own.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The app's user, as its JWT names them: 1 to 255 bytes of UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserId(String);

/// A user id was empty or longer than 255 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user id has 1 to 255 bytes")]
pub struct InvalidUserId;

impl UserId {
    /// Takes `id` as it is; 42 and "42" are the same user once written out.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidUserId> {
        let id = id.into();
        if id.is_empty() || id.len() > 255 {
            return Err(InvalidUserId);
        }
        Ok(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amoCRM account's number (`account_id`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AccountId(pub u64);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of what a CRM knows by a text only: always the same for the same text, never 0, and small
/// enough for a double, which is what JavaScript makes of it (53 bits).
pub fn derived_number(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    let bytes = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    (bytes >> 11).max(1)
}

/// Names one run through amoCRM's consent page: 16 random bytes, 22 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AttemptId(pub [u8; 16]);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// A text that is no attempt id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an attempt id")]
pub struct InvalidAttemptId;

impl FromStr for AttemptId {
    type Err = InvalidAttemptId;

    fn from_str(text: &str) -> Result<Self, InvalidAttemptId> {
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(InvalidAttemptId),
        }
    }
}

/// Counts the changes of a connection's row. A save against an older one is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Revision(pub i64);

/// Counts the token pairs a user's row has held. It only rises, also at a disconnect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generation(pub i64);

/// Counts a user's connects and disconnects. What began in an earlier epoch is void:
/// it can neither undo a disconnect nor overwrite a re-connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Epoch(pub i64);

impl Generation {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Epoch {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Who holds a lease: 16 random bytes, new for every lease that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeaseOwner(pub [u8; 16]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_have_one_to_255_bytes() {
        assert_eq!(UserId::new(""), Err(InvalidUserId));
        assert_eq!(UserId::new("я".repeat(128)), Err(InvalidUserId));
        assert_eq!(UserId::new("я".repeat(127)).unwrap().as_str().len(), 254);
    }

    #[test]
    fn a_text_has_one_number_that_a_double_can_hold() {
        // `printf won | sha256sum`, its first 53 bits
        assert_eq!(derived_number("won"), 0x72ac_68ec_9bcd_f7a8 >> 11);
        assert_ne!(derived_number("won"), derived_number("lost"));
        for text in ["", "won", "C1:UC_3A7F", "0b9c6a4e-7f53-4a55-9d53-2f5b3a9d1c10", "стадія"] {
            let number = derived_number(text);
            assert!((1..1 << 53).contains(&number), "{text}: {number}");
        }
    }

    #[test]
    fn attempt_ids_survive_their_text_form_and_nothing_else_parses() {
        let id = AttemptId([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "AAAA", "!!", &"A".repeat(23), &"A".repeat(400)] {
            assert_eq!(text.parse::<AttemptId>(), Err(InvalidAttemptId), "{text}");
        }
    }
}
