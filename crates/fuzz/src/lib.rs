//! Fuzz targets: whatever strangers, proxies, phones, operators and amoCRM can send, and what must hold for all of it.
//!
//! A target takes bytes, hands them to the code that reads such bytes in the service, and panics if something does not
//! hold. [`TARGETS`] has them all. `tests/corpora.rs` runs each over its corpus, and `libfuzzer/` has libFuzzer run them.

#![expect(clippy::unwrap_used, reason = "a target that cannot do its work has to panic")]

mod answers;
mod callback;
mod configuration;
mod deep_link;
mod envelope;
mod forwarded_for;
mod host;
mod idempotency_key;
mod jwt;

/// What a target does with bytes.
pub type Target = fn(&[u8]);

/// All targets, by their names.
pub const TARGETS: &[(&str, Target)] = &[
    ("answers", answers::answers),
    ("callback", callback::callback),
    ("configuration", configuration::configuration),
    ("deep_link", deep_link::deep_link),
    ("envelope", envelope::envelope),
    ("forwarded_for", forwarded_for::forwarded_for),
    ("host", host::host),
    ("idempotency_key", idempotency_key::idempotency_key),
    ("jwt", jwt::token),
    ("jwt_claims", jwt::claims),
    ("jwt_header", jwt::header),
];

/// Runs the target of this name over `data`.
///
/// # Panics
/// If there is none, or if something does not hold for these bytes.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    target(data);
}
