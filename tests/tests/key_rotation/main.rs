//! `TOKEN_KEYS` is changed while real instances serve: in the documented order nobody notices, and the
//! wrong orders are refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod refused;
mod rolling;
mod stage;
