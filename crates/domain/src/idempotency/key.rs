//! The key of a write, and the hashes that are kept of it and of its request.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::ids::UserId;
use crate::token::hash;

/// How many characters a key has at most.
pub const LONGEST_KEY: usize = 255;

/// What the app names a write by: 1 to 255 visible ASCII characters. It is the user's: the same key of another
/// user names another write.
#[derive(Clone)]
pub struct IdempotencyKey(SecretString);

/// A key was empty or too long, or had a character that is not visible ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 255 visible ASCII characters")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// Takes `key` as it is.
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        let is_valid = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if is_valid { Ok(Self(key.into())) } else { Err(InvalidKey) }
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

hash!(
    /// SHA-256 of a user and a key of theirs: all that is ever stored of a key.
    KeyHash
);

hash!(
    /// A keyed hash of a request: all that is ever stored of one. The key is the idempotency key, so that a body
    /// of few possible values, such as a price, cannot be guessed from it.
    RequestHash
);

impl KeyHash {
    /// The hash of this `key` of `user`.
    pub fn of(user: &UserId, key: &IdempotencyKey) -> Self {
        let user = user.as_str().as_bytes();
        let hash = Sha256::new().chain_update((user.len() as u64).to_be_bytes()).chain_update(user);
        Self(hash.chain_update(key.bytes()).finalize().into())
    }
}

impl RequestHash {
    /// The hash of a request under `key`. `body` is in a canonical form, so that the order of its members makes
    /// no other request.
    pub fn of(key: &IdempotencyKey, method: &str, path: &str, body: &[u8]) -> Self {
        // HMAC takes a key of any length.
        let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(key.bytes()) else { return Self([0; 32]) };
        for part in [method.as_bytes(), path.as_bytes(), body] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::new(text).unwrap()
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[test]
    fn keys_have_one_to_255_visible_characters() {
        for text in ["k", "~!\"", "8e03978e-40d5-43e8-bc93-6894a57f9324", &"k".repeat(255)] {
            assert!(IdempotencyKey::new(text).is_ok(), "{text}");
        }
        for text in ["", " ", "a b", "a\n", "\u{7f}", "ключ", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::new(text).unwrap_err(), InvalidKey, "{text}");
        }
    }

    #[test]
    fn a_key_does_not_show_in_debug() {
        let (key, user) = (key("visible"), user("olena"));
        let request = RequestHash::of(&key, "POST", "/leads", b"{}");
        assert_eq!(
            format!("{key:?} {:?} {request:?}", KeyHash::of(&user, &key)),
            "IdempotencyKey(…) KeyHash(…) RequestHash(…)"
        );
    }

    #[test]
    fn a_key_is_its_users() {
        let hash = |name, text| KeyHash::of(&user(name), &key(text));
        assert_eq!(hash("olena", "k"), hash("olena", "k"));
        for other in [hash("olena", "K"), hash("ivan", "k"), hash("ole", "nak"), hash("olenak", "k")] {
            assert_ne!(hash("olena", "k"), other);
        }
    }

    #[test]
    fn a_request_is_its_method_path_and_body_under_its_key() {
        let hash = |text, method, path, body: &str| RequestHash::of(&key(text), method, path, body.as_bytes());
        let first = hash("k", "POST", "/leads", "{}");
        assert_eq!(hash("k", "POST", "/leads", "{}"), first);
        for other in [
            hash("K", "POST", "/leads", "{}"),
            hash("k", "PATCH", "/leads", "{}"),
            hash("k", "POST", "/leads{", "}"),
            hash("k", "POST/", "leads", "{}"),
            hash("k", "POST", "/leads", "{ }"),
        ] {
            assert_ne!(other, first);
        }
    }
}
