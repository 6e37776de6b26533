//! What servers, and what stands between, do to an answer that has a pair in it.

/// How an answer with a pair is dressed. The pair is whole in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    /// Another status, which may be one of failure.
    Status(u16),
    /// A byte-order mark before the body.
    ByteOrderMark,
    /// Notices of the server's before and after the body.
    Notices,
    /// Each member of the object twice.
    MembersTwice,
    /// A body shorter than the head says.
    EndsEarly,
    /// A reset of the connection after the last byte.
    Reset,
    /// A connection that stays open after the last byte.
    StaysOpen,
    /// `Content-Encoding: gzip`, though nobody asked for it.
    Compressed,
    /// Header lines that make no sense.
    OddHeaders,
}
