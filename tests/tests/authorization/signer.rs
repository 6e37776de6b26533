//! A key that JWTs are signed with, and tokens of any header and claims by it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm};
use serde_json::{Value, json};

/// A key, and the algorithm that it is for.
pub(crate) struct Signer {
    /// `None` of a secret.
    pair: Option<KeyPair>,
    pub(crate) key: EncodingKey,
    pub(crate) algorithm: Algorithm,
}

impl Signer {
    /// A new pair of keys.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let (kind, read): (&SignatureAlgorithm, fn(&[u8]) -> _) = match algorithm {
            Algorithm::RS256 => (&PKCS_RSA_SHA256, EncodingKey::from_rsa_pem),
            Algorithm::ES256 => (&PKCS_ECDSA_P256_SHA256, EncodingKey::from_ec_pem),
            _ => (&PKCS_ED25519, EncodingKey::from_ed_pem),
        };
        let pair = KeyPair::generate_for(kind).unwrap();
        let key = read(pair.serialize_pem().as_bytes()).unwrap();
        Self { pair: Some(pair), key, algorithm }
    }

    /// A secret.
    pub(crate) fn of_secret(secret: &[u8]) -> Self {
        Self { pair: None, key: EncodingKey::from_secret(secret), algorithm: Algorithm::HS256 }
    }

    /// Another key of the same kind.
    pub(crate) fn another(&self) -> Self {
        match self.pair {
            Some(_) => Self::new(self.algorithm),
            None => Self::of_secret(b"a secret that is not the app's, and as long as it"),
        }
    }

    /// The public key in PEM.
    pub(crate) fn public_pem(&self) -> String {
        self.pair.as_ref().unwrap().public_key_pem()
    }

    /// The public key in DER.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        let pem = self.public_pem();
        let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(encoded).unwrap()
    }

    pub(crate) fn jwk(&self, id: &str) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(id.to_owned());
        jwk
    }

    /// A token of olena's, by the key of this id.
    pub(crate) fn token(&self, id: Option<&str>) -> String {
        let header = Header { kid: id.map(str::to_owned), ..Header::new(self.algorithm) };
        let claims = json!({ "sub": "olena", "exp": jsonwebtoken::get_current_timestamp() + 600 });
        self.signed(&serde_json::to_value(header).unwrap(), &claims)
    }

    /// A token of this header and these claims.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        self.signed_text(&header.to_string(), &claims.to_string())
    }

    /// The same of texts that need not be good JSON.
    pub(crate) fn signed_text(&self, header: &str, claims: &str) -> String {
        self.signed_by(self.algorithm, header, claims)
    }

    /// The same by another algorithm of this key.
    pub(crate) fn signed_by(&self, algorithm: Algorithm, header: &str, claims: &str) -> String {
        let message = unsigned(header, claims);
        let signature = crypto::sign(message.as_bytes(), &self.key, algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// The first two parts of a token.
pub(crate) fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}
