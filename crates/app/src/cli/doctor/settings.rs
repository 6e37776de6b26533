//! The configuration: every mistake, and what may be one.

use std::net::{IpAddr, SocketAddr};

use super::Check;
use crate::config::{Config, Given};

const NAME: &str = "configuration";

/// A line for each mistake, and for each setting that may be one.
pub(super) fn check(given: &Given) -> Vec<Check> {
    match given.check() {
        Ok(config) => {
            let mut checks = vec![Check::ok(NAME, "all settings can be used")];
            checks.extend(warnings(&config, given).into_iter().map(|warning| Check::warning(NAME, warning)));
            checks
        }
        Err(invalid) => invalid.0.into_iter().map(|mistake| Check::failed(NAME, mistake)).collect(),
    }
}

fn warnings(config: &Config, given: &Given) -> Vec<String> {
    let mut warnings = config.warnings.clone();
    let has_tls = given.amo_redirect_uri.as_deref().is_some_and(|uri| uri.starts_with("https:"));
    if has_tls && is_inside(config.bind) && config.service.trusted_proxies.is_empty() {
        warnings.push(format!(
            "TRUSTED_PROXIES: is not set, and a proxy seems to be before {}: to it all users are one address, \
             and share ADDRESS_RATE",
            config.bind
        ));
    }
    if config.amo.allow_private_addresses {
        warnings.push(
            "AMO_ALLOW_PRIVATE_ADDRESSES: is true: whoever can forge an answer of DNS has the client secret and \
             tokens sent into your own network"
                .to_owned(),
        );
    }
    if !config.service.settings.require_claim && !config.amo.allowed_hosts.is_local() {
        warnings.push(
            "REQUIRE_CLAIM: is false: who opens a link that another user of the app has begun, and allows it, connects \
             an account to that user; true if the app brings codes back (docs/security.md)"
                .to_owned(),
        );
    }
    if config.service.settings.accept_foreign_state && !config.amo.allowed_hosts.is_local() {
        warnings.push(
            "ACCEPT_FOREIGN_STATE: is true: a grant whose state the app made itself belongs to whoever brings its code \
             first; false if every build of the app begins with POST /authorize (docs/security.md)"
                .to_owned(),
        );
    }
    warnings
}

/// Whether nobody on the internet reaches the address by itself.
fn is_inside(bind: SocketAddr) -> bool {
    match bind.ip() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unspecified(),
    }
}
