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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::authorization::attempt::ATTEMPT_TERM;
    use crate::authorization::code::{Admission, Admitted, Origin};
    use crate::connection::Grant;
    use crate::host::AccountHost;
    use crate::ids::{AttemptId, Epoch, LeaseOwner, UserId};
    use crate::lease::{LEASE_TERM, Lease};
    use crate::token::{AccessToken, AuthorizationCode, CodeHash, Issued, RefreshToken, State, StateHash};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn attempt(state: AttemptState) -> Attempt {
        let (user, state_hash) = (UserId::new("olena").unwrap(), StateHash::of(Some(&State::new("s"))));
        Attempt { state, ..Attempt::open(AttemptId([1; 16]), user, state_hash, at(0)) }
    }

    fn code() -> CodeHash {
        CodeHash::of(&AuthorizationCode::new("code"))
    }

    /// Where an attempt whose code came back stands at `second`, with the code's exchange in this status.
    fn progress(status: ExchangeStatus, second: i64) -> AttemptProgress {
        let origin =
            Origin::Attempt { id: AttemptId([1; 16]), user: UserId::new("olena").unwrap(), claim_needed: true };
        let host = AccountHost::stored("a1.amocrm.ru");
        let request = Admission { code: code(), came_with: None, origin, host, caller: None };
        let (open, owner) = (attempt(AttemptState::Open), LeaseOwner([1; 16]));
        let admitted = Exchange::admit(None, &request, Some(&open), None, owner, at(0), at(0));
        let Admitted::Granted(exchange) = admitted else { panic!("{admitted:?}") };
        let exchange = Exchange { status, ..exchange };
        attempt(AttemptState::Spent(code())).progress(Some(&exchange), at(second), at(second))
    }

    #[test]
    fn a_code_under_way_is_exchanging_while_its_lease_lives_and_then_a_reload_mends_it() {
        let under_way = || ExchangeStatus::InFlight(Lease { owner: LeaseOwner([1; 16]), until: at(15) });
        let unavailable = AttemptProgress::Pending(Some(AttemptReason::CrmUnavailable));
        assert_eq!(LEASE_TERM.as_secs(), 15);
        assert_eq!(progress(under_way(), 14), AttemptProgress::Exchanging);
        assert_eq!(progress(under_way(), 15), unavailable);
        assert_eq!(progress(ExchangeStatus::Interrupted, 0), unavailable);
        let end = i64::try_from(ATTEMPT_TERM.as_secs()).unwrap();
        assert_eq!(progress(ExchangeStatus::Interrupted, end), AttemptProgress::Expired);
    }

    #[test]
    fn a_grant_awaits_its_claim_until_its_term() {
        let issued = Issued {
            access: AccessToken::new("a"),
            refresh: RefreshToken::new("r"),
            expires_in: Duration::from_hours(24),
            account: None,
            host: None,
        };
        let grant = Grant { host: AccountHost::stored("a1.amocrm.ru"), account: None, tokens: issued.into_pair(at(0)) };
        let waiting = || ExchangeStatus::Waiting { grant: Box::new(grant.clone()), claim_by: at(100) };
        let too_late = AttemptProgress::Failed(Some(AttemptReason::ClaimTimeout));
        assert_eq!(progress(waiting(), 99), AttemptProgress::AwaitingClaim);
        assert_eq!((progress(waiting(), 100), progress(ExchangeStatus::Unclaimed, 0)), (too_late, too_late));
    }

    #[test]
    fn an_exchange_that_is_over_is_told_and_what_is_told_then_is_final() {
        for (status, told) in [
            (ExchangeStatus::Connected(Epoch(1)), AttemptProgress::Connected),
            (ExchangeStatus::CodeRefused, AttemptProgress::Failed(Some(AttemptReason::InvalidCode))),
            (ExchangeStatus::Void, AttemptProgress::Failed(Some(AttemptReason::Disconnected))),
            (ExchangeStatus::OtherAccount, AttemptProgress::Failed(None)),
        ] {
            assert_eq!(progress(status, 0), told);
            assert!(told.is_final(), "{told:?}");
        }
        assert!(AttemptProgress::Denied.is_final() && AttemptProgress::Expired.is_final());
        for told in [AttemptProgress::Pending(None), AttemptProgress::Exchanging, AttemptProgress::AwaitingClaim] {
            assert!(!told.is_final(), "{told:?}");
        }
    }

    #[test]
    fn an_attempt_without_a_code_is_told_by_its_own_state() {
        for (state, told) in [
            (AttemptState::Open, AttemptProgress::Pending(None)),
            (AttemptState::Denied, AttemptProgress::Denied),
            (AttemptState::Superseded, AttemptProgress::Expired),
            (AttemptState::Failed(None), AttemptProgress::Failed(None)),
            // Its record was forgotten.
            (AttemptState::Spent(code()), AttemptProgress::Expired),
        ] {
            assert_eq!(attempt(state).progress(None, at(0), at(0)), told);
            let came_back = matches!(state, AttemptState::Spent(_)).then(code);
            assert_eq!(attempt(state).code(), came_back);
        }
    }
}
