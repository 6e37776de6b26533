//! Sealed tokens, as a database gives them back.

use amo_connect_adapters::cipher::{RowIdentity, TokenKeys, key_id};
use amo_connect_domain::token::{AccessToken, RefreshToken};

/// Two keys, so that bytes can name one or the other.
const KEYS: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,two:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Bytes that nobody sealed do not open. What was sealed opens for its row, and for no other nor with a bit changed.
pub(crate) fn envelope(data: &[u8]) {
    let keys = TokenKeys::parse(KEYS).unwrap();
    let (row, other) = (RowIdentity::new("connections", b"olena"), RowIdentity::new("connections", b"ivan"));
    assert!(keys.open(data, &row).is_err(), "nobody sealed this");
    if let Some(id) = key_id(data) {
        assert!(id.is_ascii() && data.len() >= 2 + id.len());
    }
    let Some((&place, tokens)) = data.split_first() else { return };
    let Some((access, refresh)) = std::str::from_utf8(tokens).ok().and_then(|text| text.split_once('\n')) else {
        return;
    };
    let mut sealed = keys.seal(&AccessToken::new(access), &RefreshToken::new(refresh), &row).unwrap();
    let opened = keys.open(&sealed, &row).unwrap();
    assert_eq!((opened.0.expose(), opened.1.expose()), (access, refresh));
    assert!(keys.open(&sealed, &other).is_err(), "another row's");
    let place = usize::from(place) % sealed.len();
    sealed[place] ^= 1;
    assert!(keys.open(&sealed, &row).is_err(), "a bit of byte {place} is another one");
}
