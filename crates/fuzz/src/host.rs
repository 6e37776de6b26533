//! The host of an account, as a callback, an app, amoCRM or an import names it.

use amo_connect_domain::host::AllowedHosts;
use url::Url;

const ALLOWED: &str = "amocrm.ru,kommo.com";

/// A host that is allowed is one label before an allowed one, and every reader of URLs sees the same host in it.
pub(crate) fn host(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(host) = AllowedHosts::parse(ALLOWED).unwrap().admit(text) else { return };
    assert_eq!(host.as_str(), text);
    let (label, rest) = text.split_once('.').unwrap();
    assert!(ALLOWED.split(',').any(|allowed| allowed == rest), "{text:?}");
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(!label.is_empty() && label != "www" && label.bytes().all(is_label), "{text:?}");
    let url = Url::parse(&format!("{}://{host}/path", host.scheme())).unwrap();
    assert_eq!((url.scheme(), url.host_str(), url.port(), url.path()), ("https", Some(text), None, "/path"));
    assert!(url.username().is_empty() && url.password().is_none());
}
