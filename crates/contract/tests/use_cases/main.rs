//! The use cases over fakes, in virtual time: quick enough to be run for every mutant of them.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what a test stands on fails it")]

mod connect;
mod heard;
mod reads;
mod tokens;
#[expect(dead_code, reason = "some of it is for the limited client's tests alone")]
#[path = "../rate_limited_client/virtual_time.rs"]
mod virtual_time;
mod world;
mod writes;
