//! The rate limiter over fakes, in virtual time: what amoCRM is sent when, and what callers get that
//! wait.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so loudly")]

mod amo;
mod bundles;
mod circuit_breaker;
mod permits;
mod shares;
mod virtual_time;
mod watched;
mod world;
