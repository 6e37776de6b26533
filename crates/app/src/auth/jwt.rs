//! The JWTs by which the app names its users.

use amo_connect_domain::ids::UserId;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use crate::config::JwtConfig;
use crate::error::ApiError;

/// The claims that may name the user where `JWT_USER_CLAIM` is unset, in this order.
const USER_CLAIMS: [&str; 3] = ["sub", "userId", "id"];

/// How far the app's clock may be off.
const LEEWAY_S: u64 = 30;

/// Checks JWTs. The algorithm follows from the key, never from the token.
pub struct Verifier {
    key: DecodingKey,
    validation: Validation,
    user_claim: Option<String>,
}

impl Verifier {
    /// A verifier of HS256 tokens.
    pub fn hs256(config: &JwtConfig) -> Self {
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
        let key = DecodingKey::from_secret(config.secret.expose_secret().as_bytes());
        Self { key, validation, user_claim: config.user_claim.clone() }
    }

    /// The user that `token` names.
    pub fn user(&self, token: &str) -> Result<UserId, ApiError> {
        let refused = |_| ApiError::Unauthorized("it is malformed, expired, not yet valid, or not signed by the app");
        if decode_header(token).map_err(refused)?.crit.is_some() {
            return Err(ApiError::Unauthorized("it has critical extensions that are not understood"));
        }
        let claims = decode::<Map<String, Value>>(token, &self.key, &self.validation).map_err(refused)?.claims;
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
