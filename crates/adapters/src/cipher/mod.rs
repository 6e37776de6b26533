//! Tokens at rest: sealed under the operator's keys, each blob for one row alone. Every store seals
//! by this before tokens reach its driver, and opens by it.
//!
//! ```
//! use amo_connect_adapters::cipher::{CipherError, RowIdentity, TokenKeys};
//! use amo_connect_domain::token::{AccessToken, RefreshToken};
//!
//! let keys = TokenKeys::parse("one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")?;
//! let olenas = RowIdentity::new("connections", b"olena");
//! let blob = keys.seal(&AccessToken::new("access"), &RefreshToken::new("refresh"), &olenas)?;
//!
//! let (access, refresh) = keys.open(&blob, &olenas)?;
//! assert_eq!((access.expose(), refresh.expose()), ("access", "refresh"));
//! let ivans = RowIdentity::new("connections", b"ivan");
//! assert_eq!(keys.open(&blob, &ivans).err(), Some(CipherError::Unreadable));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod keys;

use amo_connect_domain::ports::StoreError;
use amo_connect_domain::token::{AccessToken, RefreshToken};
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Generate, Payload};
use zeroize::Zeroizing;

pub use keys::{InvalidTokenKeys, NoRandomness, TokenKeys};

/// The id of the key that `sealed` was sealed under, as its first bytes name it.
pub fn key_id(sealed: &[u8]) -> Option<&str> {
    let (&[FORMAT, length], rest) = sealed.split_first_chunk()? else { return None };
    let id = str::from_utf8(rest.get(..length.into())?).ok()?;
    keys::is_id(id).then_some(id)
}

const NONCE_LENGTH: usize = 24;

/// The first byte of every blob.
const FORMAT: u8 = 1;

/// Why tokens cannot be sealed, or a blob cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// The blob is damaged, belongs to another row, or is none.
    #[error("sealed tokens do not open")]
    Unreadable,
    /// The key that sealed the blob is gone.
    #[error("tokens are sealed under a key that is not in TOKEN_KEYS")]
    UnknownKey,
    /// No cipher takes so long a token.
    #[error("a token is too long")]
    TooLong,
    /// There are no random bytes to seal with.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl From<CipherError> for StoreError {
    fn from(error: CipherError) -> Self {
        match error {
            CipherError::Unreadable => Self::Corrupt("sealed tokens do not open"),
            CipherError::UnknownKey => Self::Corrupt("tokens are sealed under a key that is not in TOKEN_KEYS"),
            CipherError::TooLong => Self::Corrupt("a token is too long"),
            CipherError::NoRandomness(error) => Self::Unavailable(error.into()),
        }
    }
}

impl TokenKeys {
    /// Seals a pair of tokens for `row`.
    pub fn seal(
        &self,
        access: &AccessToken,
        refresh: &RefreshToken,
        row: &RowIdentity,
    ) -> Result<Vec<u8>, CipherError> {
        let key = self.first();
        let (access, refresh) = (access.expose().as_bytes(), refresh.expose().as_bytes());
        let length = u32::try_from(access.len()).or(Err(CipherError::TooLong))?;
        let plain = Zeroizing::new([&length.to_be_bytes(), access, refresh].concat());

        let nonce = XNonce::try_generate().or(Err(NoRandomness))?;
        let payload = Payload { msg: &plain, aad: &row.0 };
        let sealed = key.cipher().encrypt(&nonce, payload).or(Err(CipherError::TooLong))?;
        let id = key.id.as_bytes();
        let id_length = u8::try_from(id.len()).or(Err(CipherError::Unreadable))?;
        Ok([&[FORMAT, id_length], id, &nonce, &sealed].concat())
    }

    /// Opens what was sealed for `row`.
    pub fn open(&self, blob: &[u8], row: &RowIdentity) -> Result<(AccessToken, RefreshToken), CipherError> {
        let Some((&[FORMAT, id_length], rest)) = blob.split_first_chunk() else { return Err(CipherError::Unreadable) };
        let (id, rest) = rest.split_at_checked(id_length.into()).ok_or(CipherError::Unreadable)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(CipherError::Unreadable)?;
        let Some(key) = self.find(id) else {
            return Err(CipherError::UnknownKey);
        };
        let payload = Payload { msg: sealed, aad: &row.0 };
        let plain =
            Zeroizing::new(key.cipher().decrypt(&XNonce::from(*nonce), payload).or(Err(CipherError::Unreadable))?);

        let (length, tokens) = plain.split_first_chunk::<4>().ok_or(CipherError::Unreadable)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).or(Err(CipherError::Unreadable))?;
        let (access, refresh) = tokens.split_at_checked(length).ok_or(CipherError::Unreadable)?;
        let text = |bytes| str::from_utf8(bytes).or(Err(CipherError::Unreadable));
        Ok((AccessToken::new(text(access)?), RefreshToken::new(text(refresh)?)))
    }

    /// What was sealed for `row`, sealed under the first key; `None` if it already is.
    pub fn reseal(&self, blob: &[u8], row: &RowIdentity) -> Result<Option<Vec<u8>>, CipherError> {
        let (access, refresh) = self.open(blob, row)?;
        let first = self.first();
        let current = blob.get(2..).is_some_and(|rest| rest.starts_with(first.id.as_bytes()))
            && blob.get(1).is_some_and(|length| usize::from(*length) == first.id.len());
        if current { Ok(None) } else { self.seal(&access, &refresh, row).map(Some) }
    }
}

/// Where a blob belongs. One that is moved to another table or another row does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowIdentity(Vec<u8>);

impl RowIdentity {
    /// The row of `table` with this primary key. A table's name holds no NUL, so no two rows
    /// have one identity.
    pub fn new(table: &str, key: &[u8]) -> Self {
        Self([table.as_bytes(), &[0], key].concat())
    }
}

#[cfg(test)]
mod tests;
