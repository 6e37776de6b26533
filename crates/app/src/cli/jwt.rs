//! `amo-connect jwt`.

use std::time::Duration;

use amo_connect_domain::ids::UserId;
use clap::Args;
use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::{Failure, print};

/// What the token says.
#[derive(Args)]
pub(super) struct JwtArgs {
    /// The user it names
    #[arg(long)]
    user: String,
    /// How long it is good
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// The secret it is signed with
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    jwt_secret: String,
    /// The claim that names the user
    #[arg(long, env = "JWT_USER_CLAIM", default_value = "sub", hide_env_values = true)]
    jwt_user_claim: String,
    /// The issuer it names
    #[arg(long, env = "JWT_ISSUER", hide_env_values = true)]
    jwt_issuer: Option<String>,
    /// The audience it names
    #[arg(long, env = "JWT_AUDIENCE", hide_env_values = true)]
    jwt_audience: Option<String>,
}

/// Prints a token.
pub(super) fn run(args: &JwtArgs) -> Result<(), Failure> {
    UserId::new(args.user.as_str())?;
    if args.jwt_secret.is_empty() {
        return Err("JWT_SECRET: is required".into());
    }
    let claim = if args.jwt_user_claim.is_empty() { "sub" } else { &args.jwt_user_claim };
    let mut claims = json!({ claim: args.user });
    let names = [("iss", &args.jwt_issuer), ("aud", &args.jwt_audience)];
    for (name, value) in names.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))) {
        if !value.is_empty() {
            claims[name] = value.into();
        }
    }
    print(&sign(claims, &args.jwt_secret, args.ttl)?)
}

/// A token of `claims`, good for `ttl` from now.
#[expect(clippy::disallowed_methods, reason = "a command makes one token by the wall clock and ends")]
pub(super) fn sign(mut claims: serde_json::Value, secret: &str, ttl: Duration) -> Result<String, Failure> {
    let now = Timestamp::now();
    claims["iat"] = now.as_second().into();
    claims["exp"] = now.checked_add(ttl)?.as_second().into();
    Ok(encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))?)
}
