//! amoCRM's request limits: so many in any window of one second, exactly.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use crate::{AccountId, clock::Moment};

const WINDOW: Duration = Duration::from_secs(1);

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// All requests to one account.
    Account(AccountId),
    /// Those of one integration, everywhere or in one account.
    Integration(String, Option<AccountId>),
}

/// The times of the requests let through within the last second.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    passed: HashMap<Counted, VecDeque<Moment>>,
}

impl Limiter {
    /// Lets a request through if none of its `limits` is reached, and then counts it in each.
    /// A limit of zero is off. What is refused is not counted.
    pub(crate) fn admit(&mut self, now: Moment, limits: &[(Counted, u32)]) -> bool {
        let limits: Vec<_> = limits.iter().filter(|(_, limit)| *limit > 0).collect();
        for (counted, limit) in &limits {
            let passed = self.passed.entry(counted.clone()).or_default();
            while passed.front().is_some_and(|&first| now.since(first) >= WINDOW) {
                passed.pop_front();
            }
            if passed.len() >= *limit as usize {
                return false;
            }
        }
        for (counted, _) in limits {
            if let Some(passed) = self.passed.get_mut(counted) {
                passed.push_back(now);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn integration() -> Counted {
        Counted::Integration("sandbox".to_owned(), None)
    }

    /// Sends every 10 ms for a minute and gives the times of what passed.
    fn a_minute_of_hammering(limit: u32) -> Vec<Moment> {
        let mut clock = Clock::start();
        clock.freeze(true);
        let mut limiter = Limiter::default();
        let mut passed = Vec::new();
        for _ in 0..6000 {
            if limiter.admit(clock.now(), &[(integration(), limit)]) {
                passed.push(clock.now());
            }
            clock.advance(Duration::from_millis(10));
        }
        passed
    }

    #[test]
    fn seven_pass_in_any_second_of_a_minute_and_never_eight() {
        let passed = a_minute_of_hammering(7);
        assert_eq!(passed.len(), 7 * 60);
        assert!(passed.windows(8).all(|eight| eight[7].since(eight[0]) >= WINDOW));
    }

    #[test]
    fn a_limit_of_zero_is_off() {
        assert_eq!(a_minute_of_hammering(0).len(), 6000);
    }

    #[test]
    fn a_request_refused_by_one_limit_is_not_counted_in_the_other() {
        let clock = Clock::start();
        let account = Counted::Account(AccountId::from(1));
        let mut limiter = Limiter::default();
        let now = clock.now();
        assert!(limiter.admit(now, &[(account.clone(), 2), (integration(), 1)]));
        assert!(!limiter.admit(now, &[(account.clone(), 2), (integration(), 1)]));
        assert!(limiter.admit(now, &[(account, 2)]));
    }
}
