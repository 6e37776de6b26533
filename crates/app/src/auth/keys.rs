//! Keys that verify JWTs. The algorithm follows from the key, never from the token.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};

/// Bytes of an uncompressed point of P-256, the curve of ES256.
const P256_POINT: usize = 65;

/// A key, and the one algorithm that it verifies.
#[derive(Clone)]
pub struct Key {
    pub(super) decoding: DecodingKey,
    pub(super) algorithm: Algorithm,
}

impl Key {
    /// The secret that the app signs with (HS256).
    pub fn of_secret(secret: &[u8]) -> Self {
        Self { decoding: DecodingKey::from_secret(secret), algorithm: Algorithm::HS256 }
    }

    /// A public key in PEM: RSA (RS256), P-256 (ES256) or Ed25519 (`EdDSA`). `None` if it is none of these.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let read = [DecodingKey::from_rsa_pem, DecodingKey::from_ec_pem, DecodingKey::from_ed_pem];
        let decoding = read.into_iter().find_map(|read| read(pem).ok())?;
        let algorithm = match decoding.family() {
            AlgorithmFamily::Rsa => Algorithm::RS256,
            AlgorithmFamily::Ec if is_p256(decoding.kind()) => Algorithm::ES256,
            AlgorithmFamily::Ed => Algorithm::EdDSA,
            _ => return None,
        };
        Some(Self { decoding, algorithm })
    }

    /// The name of its algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            Algorithm::RS256 => "RS256",
            Algorithm::ES256 => "ES256",
            Algorithm::EdDSA => "EdDSA",
            // No other key is made.
            _ => "HS256",
        }
    }

    /// A public key of a key set, if it is for signatures by one of the same algorithms.
    pub(super) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let (algorithm, named) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            _ => return None,
        };
        let common = &jwk.common;
        let is_for_signatures = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|uses| uses.contains(&KeyOperations::Verify))
            && common.key_algorithm.is_none_or(|algorithm| algorithm == named);
        let decoding = DecodingKey::from_jwk(jwk).ok().filter(|_| is_for_signatures)?;
        Some(Self { decoding, algorithm })
    }
}

fn is_p256(key: &DecodingKeyKind) -> bool {
    matches!(key, DecodingKeyKind::SecretOrDer(point) if point.len() == P256_POINT)
}
