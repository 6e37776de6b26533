//! Access tokens: JSON Web Tokens with the claims of amoCRM's.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use uuid::Uuid;

use super::Holder;
use crate::{AccountId, SandboxError, clock::Moment};

/// The claims of an amoCRM access token, in its order.
#[derive(Debug, Serialize)]
pub(crate) struct Claims {
    aud: String,
    jti: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    sub: String,
    grant_type: &'static str,
    account_id: AccountId,
    base_domain: &'static str,
    version: u8,
    scopes: [&'static str; 5],
    user_flags: u8,
    hash_uuid: String,
    /// Only in tokens issued since 21 August 2024.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_domain: Option<String>,
}

impl Claims {
    pub(crate) fn new(holder: &Holder, now: Moment, expires: Moment, api_domain: Option<String>) -> Self {
        Self {
            aud: holder.client_id.clone(),
            jti: Uuid::new_v4().simple().to_string().repeat(2),
            iat: now.unix(),
            nbf: now.unix(),
            exp: expires.unix(),
            sub: holder.user.to_string(),
            grant_type: "",
            account_id: holder.account,
            base_domain: "amocrm.ru",
            version: 2,
            scopes: ["crm", "files", "files_delete", "notifications", "push_notifications"],
            user_flags: 0,
            hash_uuid: Uuid::new_v4().to_string(),
            api_domain,
        }
    }
}

/// Signs access tokens with a key that lies in the source, so a signature proves nothing; amoCRM
/// publishes no key either, and clients do not check.
pub(crate) struct Signer {
    header: Header,
    key: EncodingKey,
}

impl Signer {
    /// # Errors
    /// [`SandboxError::SigningKey`] if the key in the source is broken.
    pub(crate) fn new() -> Result<Self, SandboxError> {
        let key = EncodingKey::from_rsa_pem(include_bytes!("signing-key.pem")).map_err(SandboxError::SigningKey)?;
        Ok(Self { header: Header::new(Algorithm::RS256), key })
    }

    /// # Errors
    /// [`SandboxError::SigningKey`] if the key does not sign.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, SandboxError> {
        jsonwebtoken::encode(&self.header, claims, &self.key).map_err(SandboxError::SigningKey)
    }
}
