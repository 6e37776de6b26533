//! The request journal: the last requests of clients, with what was answered.
//!
//! A request costs it next to nothing: bodies are kept as the bytes they came in, and are read, and
//! their secrets cut, only when somebody asks for the journal.

mod record;
mod secrets;
mod seen;
mod view;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{
    http::{Method, Uri, header::HeaderValue},
    web::Bytes,
};

pub(crate) use record::record;
pub(crate) use seen::Seen;
pub use view::RequestRecord;

use crate::{AccountId, world::World};
use seen::Known;

/// How many requests are kept.
const KEPT: usize = 1000;
/// The longest body of a request that is kept, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// The longest answer that is kept, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// A request and the answer to it, as they came.
#[derive(Clone)]
struct Entry {
    /// Counts the requests since the start or the last reset, from 1.
    number: u64,
    /// Seconds since 1970, by the sandbox's clock.
    at: u64,
    took: Duration,
    method: Method,
    uri: Uri,
    body: Body,
    known: Known,
    /// `None` if the client got none.
    answer: Option<Answer>,
}

/// What a client was answered.
#[derive(Clone)]
struct Answer {
    status: u16,
    location: Option<HeaderValue>,
    body: Body,
}

/// A body.
#[derive(Clone, Default)]
struct Body {
    content_type: Option<HeaderValue>,
    length: usize,
    /// The bytes, unless there are too many.
    bytes: Option<Bytes>,
}

impl Body {
    fn of_request(content_type: Option<HeaderValue>, bytes: Bytes) -> Self {
        Self::new(content_type, bytes, LONGEST_BODY)
    }

    fn of_answer(content_type: Option<HeaderValue>, bytes: Bytes) -> Self {
        Self::new(content_type, bytes, LONGEST_ANSWER)
    }

    /// Keeps a body that has at most `longest` bytes; of another one only the length.
    fn new(content_type: Option<HeaderValue>, bytes: Bytes, longest: usize) -> Self {
        let length = bytes.len();
        Self { content_type, length, bytes: (length <= longest).then_some(bytes) }
    }
}

/// The last requests, in the order they were answered.
#[derive(Default)]
pub(crate) struct Journal {
    ring: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    last: VecDeque<Entry>,
    count: u64,
}

impl Journal {
    /// Forgets everything, and counts from 1 again.
    pub(crate) fn clear(&self) {
        *self.ring() = Ring::default();
    }

    fn add(&self, mut entry: Entry) {
        let mut ring = self.ring();
        ring.count += 1;
        entry.number = ring.count;
        let oldest = if ring.last.len() == KEPT { ring.last.pop_front() } else { None };
        ring.last.push_back(entry);
        drop(ring);
        // Its bodies are freed when nobody waits for the lock.
        drop(oldest);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// The requests after the one with this number, those of all accounts or of one.
    pub(crate) fn requests(&self, after: u64, account: Option<AccountId>) -> Vec<RequestRecord> {
        let is_asked = |entry: &&Entry| account.is_none() || entry.known.account == account;
        let asked: Vec<Entry> = {
            let ring = self.journal.ring();
            let later = ring.last.iter().skip_while(|entry| entry.number <= after);
            later.filter(is_asked).cloned().collect()
        };
        let client_secrets: Vec<_> = self.integrations.iter().map(|known| known.client_secret.as_str()).collect();
        asked.iter().map(|entry| view::view(entry, &client_secrets)).collect()
    }
}
