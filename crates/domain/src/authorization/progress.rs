//! What the app is told about an attempt.

use jiff::Timestamp;

use super::attempt::{Attempt, AttemptReason, AttemptState};
use super::code::{Exchange, ExchangeStatus};

/// What the app is told about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptProgress {
    /// Nothing final yet; a reason means that a reload of the browser page can mend it.
    Pending(Option<AttemptReason>),
    /// The code is being exchanged.
    Exchanging,
    /// The grant waits for the app to bring the code back.
    AwaitingClaim,
    /// Connected. Final.
    Connected,
    /// Declined. Final.
    Denied,
    /// Too late. Final.
    Expired,
    /// Over, for this reason if one is known. Final.
    Failed(Option<AttemptReason>),
}

impl AttemptProgress {
    /// Whether nothing will change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Connected | Self::Denied | Self::Expired | Self::Failed(_))
    }
}

impl Attempt {
    /// Where the attempt stands at `now`, given the exchange of its code if it has one and
    /// the store's clock for that exchange's lease.
    pub fn progress(&self, exchange: Option<&Exchange>, now: Timestamp, store_now: Timestamp) -> AttemptProgress {
        let mendable = |reason| {
            if self.is_valid(now) { AttemptProgress::Pending(reason) } else { AttemptProgress::Expired }
        };
        match (self.state, exchange) {
            (AttemptState::Open, _) => mendable(None),
            (AttemptState::Denied, _) => AttemptProgress::Denied,
            (AttemptState::Superseded, _) | (AttemptState::Spent(_), None) => AttemptProgress::Expired,
            (AttemptState::Failed(reason), _) => AttemptProgress::Failed(reason),
            (AttemptState::Spent(_), Some(exchange)) => match &exchange.status {
                ExchangeStatus::InFlight(lease) if lease.is_live(store_now) => AttemptProgress::Exchanging,
                ExchangeStatus::InFlight(_) | ExchangeStatus::Interrupted => {
                    mendable(Some(AttemptReason::CrmUnavailable))
                }
                ExchangeStatus::Waiting { claim_by, .. } if now < *claim_by => AttemptProgress::AwaitingClaim,
                ExchangeStatus::Waiting { .. } | ExchangeStatus::Unclaimed => {
                    AttemptProgress::Failed(Some(AttemptReason::ClaimTimeout))
                }
                ExchangeStatus::Connected(_) => AttemptProgress::Connected,
                ExchangeStatus::CodeRefused => AttemptProgress::Failed(Some(AttemptReason::InvalidCode)),
                ExchangeStatus::Void => AttemptProgress::Failed(Some(AttemptReason::Disconnected)),
                ExchangeStatus::OtherAccount => AttemptProgress::Failed(None),
            },
        }
    }
}
