//! Turns of an account that are shared wrongly.

use std::time::Duration;

use amo_connect_contract::MemoryRateLimitStore;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore as _, StoreError};
use amo_connect_domain::rate_limit::{Demand, Pace, Reservation, Share, UserTag, Waiting};

use super::Bug;

impl Bug {
    /// What the store of rate limits is told of `demand`; `own` is a store that no other instance has.
    pub(crate) async fn told(
        self,
        own: &MemoryRateLimitStore,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
    ) -> Result<Demand, StoreError> {
        let alone = |share| {
            let waiting = vec![Waiting { share, callers: 1, calls: 1 }];
            Demand { asker: demand.asker, waiting }
        };
        let is_exchange = |share: &Share| matches!(share, Share::Exchange(_));
        let shares = || demand.waiting.iter().map(|waiting| waiting.share);
        Ok(match self {
            Self::ExchangesFirst => shares().find(is_exchange).or(shares().next()).map_or(demand.clone(), alone),
            Self::SharesOfOneInstance => {
                let pace = Pace { apart: Duration::ZERO, ..pace };
                let told = match own.reserve(account, pace, demand, Duration::ZERO).await? {
                    Reservation::Granted { share, .. } => alone(share),
                    _ => demand.clone(),
                };
                // What one instance announces takes the place of what another one has.
                Demand { asker: 0, ..told }
            }
            Self::ExchangesOfAllAreOnes => {
                let mut told = Demand { waiting: Vec::new(), ..demand.clone() };
                for waiting in &demand.waiting {
                    let share = if is_exchange(&waiting.share) { Share::Exchange(UserTag(0)) } else { waiting.share };
                    match told.waiting.iter_mut().find(|told| told.share == share) {
                        Some(told) => told.callers += waiting.callers,
                        None => told.waiting.push(Waiting { share, ..*waiting }),
                    }
                }
                told
            }
            _ => demand.clone(),
        })
    }

    /// The reservation for one of `demand`: of all users' exchanges, the one that came first.
    pub(crate) fn of_demand(reservation: Reservation, demand: &Demand) -> Reservation {
        match reservation {
            Reservation::Granted { wait, turns, share: Share::Exchange(UserTag(0)), probe } => {
                let first = demand.waiting.iter().map(|waiting| waiting.share);
                let share = first.into_iter().find(|share| matches!(share, Share::Exchange(_)));
                let share = share.unwrap_or(Share::Exchange(UserTag(0)));
                Reservation::Granted { wait, turns, share, probe }
            }
            other => other,
        }
    }
}
