//! Codes and tokens that look like amoCRM's: ciphertexts that begin with `def50200`.

use rand::{Rng, SeedableRng, rngs::ChaCha20Rng};
use sha2::{Digest as _, Sha256};
use uuid::Builder;

use super::jwt::{SIGNATURE, Unique};

use crate::SandboxError;

/// Under what the sandbox remembers a code or token; the text itself is not kept.
pub(crate) type Digest = [u8; 32];

/// The digest of a code or token.
pub(crate) fn digest(secret: &str) -> Digest {
    Sha256::digest(secret).into()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// Length of amoCRM's codes, about: the encrypted payload of its library, in hexadecimal.
const CODE_LENGTH: usize = 892;
/// Length of amoCRM's refresh tokens, about.
const REFRESH_LENGTH: usize = 846;

/// Makes codes and tokens; random whatever the sandbox's seed, so that no two runs share one.
pub(crate) struct Mint {
    random: ChaCha20Rng,
}

impl Mint {
    /// # Errors
    /// [`SandboxError::Entropy`] if the machine gives no random bytes.
    pub(crate) fn new() -> Result<Self, SandboxError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(SandboxError::Entropy)?;
        Ok(Self { random: ChaCha20Rng::from_seed(seed) })
    }

    pub(crate) fn code(&mut self) -> String {
        self.ciphertext(CODE_LENGTH)
    }

    pub(crate) fn refresh_token(&mut self) -> String {
        self.ciphertext(REFRESH_LENGTH)
    }

    /// What tells an access token from every other.
    pub(super) fn unique(&mut self) -> Unique {
        let (mut jti, mut hash, mut signature) = ([0; 40], [0; 16], [0; SIGNATURE]);
        for bytes in [&mut jti[..], &mut hash, &mut signature] {
            self.random.fill_bytes(bytes);
        }
        let hash_uuid = Builder::from_random_bytes(hash).into_uuid().to_string();
        Unique { jti: hex(&jti), hash_uuid, signature }
    }

    fn ciphertext(&mut self, length: usize) -> String {
        const PREFIX: &str = "def50200";
        let mut bytes = vec![0; (length - PREFIX.len()) / 2];
        self.random.fill_bytes(&mut bytes);
        format!("{PREFIX}{}", hex(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_refresh_tokens_look_like_amocrms() {
        let mut mint = Mint::new().unwrap();
        for (made, length) in [(mint.code(), CODE_LENGTH), (mint.refresh_token(), REFRESH_LENGTH)] {
            assert_eq!(made.len(), length);
            assert!(made.starts_with("def50200"));
            assert!(made.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }

    #[test]
    fn two_runs_share_no_code() {
        assert_ne!(Mint::new().unwrap().code(), Mint::new().unwrap().code());
    }

    #[test]
    fn hexadecimal_is_lower_case_and_padded() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
    }
}
