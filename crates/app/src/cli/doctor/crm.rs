//! Whether amoCRM answers, and what time it is there.

use std::time::Duration;

use amo_connect_adapters::http::{Answer, HttpClient, HttpLimits};
use amo_connect_domain::host::AllowedHosts;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use url::Url;

use super::Check;
use crate::config::{Given, JwtKeys};

/// Answers of web servers are dated to the second, and may be a little old.
const MOST_OFF: Duration = Duration::from_secs(30);

/// Of an address that is the operator's own choice.
const LIMITS: HttpLimits = HttpLimits {
    connect_timeout: Duration::from_secs(5),
    timeout: Duration::from_secs(15),
    longest_body: 1024 * 1024,
    is_local: false,
    private_addresses: true,
};

/// Any HTTP answer will do: what is behind it is amoCRM's business.
pub(super) async fn check(given: &Given) -> Vec<Check> {
    let mut checks = Vec::new();
    let (auth_url, hosts) = given.check_crm();
    if let Some(url) = auth_url {
        let is_local = hosts.as_ref().is_some_and(AllowedHosts::is_local);
        checks.extend(answers("AMO_AUTH_URL", url, HttpLimits { is_local, ..LIMITS }).await);
    }
    let Ok(config) = given.check() else { return checks };
    if let Some(host) = &config.service.settings.default_host
        && let Ok(url) = Url::parse(&format!("{}://{host}/", host.scheme()))
    {
        // As the service reaches it.
        let (is_local, private_addresses) = (config.amo.allowed_hosts.is_local(), config.amo.allow_private_addresses);
        checks.extend(answers("AMO_DOMAIN", url, HttpLimits { is_local, private_addresses, ..LIMITS }).await);
    }
    if let JwtKeys::Set(url) = &config.service.jwt.keys {
        checks.push(key_set(url.clone()).await);
    }
    checks
}

async fn got(url: Url, limits: HttpLimits) -> Result<Answer, String> {
    let client = HttpClient::unpooled(limits).map_err(|error| super::super::chain(&error))?;
    match client.get(url).await {
        Ok(answer) => Ok(answer),
        Err(loss) => Err(format!("no answer: {loss}")),
    }
}

async fn answers(name: &'static str, url: Url, limits: HttpLimits) -> Vec<Check> {
    let place = url.host_str().unwrap_or_default().to_owned();
    match got(url, limits).await {
        Ok(answer) => {
            let status = answer.status.as_u16();
            let mut checks = vec![Check::ok(name, format!("{place} answers ({status})"))];
            checks.extend(clock(&place, &answer));
            checks
        }
        Err(why) => vec![Check::failed(name, format!("{place}: {why}"))],
    }
}

/// A warning if this machine's clock is far from that of an answer.
#[expect(clippy::disallowed_methods, reason = "a command compares the machine's clock once")]
fn clock(place: &str, answer: &Answer) -> Option<Check> {
    let date = answer.headers.get("date")?.to_str().ok()?;
    let there = rfc2822::parse(date).ok()?.timestamp();
    let off = Timestamp::now().duration_since(there).unsigned_abs();
    (off > MOST_OFF).then(|| Check::warning("clock", format!("this machine and {place} differ by {} s", off.as_secs())))
}

async fn key_set(url: Url) -> Check {
    let is_local = url.scheme() == "http";
    match got(url, HttpLimits { is_local, ..LIMITS }).await {
        Ok(answer) if answer.status.is_success() => Check::ok("JWT_JWKS_URL", "the key set can be fetched"),
        Ok(answer) => Check::failed("JWT_JWKS_URL", format!("its host answered {}", answer.status.as_u16())),
        Err(why) => Check::failed("JWT_JWKS_URL", why),
    }
}
