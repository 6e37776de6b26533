//! Refreshing tokens: who may send one, what an answer means, and when it may be sent again.

pub mod backoff;
pub mod due;
pub mod lease;
pub mod policy;
