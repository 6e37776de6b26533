//! Settings that may be right, and often are a mistake.

use amo_connect_adapters::amo::AmoSettings;
use url::Url;

use super::reader::{Wrapped, is_quoted};
use super::values::{amo_domain, is_loopback, single_host};
use crate::routes::CALLBACK;

/// The path of amoCRM's consent page.
const CONSENT: &str = "/oauth";

/// A sentence for each such setting, without a secret.
pub(super) fn of(amo: &AmoSettings, redirect_uri: Option<&Url>, jwt_secret: &str) -> Vec<String> {
    let quoted = || is_quoted(jwt_secret).then(|| format!("JWT_SECRET: {}", Wrapped::Quotes));
    let all = [redirect_uri.and_then(path), hosts(amo), consent(amo), quoted()];
    all.into_iter().flatten().collect()
}

/// A proxy may rewrite paths, so another one than the callback's may be right.
fn path(redirect_uri: &Url) -> Option<String> {
    let path = redirect_uri.path();
    (path != CALLBACK).then(|| {
        format!(
            "AMO_REDIRECT_URI: its path is {path}, and the callback is at {CALLBACK}: \
             if no proxy maps one to the other, users get a 404 after their consent"
        )
    })
}

/// The other entries may do.
fn hosts(amo: &AmoSettings) -> Option<String> {
    let (host, domain) = single_host(&amo.allowed_hosts)?;
    Some(format!("AMO_ALLOWED_HOSTS: `{host}` is one host, and no account host is under it; is {domain} meant?"))
}

/// Who is connected already is served whatever the consent page is.
fn consent(amo: &AmoSettings) -> Option<String> {
    let page = &amo.auth_url;
    let Some(domain) = amo_domain(page) else {
        return (is_loopback(page) && !amo.allowed_hosts.is_local()).then(|| {
            "AMO_AUTH_URL: is on this machine, and AMO_ALLOWED_HOSTS is not: \
             an account of a local amoCRM cannot be connected"
                .to_owned()
        });
    };
    if !amo.allowed_hosts.entries().any(|entry| entry == domain || both_are_kommos(entry, domain)) {
        return Some(format!(
            "AMO_ALLOWED_HOSTS: has not {domain}, where AMO_AUTH_URL is: \
             an account that consents there cannot be connected (invalid_account_host)"
        ));
    }
    let path = page.path();
    (path.trim_end_matches('/') != CONSENT)
        .then(|| format!("AMO_AUTH_URL: its path is {path}, and amoCRM's consent page is at {CONSENT}"))
}

/// Kommo was at amocrm.com before.
fn both_are_kommos(one: &str, other: &str) -> bool {
    [one, other].iter().all(|domain| ["kommo.com", "amocrm.com"].contains(domain))
}
