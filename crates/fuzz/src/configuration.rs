//! The settings, as operators write them.

use amo_connect::config::Given;

/// A setting of those that are given.
type Field = fn(&mut Given) -> &mut Option<String>;

/// Settings whose values no message may show.
const SECRETS: [Field; 4] = [
    |given| &mut given.amo_client_secret,
    |given| &mut given.jwt_secret,
    |given| &mut given.token_keys,
    |given| &mut given.database_url,
];

/// Those that are read from text alone: a path would lead to a file of this machine.
const OTHERS: [Field; 17] = [
    |given| &mut given.amo_client_id,
    |given| &mut given.amo_redirect_uri,
    |given| &mut given.amo_auth_url,
    |given| &mut given.amo_allowed_hosts,
    |given| &mut given.amo_domain,
    |given| &mut given.app_deep_link,
    |given| &mut given.app_deep_links,
    |given| &mut given.jwt_jwks_url,
    |given| &mut given.bind,
    |given| &mut given.trusted_proxies,
    |given| &mut given.cors_allowed_origins,
    |given| &mut given.refresh_margin,
    |given| &mut given.keepalive_after,
    |given| &mut given.amo_rate_limit,
    |given| &mut given.amo_rate_limit_scope,
    |given| &mut given.user_rate,
    |given| &mut given.log_format,
];

/// Each line is the value of a setting; an empty one leaves it out. What is refused is refused without its secrets.
pub(crate) fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut given = Given::default();
    for (field, line) in SECRETS.iter().chain(&OTHERS).zip(text.split('\n')) {
        *field(&mut given) = (!line.is_empty()).then(|| line.to_owned());
    }
    let Err(refused) = given.check() else { return };
    let message = refused.to_string();
    for field in SECRETS {
        let secret = field(&mut given).clone().unwrap_or_default();
        // A shorter one, or one without a digit, may be a word of the message.
        if secret.len() >= 12 && secret.bytes().any(|byte| byte.is_ascii_digit()) {
            assert!(!message.contains(&secret), "{message}");
        }
    }
}
