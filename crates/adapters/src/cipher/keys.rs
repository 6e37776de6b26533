//! The operator's keys: read from `TOKEN_KEYS`, and made for it.

use std::fmt;

use amo_connect_domain::key_ring::{KeyId, KeyRing, NamedKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::Generate;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

type HmacSha256 = Hmac<Sha256>;

const KEY_LENGTH: usize = 32;

/// The longest key id. An encoded key is longer: one that stands in its place is not shown.
const LONGEST_ID: usize = 32;

/// The keys of `TOKEN_KEYS`: the first seals, all open.
pub struct TokenKeys {
    first: TokenKey,
    others: Vec<TokenKey>,
}

pub(super) struct TokenKey {
    pub(super) id: String,
    key: Zeroizing<[u8; KEY_LENGTH]>,
}

/// Why `TOKEN_KEYS` cannot be used. Entries are told by their place, counted from 1: what
/// stands in a broken one may be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTokenKeys {
    /// There is no entry at all.
    #[error("names no key")]
    Empty,
    /// No `:` parts an id from a key.
    #[error("entry {0} is not of the form kid:key")]
    NoId(usize),
    /// The id cannot be one.
    #[error("the key id of entry {0} is not 1 to 32 letters, digits, `-` or `_`")]
    BadId(usize),
    /// The key is not base64.
    #[error("the key of entry {0} is not padded base64")]
    NotBase64(usize),
    /// The key has another length.
    #[error("the key of entry {0} is not 32 bytes long")]
    BadLength(usize),
    /// Two entries have one id.
    #[error("entries {0} and {1} have the same key id")]
    SameId(usize, usize),
    /// Two entries have one key.
    #[error("entries {0} and {1} have the same key")]
    SameKey(usize, usize),
}

/// The machine has no randomness to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine gives no random bytes")]
pub struct NoRandomness;

impl TokenKeys {
    /// Reads `kid:base64(32 bytes)[,kid:…]`.
    pub fn parse(list: &str) -> Result<Self, InvalidTokenKeys> {
        if list.trim().is_empty() {
            return Err(InvalidTokenKeys::Empty);
        }
        let mut keys: Vec<TokenKey> = Vec::new();
        for (place, entry) in list.split(',').enumerate().map(|(index, entry)| (index + 1, entry.trim())) {
            let key = TokenKey::parse(entry, place)?;
            if let Some(index) = keys.iter().position(|other| other.id == key.id) {
                return Err(InvalidTokenKeys::SameId(index + 1, place));
            }
            if let Some(index) = keys.iter().position(|other| other.key == key.key) {
                return Err(InvalidTokenKeys::SameKey(index + 1, place));
            }
            keys.push(key);
        }
        let others = keys.split_off(1);
        keys.pop().map(|first| Self { first, others }).ok_or(InvalidTokenKeys::Empty)
    }

    /// A new entry for `TOKEN_KEYS`: a random id and a fresh key. It is a secret.
    pub fn generate_entry() -> Result<Zeroizing<String>, NoRandomness> {
        let id = u32::try_generate().or(Err(NoRandomness))?;
        let key = Zeroizing::new(<[u8; KEY_LENGTH]>::try_generate().or(Err(NoRandomness))?);
        let encoded = Zeroizing::new(STANDARD.encode(*key));
        Ok(Zeroizing::new(format!("k{id:08x}:{}", *encoded)))
    }

    /// A random name for this process.
    pub fn random_id() -> Result<[u8; 16], NoRandomness> {
        <[u8; 16]>::try_generate().or(Err(NoRandomness))
    }

    /// Which keys these are, for others to compare theirs with.
    pub fn ring(&self) -> KeyRing {
        KeyRing { first: self.first.named(), others: self.others.iter().map(TokenKey::named).collect() }
    }

    /// Whether there is a key of this id.
    pub fn has(&self, id: &str) -> bool {
        self.find(id.as_bytes()).is_some()
    }

    /// The key that seals.
    pub(super) fn first(&self) -> &TokenKey {
        &self.first
    }

    /// The key of this id.
    pub(super) fn find(&self, id: &[u8]) -> Option<&TokenKey> {
        std::iter::once(&self.first).chain(&self.others).find(|key| key.id.as_bytes() == id)
    }
}

/// Whether `text` can be a key's id.
pub(super) fn is_id(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain && !text.is_empty() && text.len() <= LONGEST_ID
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKeys({})", 1 + self.others.len())
    }
}

impl TokenKey {
    fn parse(entry: &str, place: usize) -> Result<Self, InvalidTokenKeys> {
        let (id, encoded) = entry.split_once(':').ok_or(InvalidTokenKeys::NoId(place))?;
        if !is_id(id) {
            return Err(InvalidTokenKeys::BadId(place));
        }
        let decoded = Zeroizing::new(STANDARD.decode(encoded).or(Err(InvalidTokenKeys::NotBase64(place)))?);
        let key = decoded.as_slice().try_into().or(Err(InvalidTokenKeys::BadLength(place)))?;
        Ok(Self { id: id.to_owned(), key: Zeroizing::new(key) })
    }

    fn named(&self) -> NamedKey {
        NamedKey { id: KeyId(self.id.clone()), check: self.check() }
    }

    /// A keyed hash of a constant: it tells keys of one id apart, and nothing of either.
    fn check(&self) -> [u8; 8] {
        // Any length will do for it.
        let Ok(mut hmac) = HmacSha256::new_from_slice(&*self.key) else { return [0; 8] };
        hmac.update(b"amo-connect key check");
        let hash: [u8; 32] = hmac.finalize().into_bytes().into();
        hash.first_chunk().copied().unwrap_or_default()
    }

    pub(super) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}
