//! What a callback page's answer says about itself.

use super::Language;

/// The headers of a callback page besides `Content-Type`; `nonce` is new for each answer.
pub fn headers(nonce: &str, language: Language) -> [(&'static str, String); 8] {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    [
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("X-Frame-Options", "DENY".to_owned()),
        ("X-Robots-Tag", "noindex, nofollow".to_owned()),
        ("Vary", "Accept-Language".to_owned()),
        ("Content-Language", language.tag().to_owned()),
    ]
}

/// The headers of a page that calls this service, besides `Content-Type`; `nonce` is new for each answer.
pub fn client_headers(nonce: &str) -> [(&'static str, String); 5] {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    [
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("X-Frame-Options", "DENY".to_owned()),
    ]
}
