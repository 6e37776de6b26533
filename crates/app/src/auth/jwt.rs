//! The JWTs by which the app names its users.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use amo_connect_domain::ids::UserId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, TokenData, Validation, decode, decode_header};
use secrecy::ExposeSecret;

use super::claims::Claims;
use super::jwks::{KeySet, NoKey};
use super::keys::{ALGORITHMS, Key};
use crate::config::{JwtConfig, JwtKeys};
use crate::error::ApiError;

/// How far the app's clock may be off.
const LEEWAY_S: u64 = 30;

/// The longest token that is read.
const LONGEST_TOKEN: usize = 8 * 1024;

/// Where the key of a token is.
enum Source {
    Key(Arc<Key>),
    Set(Arc<KeySet>),
}

/// Checks JWTs.
pub struct Verifier {
    source: Source,
    /// What is asked of a token beside its signature, prepared for each algorithm that a key may have.
    validations: HashMap<Algorithm, Validation>,
    user_claim: Option<String>,
}

impl Verifier {
    /// A verifier of the tokens that `config` says.
    ///
    /// # Errors
    /// If there can be no client for the key set.
    pub fn new(config: &JwtConfig) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.validate_aud = config.audience.is_some();
        let mut required = vec!["exp"];
        if let Some(issuer) = &config.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        if let Some(audience) = &config.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        let source = match &config.keys {
            JwtKeys::Secret(secret) => Source::Key(Arc::new(Key::of_secret(secret.expose_secret().as_bytes()))),
            JwtKeys::Public(key) => Source::Key(key.clone()),
            JwtKeys::Set(url) => Source::Set(Arc::new(KeySet::new(url.clone())?)),
        };
        let prepared = |algorithm| (algorithm, Validation { algorithms: vec![algorithm], ..validation.clone() });
        let validations = ALGORITHMS.map(prepared).into();
        Ok(Self { source, validations, user_claim: config.user_claim.clone() })
    }

    /// Keeps the key set up to date, if there is one.
    pub async fn keep_keys(&self) {
        if let Source::Set(set) = &self.source {
            set.keep_fetching().await;
        }
    }

    /// The user that `token` names.
    pub async fn user(&self, token: &str) -> Result<UserId, ApiError> {
        if token.len() > LONGEST_TOKEN {
            return Err(ApiError::Unauthorized("it is longer than 8 kB"));
        }
        let key = match &self.source {
            Source::Key(key) => Arc::clone(key),
            Source::Set(set) => {
                let id = decode_header(token).map_err(refused)?.kid;
                set.key(id.as_deref()).await.map_err(|no_key| match no_key {
                    NoKey::Unknown => ApiError::Unauthorized("its key is not in the app's key set"),
                    NoKey::NeverFetched => ApiError::AuthUnavailable,
                })?
            }
        };
        self.claims(token, &key)?.user(self.user_claim.as_deref())
    }

    /// The claims of a token that is signed with `key`, and is good now.
    fn claims(&self, token: &str, key: &Key) -> Result<Claims, ApiError> {
        let validation = self.validations.get(&key.algorithm).ok_or(ApiError::Internal(None))?;
        let TokenData { header, claims, .. } = decode::<Claims>(token, &key.decoding, validation).map_err(refused)?;
        if !is_text(token) {
            return Err(ApiError::Unauthorized("it is not UTF-8"));
        }
        if header.crit.is_some() {
            return Err(ApiError::Unauthorized("it has critical extensions that are not understood"));
        }
        Ok(claims)
    }
}

/// Whether header and claims are UTF-8, also in members that are not read: another reader takes nothing else for JSON.
fn is_text(token: &str) -> bool {
    let is_text = |part| URL_SAFE_NO_PAD.decode(part).is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok());
    token.split('.').take(2).all(is_text)
}

fn refused(_: jsonwebtoken::errors::Error) -> ApiError {
    ApiError::Unauthorized("it is malformed, expired, not yet valid, or not signed by the app")
}
