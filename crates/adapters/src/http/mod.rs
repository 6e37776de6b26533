//! HTTP for clients of a CRM: what leaves once, and what comes back, read up to a limit.
//!
//! A token request that may have arrived is not a failed one, so an [`Answer`] has whatever came of
//! its body beside the [`Loss`] that ended it, and [`readings`] undoes codings that nobody asked for.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use amo_connect_adapters::http::{HttpClient, HttpLimits, Loss, readings};
//! use amo_connect_domain::ports::AmoError;
//!
//! async fn refreshed(request: reqwest::Request) -> Result<String, AmoError> {
//!     let limits = HttpLimits {
//!         connect_timeout: Duration::from_secs(5),
//!         timeout: Duration::from_mins(1),
//!         longest_body: 64 * 1024,
//!         is_local: false,
//!         private_addresses: false,
//!     };
//!     let client = HttpClient::for_tokens(limits).or(Err(AmoError::Unreachable))?;
//!     let answer = client.send(request).await.map_err(|loss| match loss {
//!         // No byte was sent.
//!         Loss::NotSent => AmoError::Unreachable,
//!         _ => AmoError::OutcomeUnknown,
//!     })?;
//!     // The pair was bought: it is looked for in all that came, before the status is asked.
//!     let mut texts = readings(&answer.body, client.longest_body()).into_iter();
//!     texts.find_map(|text| pair_in(&text)).ok_or(AmoError::OutcomeUnknown)
//! }
//! # fn pair_in(_: &[u8]) -> Option<String> { None }
//! ```

mod authority;
mod budget;
mod client;
mod coding;
mod deadline;
mod dns;
mod growth;
mod host_calls;
mod host_places;
mod read_body;

use std::error::Error;
use std::{fmt, io};

use budget::Room;
use http::{HeaderMap, StatusCode};

pub use authority::{BadAuthority, NoAnswer, TlsFault};
pub use budget::{CallBudget, CallBudgetUse, SMALL_ANSWER};
pub use client::{HttpClient, HttpLimits, IDLE, KEPT_PER_HOST};
pub use coding::{is_text, readings, words};
use deadline::DeadlinePassed;

/// An answer whose head was read.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// As much of the body as came.
    pub body: Vec<u8>,
    /// What kept the rest of it from coming.
    pub loss: Option<Loss>,
    /// Its memory is given back when it was looked at.
    _room: Option<Room>,
}

impl Answer {
    /// The body, if all of it came.
    pub fn whole(&self) -> Result<&[u8], Loss> {
        self.loss.map_or(Ok(&self.body), Err)
    }
}

/// Why there is no answer, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The host was not reached, or too late: DNS, TCP or TLS. It got no byte of the request.
    NotSent,
    /// It took too long.
    TimedOut,
    /// The connection ended early, or what came was no HTTP.
    Cut,
    /// The body is longer than we read.
    TooLong,
    /// Too many calls were under way: nothing was sent.
    NoSocket,
    /// The answer is a long one, and too many others were.
    NoRoom,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "the host cannot be reached: there is no such name, no connection or no TLS",
            Self::TimedOut => "the host took too long",
            Self::Cut => "the connection ended early, or what came is no HTTP",
            Self::TooLong => "the answer is too long",
            Self::NoSocket => "too many calls are under way",
            Self::NoRoom => "too many long answers are read at the same time",
        })
    }
}

impl Loss {
    /// As it stands in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::TimedOut => "timed_out",
            Self::Cut => "cut",
            Self::TooLong => "too_long",
            Self::NoSocket => "no_socket",
            Self::NoRoom => "no_room",
        }
    }

    fn of(error: &reqwest::Error) -> Self {
        let loss = if error.is_connect() || error.is_builder() || is_late(error) {
            Self::NotSent
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Cut
        };
        // Only the kind: an error's text can quote its peer.
        tracing::debug!(amo.loss = loss.name(), dns = error.is_dns(), io = ?io_kind(error), "the CRM did not answer");
        loss
    }
}

fn is_late(error: &reqwest::Error) -> bool {
    causes(error).any(<dyn Error>::is::<DeadlinePassed>)
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |error| Error::source(*error))
}
