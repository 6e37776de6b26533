//! Why a connection of a client was ended by the service.

use std::net::IpAddr;

/// Why the service ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// No request came for `HTTP_IDLE_TIMEOUT`.
    Idle,
    /// A request, or a body that nobody wants, did not come to its end in time.
    SlowRequest,
    /// The client did not take its answer.
    UnreadAnswer,
    /// What came is no HTTP.
    Malformed,
    /// It waited for its client the longest when another one needed its place.
    Evicted,
    /// All places were taken by requests that are served.
    Refused,
    /// The service stops, and it waited for its client.
    Stopped,
}

impl Ending {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Idle,
        Self::SlowRequest,
        Self::UnreadAnswer,
        Self::Malformed,
        Self::Evicted,
        Self::Refused,
        Self::Stopped,
    ];

    /// The word for it, in metrics and in the log.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::SlowRequest => "slow_request",
            Self::UnreadAnswer => "unread_answer",
            Self::Malformed => "malformed_request",
            Self::Evicted => "evicted",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
        }
    }

    /// Tells of it. Strangers can bring about most of these, so a flood of them is counted (by the code).
    pub(super) fn tell(self, client: Option<IpAddr>) {
        let (code, client) = (self.code(), client.map(tracing::field::display));
        match self {
            Self::Idle => {}
            Self::SlowRequest | Self::UnreadAnswer | Self::Malformed | Self::Stopped => {
                tracing::info!(error.code = code, client.address = client, "a client's connection was ended");
            }
            Self::Evicted | Self::Refused => tracing::warn!(
                error.code = code,
                client.address = client,
                "a client's connection was ended: there are as many as this process takes"
            ),
        }
    }
}
