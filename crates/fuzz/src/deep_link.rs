//! The link that leads back to the app.

use amo_connect::deep_link::DeepLink;
use url::Url;

/// What a callback brings, with all that could end a parameter.
const CODE: &str = "a&b=c#d?e\"f<g>h'i j%20\u{202e}k";

/// A link that is taken runs nothing in the browser, and what is added to it comes out as it was.
pub(crate) fn deep_link(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(link) = DeepLink::parse(text) else { return };
    let made = link.with(&[("code", CODE), ("state", "s")]);
    assert!(made.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte)), "{made:?}");
    let (before, after) = (Url::parse(text).unwrap(), Url::parse(&made).unwrap());
    assert!(!["javascript", "data", "vbscript", "file", "blob", "about"].contains(&after.scheme()), "{made:?}");
    assert_eq!((before.scheme(), before.host_str(), before.path()), (after.scheme(), after.host_str(), after.path()));
    let added: Vec<_> = after.query_pairs().filter(|(name, _)| name == "code" || name == "state").collect();
    assert_eq!(added, [("code".into(), CODE.into()), ("state".into(), "s".into())], "{made:?}");
}
