//! How a store fails.

use std::error::Error;
use std::fmt;

use super::AmoError;

/// How a store failed. The source, where there is one, is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another change came first.
    #[error("the row was changed meanwhile")]
    Conflict,
    /// The database cannot be reached, or cannot write.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be read: a missing key, a flipped bit, an unknown value.
    #[error("stored data cannot be read: {0}")]
    Corrupt(&'static str),
}

impl StoreError {
    /// The rate limiter's store failed; the log has the cause, from where it happened.
    pub fn of_the_rate_limiter() -> Self {
        Self::Unavailable(Box::new(AmoError::PermitUnavailable))
    }

    /// The error with all its causes, for the log.
    pub fn whole(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(move |f| {
            write!(f, "{self}")?;
            let mut next = self.source();
            while let Some(cause) = next {
                write!(f, ": {cause}")?;
                next = cause.source();
            }
            Ok(())
        })
    }
}
