//! Keys that verify JWTs. The algorithm follows from the key, never from the token.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};

/// Bytes of an uncompressed point of P-256, the curve of ES256.
const P256_POINT: usize = 65;

/// Bytes of the modulus of the shortest RSA key.
const SHORTEST_MODULUS: usize = 256;

/// What stands in the first line of every private key in PEM.
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";

/// The algorithms of keys.
pub(super) const ALGORITHMS: [Algorithm; 4] = [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// A key, and the one algorithm that it verifies.
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
        if is_private(pem) {
            return None;
        }
        let decoding = read.into_iter().find_map(|read| read(pem).ok()).filter(is_long_enough)?;
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
        let decoding = DecodingKey::from_jwk(jwk).ok().filter(|key| is_for_signatures && is_long_enough(key))?;
        Some(Self { decoding, algorithm })
    }
}

/// Whether it is a key that signs, which nobody but the app's backend should have.
pub fn is_private(pem: &[u8]) -> bool {
    pem.windows(PRIVATE_KEY.len()).any(|window| window == PRIVATE_KEY)
}

/// An RSA key of less than 2048 bits verifies nothing: the library refuses to use it, and would say so at each token.
fn is_long_enough(key: &DecodingKey) -> bool {
    let bytes = match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => n.iter().skip_while(|byte| **byte == 0).count(),
        // The modulus and a few bytes around it.
        DecodingKeyKind::SecretOrDer(der) if key.family() == AlgorithmFamily::Rsa => der.len(),
        DecodingKeyKind::SecretOrDer(_) => return true,
    };
    bytes >= SHORTEST_MODULUS
}

fn is_p256(key: &DecodingKeyKind) -> bool {
    matches!(key, DecodingKeyKind::SecretOrDer(point) if point.len() == P256_POINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An RSA key of 1024 bits.
    const SHORT: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDQZjyzrYLKTWB9PwmzpZUGZ0k8
prMBEvWC8KiapzkxtIxws1TRzEXyTXHLo2XZ4rCJmCbx021RcRfNrmw7PUJ52V5F
KBlqeb93gycNGoOzs8VUbLAduyz419qhnzZ9pwE8tD+h1kAWlteA502b1e0+Uo3L
jTvGky2PEPrH6YnIOQIDAQAB
-----END PUBLIC KEY-----
";

    #[test]
    fn an_rsa_key_that_verifies_nothing_is_refused_as_pem_and_as_jwk() {
        assert!(DecodingKey::from_rsa_pem(SHORT.as_bytes()).is_ok(), "the library takes it");
        assert!(Key::from_pem(SHORT.as_bytes()).is_none());
        let jwk = |bytes: usize| -> Jwk {
            // base64url of that many bytes, the first not 0.
            let modulus = "q".repeat(bytes.div_ceil(3) * 4);
            serde_json::from_value(serde_json::json!({ "kty": "RSA", "n": modulus, "e": "AQAB" })).unwrap()
        };
        assert!(Key::from_jwk(&jwk(128)).is_none());
        assert!(Key::from_jwk(&jwk(256)).is_some());
    }

    #[test]
    fn a_private_key_is_seen() {
        for kind in ["", "RSA ", "EC ", "ENCRYPTED "] {
            assert!(is_private(format!("-----BEGIN {kind}PRIVATE KEY-----\n").as_bytes()));
        }
        assert!(!is_private(SHORT.as_bytes()));
    }
}
