//! Calls to the CRM with permits of the rate limiter: one pace and one circuit breaker for all instances.

mod bundle;
mod call_kind;
mod client;
mod dispatcher;
mod limiter;
mod queue;
mod slot;
mod spacing;
mod waiters;

pub use client::{RateLimitedClient, Urgency};
