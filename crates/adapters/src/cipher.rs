//! Tokens at rest: sealed under the operator's keys, each blob for one row alone.

use std::fmt;

use amo_connect_domain::token::{AccessToken, RefreshToken};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::rows::Failure;

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// The longest key id. An encoded key is longer: one that stands in its place is not shown.
const LONGEST_ID: usize = 32;

/// The first byte of every blob.
const FORMAT: u8 = 1;

/// What every unreadable blob is reported as.
const UNREADABLE: Failure = Failure::Corrupt("sealed tokens do not open");

/// The keys of `TOKEN_KEYS`: the first seals, all open.
pub struct TokenKeys(Vec<TokenKey>);

struct TokenKey {
    id: String,
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
        Ok(Self(keys))
    }

    /// A new entry for `TOKEN_KEYS`: a random id and a fresh key. It is a secret.
    pub fn generate_entry() -> Result<Zeroizing<String>, NoRandomness> {
        let id = u32::try_generate().or(Err(NoRandomness))?;
        let key = Zeroizing::new(<[u8; KEY_LENGTH]>::try_generate().or(Err(NoRandomness))?);
        let encoded = Zeroizing::new(STANDARD.encode(*key));
        Ok(Zeroizing::new(format!("k{id:08x}:{}", *encoded)))
    }

    /// Seals a pair of tokens for `row`.
    pub(crate) fn seal(
        &self,
        access: &AccessToken,
        refresh: &RefreshToken,
        row: &RowIdentity,
    ) -> Result<Vec<u8>, Failure> {
        let key = self.0.first().ok_or(Failure::Corrupt("there is no key to seal with"))?;
        let (access, refresh) = (access.expose().as_bytes(), refresh.expose().as_bytes());
        let length = u32::try_from(access.len()).or(Err(Failure::Corrupt("a token is too long")))?;
        let plain = Zeroizing::new([&length.to_be_bytes(), access, refresh].concat());

        let nonce = XNonce::try_generate().or(Err(Failure::unavailable(NoRandomness)))?;
        let payload = Payload { msg: &plain, aad: &row.0 };
        let sealed = key.cipher().encrypt(&nonce, payload).or(Err(Failure::Corrupt("a token is too long")))?;
        let id = key.id.as_bytes();
        let id_length = u8::try_from(id.len()).or(Err(UNREADABLE))?;
        Ok([&[FORMAT, id_length], id, &nonce, &sealed].concat())
    }

    /// Opens what was sealed for `row`.
    pub(crate) fn open(&self, blob: &[u8], row: &RowIdentity) -> Result<(AccessToken, RefreshToken), Failure> {
        let Some((&[FORMAT, id_length], rest)) = blob.split_first_chunk() else { return Err(UNREADABLE) };
        let (id, rest) = rest.split_at_checked(id_length.into()).ok_or(UNREADABLE)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(UNREADABLE)?;
        let Some(key) = self.0.iter().find(|key| key.id.as_bytes() == id) else {
            return Err(Failure::Corrupt("tokens are sealed under a key that is not in TOKEN_KEYS"));
        };
        let payload = Payload { msg: sealed, aad: &row.0 };
        let plain = Zeroizing::new(key.cipher().decrypt(&XNonce::from(*nonce), payload).or(Err(UNREADABLE))?);

        let (length, tokens) = plain.split_first_chunk::<4>().ok_or(UNREADABLE)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).or(Err(UNREADABLE))?;
        let (access, refresh) = tokens.split_at_checked(length).ok_or(UNREADABLE)?;
        let text = |bytes| str::from_utf8(bytes).or(Err(UNREADABLE));
        Ok((AccessToken::new(text(access)?), RefreshToken::new(text(refresh)?)))
    }
}

impl TokenKeys {
    /// What was sealed for `row`, sealed under the first key; `None` if it already is.
    pub(crate) fn reseal(&self, blob: &[u8], row: &RowIdentity) -> Result<Option<Vec<u8>>, Failure> {
        let (access, refresh) = self.open(blob, row)?;
        let first = self.0.first().ok_or(Failure::Corrupt("there is no key to seal with"))?;
        let current = blob.get(2..).is_some_and(|rest| rest.starts_with(first.id.as_bytes()))
            && blob.get(1).is_some_and(|length| usize::from(*length) == first.id.len());
        if current { Ok(None) } else { self.seal(&access, &refresh, row).map(Some) }
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKeys({})", self.0.len())
    }
}

impl TokenKey {
    fn parse(entry: &str, place: usize) -> Result<Self, InvalidTokenKeys> {
        let (id, encoded) = entry.split_once(':').ok_or(InvalidTokenKeys::NoId(place))?;
        let plain_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !plain_id || id.is_empty() || id.len() > LONGEST_ID {
            return Err(InvalidTokenKeys::BadId(place));
        }
        let decoded = Zeroizing::new(STANDARD.decode(encoded).or(Err(InvalidTokenKeys::NotBase64(place)))?);
        let key = decoded.as_slice().try_into().or(Err(InvalidTokenKeys::BadLength(place)))?;
        Ok(Self { id: id.to_owned(), key: Zeroizing::new(key) })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

/// Where a blob belongs. One that is moved to another table or another row does not open.
pub(crate) struct RowIdentity(Vec<u8>);

impl RowIdentity {
    /// The row of `table` with this primary key. A table's name holds no NUL, so no two rows
    /// have one identity.
    pub(crate) fn new(table: &str, key: &[u8]) -> Self {
        Self([table.as_bytes(), &[0], key].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const TWO: &str = "two:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn keys(list: &str) -> TokenKeys {
        TokenKeys::parse(list).unwrap()
    }

    fn row() -> RowIdentity {
        RowIdentity::new("connections", b"olena")
    }

    fn sealed(keys: &TokenKeys) -> Vec<u8> {
        keys.seal(&AccessToken::new("access-token"), &RefreshToken::new("refresh-token"), &row()).unwrap()
    }

    fn opens(keys: &TokenKeys, blob: &[u8], row: &RowIdentity) -> bool {
        let Ok((access, refresh)) = keys.open(blob, row) else { return false };
        assert_eq!((access.expose(), refresh.expose()), ("access-token", "refresh-token"));
        true
    }

    #[test]
    fn sealed_tokens_open_again_and_show_nothing() {
        let keys = keys(ONE);
        let blob = sealed(&keys);
        assert!(opens(&keys, &blob, &row()));
        assert!(!blob.windows(5).any(|window| window == b"token"));
    }

    #[test]
    fn the_same_tokens_are_never_sealed_alike() {
        let keys = keys(ONE);
        assert_ne!(sealed(&keys), sealed(&keys));
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = sealed(&keys(ONE));
        let both = keys(&format!("{TWO}, {ONE}"));
        assert!(opens(&both, &old, &row()));
        let new = sealed(&both);
        assert!(opens(&keys(TWO), &new, &row()));
        assert!(!opens(&keys(ONE), &new, &row()));
    }

    #[test]
    fn a_blob_opens_in_its_own_row_alone() {
        let keys = keys(ONE);
        let blob = sealed(&keys);
        for other in [
            RowIdentity::new("connections", b"ivan"),
            RowIdentity::new("exchanges", b"olena"),
            RowIdentity::new("connections", b"olena\0"),
            RowIdentity::new("connections\0o", b"lena"),
        ] {
            assert!(!opens(&keys, &blob, &other));
        }
    }

    #[test]
    fn no_bit_can_be_flipped_and_no_byte_cut_off() {
        let keys = keys(ONE);
        let blob = sealed(&keys);
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&keys, &flipped, &row()), "bit {bit}");
        }
        for length in 0..blob.len() {
            assert!(!opens(&keys, &blob[..length], &row()), "length {length}");
        }
    }

    #[test]
    fn a_generated_entry_is_a_usable_key_of_its_own() {
        let (first, second) = (TokenKeys::generate_entry().unwrap(), TokenKeys::generate_entry().unwrap());
        assert_ne!(*first, *second);
        let both = keys(&format!("{},{}", *first, *second));
        assert!(opens(&both, &sealed(&both), &row()));
    }

    #[test]
    fn a_bad_list_is_refused_by_the_place_of_its_entry() {
        let swapped = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:one";
        let unpadded = "two:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        let cases = [
            (String::new(), InvalidTokenKeys::Empty),
            (format!("{ONE},"), InvalidTokenKeys::NoId(2)),
            ("c2VjcmV0".to_owned(), InvalidTokenKeys::NoId(1)),
            (swapped.to_owned(), InvalidTokenKeys::BadId(1)),
            (format!(":{ONE}"), InvalidTokenKeys::BadId(1)),
            (format!("{ONE},{unpadded}"), InvalidTokenKeys::NotBase64(2)),
            ("one:c2VjcmV0".to_owned(), InvalidTokenKeys::BadLength(1)),
            (format!("{ONE},{TWO},{ONE}"), InvalidTokenKeys::SameId(1, 3)),
            (format!("{ONE},{}", ONE.replace("one", "two")), InvalidTokenKeys::SameKey(1, 2)),
        ];
        for (list, expected) in cases {
            assert_eq!(TokenKeys::parse(&list).err(), Some(expected), "{expected}");
        }
    }

    #[test]
    fn keys_do_not_show_in_debug() {
        assert_eq!(format!("{:?}", keys(&format!("{ONE},{TWO}"))), "TokenKeys(2)");
    }
}
