//! `amo-connect jwt`.

use std::time::Duration;

use amo_connect_domain::ids::UserId;
use clap::Args;
use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Failure, print};
use crate::config::{Jwts, Settings, SigningConfig};

/// What the token says.
#[derive(Args)]
pub(super) struct JwtArgs {
    /// The user it names
    #[arg(long)]
    user: String,
    /// How long it is good
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    ttl: Duration,
    #[command(flatten)]
    settings: Settings<Jwts>,
}

/// Prints a token that a service of these settings takes.
pub(super) fn run(args: &JwtArgs) -> Result<(), Failure> {
    UserId::new(args.user.as_str())?;
    let SigningConfig { secret, user_claim, issuer, audience } = args.settings.given.check_signing()?;
    let mut claims = json!({ user_claim.as_deref().unwrap_or("sub"): args.user });
    for (name, value) in [("iss", issuer), ("aud", audience)] {
        if let Some(value) = value {
            claims[name] = value.into();
        }
    }
    print(&sign(claims, secret.expose_secret(), args.ttl)?)
}

/// A token of `claims`, good for `ttl` from now.
#[expect(clippy::disallowed_methods, reason = "a command makes one token by the wall clock and ends")]
pub(super) fn sign(mut claims: serde_json::Value, secret: &str, ttl: Duration) -> Result<String, Failure> {
    let now = Timestamp::now();
    claims["iat"] = now.as_second().into();
    claims["exp"] = now.checked_add(ttl)?.as_second().into();
    Ok(encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))?)
}
