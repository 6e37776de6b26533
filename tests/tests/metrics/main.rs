//! `GET /metrics` of the real binary: each metric moves when its thing happens, each refresh leaves one
//! line in the log, and each alert fires in its fault.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod address;
mod alerts;
mod calls;
mod collector;
mod files;
mod observer;
mod otlp;
mod promtool;
mod scrape;
mod stage;
mod storage;
mod tokens;
mod trace;
