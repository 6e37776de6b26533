//! Politeness over fakes, in virtual time: what amoCRM is sent when, and what those are told who wait.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so loudly")]

mod bans;
mod turns;
mod virtual_time;
mod world;
