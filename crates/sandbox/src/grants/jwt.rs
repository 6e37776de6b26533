//! Access tokens: JSON Web Tokens with the claims of amoCRM's.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{Holder, Terms};
use crate::{AccountId, clock::Moment};

/// What is in a token besides its claims.
const HEADER: &str = r#"{"typ":"JWT","alg":"RS256"}"#;

/// Length of a signature by a key of 2048 bits, in bytes.
pub(super) const SIGNATURE: usize = 256;

/// The claims of an amoCRM access token, in its order.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    aud: &'a str,
    jti: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    sub: String,
    grant_type: &'static str,
    account_id: AccountId,
    base_domain: &'a str,
    version: u8,
    scopes: [&'static str; 5],
    user_flags: u8,
    hash_uuid: String,
    /// Only in tokens issued since 21 August 2024.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_domain: Option<&'a str>,
}

/// What no two tokens share.
pub(super) struct Unique {
    pub(super) jti: String,
    pub(super) hash_uuid: String,
    pub(super) signature: [u8; SIGNATURE],
}

/// A token that lets `holder` in from `now` until `expires`.
///
/// Its signature is any bytes: amoCRM publishes no key, so that nobody outside can tell, and a
/// true one would take longer than everything else the sandbox does.
pub(super) fn access_token(holder: &Holder, now: Moment, expires: Moment, terms: &Terms, unique: Unique) -> String {
    let claims = Claims {
        aud: &holder.client_id,
        jti: unique.jti,
        iat: now.unix(),
        nbf: now.unix(),
        exp: expires.unix(),
        sub: holder.user.to_string(),
        grant_type: "",
        account_id: holder.account,
        base_domain: &terms.base_domain,
        version: 2,
        scopes: ["crm", "files", "files_delete", "notifications", "push_notifications"],
        user_flags: 0,
        hash_uuid: unique.hash_uuid,
        api_domain: terms.api_domain.as_deref(),
    };
    let claims = serde_json::to_string(&claims).unwrap_or_default();
    let parts = [HEADER.as_bytes(), claims.as_bytes(), &unique.signature];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}
