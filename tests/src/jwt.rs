//! The app's JWTs.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::settings::JWT_SECRET;

/// The app's JWT for `user`, by the machine's clock.
pub fn jwt(user: &str) -> String {
    signed(&json!({ "sub": user, "exp": jsonwebtoken::get_current_timestamp() + 600 }))
}

/// A JWT of any claims, signed as the app signs.
pub fn signed(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes())).unwrap()
}
