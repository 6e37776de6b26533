//! `GET /metrics` of the real binary: each metric moves when its thing happens, and each refresh
//! leaves one line in the log.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod address;
mod calls;
mod observer;
mod scrape;
mod stage;
mod storage;
mod tokens;
mod trace;
