//! The JWTs by which the app names its users.

use amo_connect::auth::jwt::Verifier;
use amo_connect::config::{JwtConfig, JwtKeys};
use amo_connect_domain::ids::UserId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

const SECRET: &str = "a secret of at least 32 bytes, not more";
const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;
/// Good until the year 2100.
const CLAIMS: &[u8] = br#"{"sub":"olena","exp":4102444800}"#;

thread_local! {
    static VERIFIER: Verifier = Verifier::new(&JwtConfig {
        keys: JwtKeys::Secret(SECRET.to_owned().into()),
        user_claim: None,
        issuer: None,
        audience: None,
    })
    .unwrap();
}

/// A token that the app has not signed names nobody.
pub(crate) fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if user(text).is_some() {
        let (signed, _) = text.rsplit_once('.').unwrap();
        assert_eq!(text, with_signature(signed), "its signature is another one");
    }
}

/// Whatever header the app has signed: only its own algorithm counts, and no extension that must be understood.
pub(crate) fn header(data: &[u8]) {
    if user(&signed(data, CLAIMS)).is_some() {
        let header: Value = serde_json::from_slice(data).unwrap();
        assert_eq!(header["alg"], "HS256", "{header}");
        assert!(header["crit"].is_null(), "{header}");
    }
}

/// Whatever claims the app has signed: the user has a name of 1 to 255 bytes, and the token ends.
pub(crate) fn claims(data: &[u8]) {
    if let Some(user) = user(&signed(HEADER, data)) {
        assert!((1..=255).contains(&user.as_str().len()), "{user:?}");
        let claims: Value = serde_json::from_slice(data).unwrap();
        assert!(claims["exp"].is_number(), "{claims}");
    }
}

fn user(token: &str) -> Option<UserId> {
    // Nothing is waited for: there is no key set.
    VERIFIER.with(|verifier| verifier.user(token).now_or_never().unwrap().ok())
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    with_signature(&format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)))
}

fn with_signature(signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
