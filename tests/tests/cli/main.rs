//! Commands for operators and for whoever packs the binary, as processes of their own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod completions;
mod doctor;
mod fixtures;
mod healthcheck;
mod import;
mod move_store;
