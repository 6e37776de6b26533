//! The access token's claims, read without a look at the signature: it is amoCRM's to check.

use amo_connect_domain::ids::AccountId;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize as _;
use serde_json::Value;

use super::members::Id;
use super::repair::repaired;

/// Base64 as tokens have it, with its padding or without, and with stray bits at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The `account_id` claim, if the token is a JWT that has one.
pub(super) fn account_id(token: &str) -> Option<AccountId> {
    Id::deserialize(&claims(token)?["account_id"]).ok()?.0.map(AccountId)
}

/// Whether the token says that it was issued to others than `client_id`.
pub(super) fn is_anothers(token: &str, client_id: &str) -> bool {
    let is_ours = |name: &Value| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(client_id));
    let claims = claims(token).unwrap_or_default();
    match &claims["aud"] {
        Value::String(name) => !name.is_empty() && !is_ours(&claims["aud"]),
        Value::Array(names) => !names.is_empty() && !names.iter().any(is_ours),
        _ => false,
    }
}

/// The `api_domain` claim: the host that knows where the account lives. Tokens issued before
/// 2024-08-21 have none.
pub(super) fn api_domain(token: &str) -> Option<String> {
    claims(token)?["api_domain"].as_str().map(str::to_owned)
}

/// The payload, read as an answer of the API is: a token that names another account must not pass
/// for one that names none.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let payload = payload.trim_end_matches('=').replace('+', "-").replace('/', "_");
    serde_json::from_str(&repaired(&LENIENT.decode(payload).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn token(claims: impl AsRef<[u8]>) -> String {
        format!("eyJ0eXAiOiJKV1QifQ.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_is_anothers_only_if_it_says_so() {
        for (claims, expected) in [
            (r#"{"aud":"ours"}"#, false),
            (r#"{"aud":"OURS"}"#, false),
            (r#"{"aud":["theirs","ours"]}"#, false),
            (r#"{"aud":[]}"#, false),
            (r#"{"aud":null}"#, false),
            (r#"{"aud":7}"#, false),
            (r#"{"aud":""}"#, false),
            (r#"{"sub":"theirs"}"#, false),
            ("[]", false),
            ("no JSON", false),
            (r#"{"aud":"theirs"}"#, true),
            (r#"{"aud":"ours "}"#, true),
            (r#"{"aud":["theirs",7]}"#, true),
        ] {
            assert_eq!(is_anothers(&token(claims), "ours"), expected, "{claims}");
        }
        assert!(!is_anothers("opaque", "ours"));
    }

    #[test]
    fn the_account_is_read_from_a_jwt_and_from_nothing_else() {
        for (token, expected) in [
            (token(r#"{"account_id":31920194,"aud":"x"}"#), Some(31_920_194)),
            (token(r#"{"account_id":"31920194"}"#), Some(31_920_194)),
            (token(r#"{"account_id":31920194}"#).replace(".c2ln", "==.c2ln"), Some(31_920_194)),
            (token(r#"{"account_id":31920194.0}"#), Some(31_920_194)),
            (token(r#"{"account_id":3.1920194e7}"#), Some(31_920_194)),
            (token(r#"{"account_id":" 31920194.0 "}"#), Some(31_920_194)),
            (token("\u{feff}{\"account_id\":31920194}"), Some(31_920_194)),
            (token(b"{\"name\":\"\xff\\ud800\",\"account_id\":31920194}"), Some(31_920_194)),
            (token(r#"{"n":1e999,"account_id":7,"account_id":31920194}"#), Some(31_920_194)),
            (token(r#"{"x":"???>>>","account_id":31920194}"#).replace('_', "/").replace('-', "+"), Some(31_920_194)),
            (token(r#"{"account_id":1.5}"#), None),
            (token(r#"{"account_id":-1.0}"#), None),
            (token(r#"{"account_id":1e30}"#), None),
            (token(r#"{"account_id":-1}"#), None),
            (token(r#"{"account_id":0}"#), None),
            (token(r#"{"account_id":null}"#), None),
            (token(r#"{"aud":"x"}"#), None),
            (token("[]"), None),
            (token("no JSON"), None),
            ("a.!.c".to_owned(), None),
            ("opaque".to_owned(), None),
            (format!("{}.more", token(r#"{"account_id":1}"#)), None),
        ] {
            assert_eq!(account_id(&token), expected.map(AccountId), "{token}");
        }
    }
}
