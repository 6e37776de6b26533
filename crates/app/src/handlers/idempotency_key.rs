//! The `Idempotency-Key` of a write.

use actix_web::HttpRequest;
use amo_connect_domain::idempotency::{IdempotencyKey, KeyHash, RequestHash};
use amo_connect_domain::ids::UserId;
use amo_connect_domain::usecase::WriteKey;

use super::query::refusal;
use crate::error::ApiError;

/// The header.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The header of an answer that was given before.
pub(super) const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";

/// What `user`'s write is known by, if the request has a key. `body` is in its canonical form.
pub(super) fn read(request: &HttpRequest, user: &UserId, body: &[u8]) -> Result<Option<WriteKey>, ApiError> {
    let mut given = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(text) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(refusal(IDEMPOTENCY_KEY, "given once"));
    }
    let key = text.to_str().ok().and_then(|text| IdempotencyKey::new(text).ok());
    let key = key.ok_or_else(|| refusal(IDEMPOTENCY_KEY, "1 to 255 visible ASCII characters"))?;
    let request = RequestHash::of(&key, request.method().as_str(), request.path(), body);
    Ok(Some(WriteKey { key: KeyHash::of(user, &key), request }))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn user() -> UserId {
        UserId::new("olena").unwrap()
    }

    fn request(keys: &[&str]) -> HttpRequest {
        let post = TestRequest::post().uri("/api/amo-crm/leads");
        keys.iter().fold(post, |post, key| post.append_header((IDEMPOTENCY_KEY, *key))).to_http_request()
    }

    #[test]
    fn a_key_is_optional_and_given_once() {
        assert_eq!(read(&request(&[]), &user(), b"{}").unwrap(), None);
        assert!(read(&request(&["8e03978e-40d5-43e8-bc93-6894a57f9324"]), &user(), b"{}").unwrap().is_some());
        for keys in [&["a", "a"][..], &[""], &["a b"], &["ключ"]] {
            let error = read(&request(keys), &user(), b"{}").unwrap_err();
            assert_eq!(error.field(), Some(IDEMPOTENCY_KEY), "{keys:?}");
        }
        assert!(read(&request(&[&"k".repeat(256)]), &user(), b"{}").is_err());
    }

    #[test]
    fn a_key_of_another_body_is_of_another_request() {
        let key = |body: &[u8]| read(&request(&["k"]), &user(), body).unwrap().unwrap();
        assert_eq!(key(b"{}"), key(b"{}"));
        assert_eq!(key(b"{}").key, key(b"[]").key);
        assert_ne!(key(b"{}").request, key(b"[]").request);
    }
}
