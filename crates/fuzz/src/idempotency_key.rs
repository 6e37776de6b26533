//! The header `Idempotency-Key`.

use amo_connect_domain::idempotency::IdempotencyKey;

/// A key that is taken has 1 to 255 visible characters of ASCII.
pub(crate) fn idempotency_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let is_good = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    assert_eq!(IdempotencyKey::new(text).is_ok(), is_good, "{text:?}");
}
