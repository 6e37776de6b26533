//! Writes with an `Idempotency-Key`: each is made once, however often it is asked for.
//!
//! A phone repeats what it has not heard back. So a write is on record before it is sent, under a lease, as a
//! code and a refresh token are. A repetition is answered from the record. If it is unknown whether a sending was
//! carried out, the repetition looks in the CRM for what it would have made, and the record says what may be
//! concluded from that ([`Doubt`]).

mod budget;
mod key;
mod outcome;
mod record;
mod request;
mod sending;
#[cfg(test)]
mod tests;

pub use budget::{WRITES_OF_A_USER, full_since};
pub use key::{IdempotencyKey, InvalidKey, KeyHash, LONGEST_KEY, RequestHash};
pub use outcome::{Settled, WriteOutcome, WrittenObject};
pub use record::{Begun, NotSent, WRITE_MEMORY, WriteRecord, WriteState};
pub use request::{Entity, WriteKind, WriteRequest};
pub use sending::{ABSENCE_TERM, Doubt, PRESENCE_TERM, Sending};
