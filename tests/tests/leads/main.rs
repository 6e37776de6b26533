//! Leads and pipelines over HTTP: every field, every lead, and no call too many.

#![expect(clippy::unwrap_used, reason = "an answer without what is looked for fails the test")]

mod cache;
mod details;
mod fields;
mod pages;
mod people;
mod rate_limit;
mod refusals;
mod steps;
mod writes;
