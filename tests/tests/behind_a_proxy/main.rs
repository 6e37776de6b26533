//! The service behind a proxy: connections that are kept, instances that stop, and whose address counts.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod balancer;
mod connections;
mod readiness;
mod restarts;
mod stops;
