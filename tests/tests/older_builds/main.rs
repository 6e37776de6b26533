//! Builds that were released before this one go on beside it, during a rolling upgrade: on the schema
//! that this build makes, and on rows that both of them write.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod migrations;
mod recording;
mod released;
mod rows;
mod stale_columns;
mod statements;
