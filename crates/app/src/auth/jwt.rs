//! The JWTs by which the app names its users.

use std::error::Error;
use std::sync::Arc;

use amo_connect_domain::ids::UserId;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::key_set::{KeySet, NoKey};
use super::keys::Key;
use crate::config::{JwtConfig, JwtKeys};
use crate::error::ApiError;

/// The claims that may name the user where `JWT_USER_CLAIM` is unset, in this order.
const USER_CLAIMS: [&str; 3] = ["sub", "userId", "id"];

/// How far the app's clock may be off.
const LEEWAY_S: u64 = 30;

/// The longest token that is read.
const LONGEST_TOKEN: usize = 8 * 1024;

/// Where the key of a token is.
enum Source {
    Key(Box<Key>),
    Set(Arc<KeySet>),
}

/// Checks JWTs.
pub struct Verifier {
    source: Source,
    validation: Validation,
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
            JwtKeys::Secret(secret) => Source::Key(Box::new(Key::of_secret(secret.expose_secret().as_bytes()))),
            JwtKeys::Public(key) => Source::Key(key.clone()),
            JwtKeys::Set(url) => Source::Set(Arc::new(KeySet::new(url.clone())?)),
        };
        Ok(Self { source, validation, user_claim: config.user_claim.clone() })
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
        let refused = |_| ApiError::Unauthorized("it is malformed, expired, not yet valid, or not signed by the app");
        let header = decode_header(token).map_err(refused)?;
        if header.crit.is_some() {
            return Err(ApiError::Unauthorized("it has critical extensions that are not understood"));
        }
        let key = match &self.source {
            Source::Key(key) => key.clone(),
            Source::Set(set) => Box::new(set.key(header.kid.as_deref()).await.map_err(|no_key| match no_key {
                NoKey::Unknown => ApiError::Unauthorized("its key is not in the app's key set"),
                NoKey::NeverFetched => ApiError::AuthUnavailable,
            })?),
        };
        let validation = Validation { algorithms: vec![key.algorithm], ..self.validation.clone() };
        let claims = decode::<Map<String, Value>>(token, &key.decoding, &validation).map_err(refused)?.claims;
        self.named_user(&claims)
    }

    fn named_user(&self, claims: &Map<String, Value>) -> Result<UserId, ApiError> {
        let names = match &self.user_claim {
            Some(claim) => claims.get(claim).into_iter().map(user_id).collect::<Result<Vec<_>, _>>(),
            None => USER_CLAIMS.iter().filter_map(|claim| claims.get(*claim)).map(user_id).collect(),
        }?;
        match names.as_slice() {
            [] => Err(ApiError::Unauthorized("it names no user")),
            [first, rest @ ..] if rest.iter().all(|other| other == first) => Ok(first.clone()),
            _ => Err(ApiError::Unauthorized("it names different users")),
        }
    }
}

fn user_id(claim: &Value) -> Result<UserId, ApiError> {
    let id = match claim {
        Value::String(id) => id.clone(),
        Value::Number(id) if id.is_i64() || id.is_u64() => id.to_string(),
        _ => return Err(ApiError::Unauthorized("its user is neither a string nor an integer")),
    };
    UserId::new(id).or(Err(ApiError::Unauthorized("its user has not 1 to 255 bytes")))
}
