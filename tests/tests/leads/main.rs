//! Leads and pipelines over HTTP: every field, every lead, and no call too many.

#![expect(clippy::unwrap_used, reason = "an answer without what is looked for fails the test")]

mod fields;
mod kept;
mod pages;
mod politeness;
mod refusals;
mod steps;
