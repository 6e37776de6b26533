//! A backoff: how long a refresh token is not sent again after a failure.

use std::time::Duration;

use crate::client::ClientFingerprint;

/// The delay after a first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest delay that failures alone lead to.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The longest backoff: amoCRM's `Retry-After` can delay the next sending so long.
pub const LONGEST_BACKOFF: Duration = Duration::from_mins(15);

/// A backoff after a sending that gave no pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Whether amoCRM may have rotated the token.
    pub in_doubt: bool,
    /// How long the token is not sent.
    pub pause: Duration,
    /// The client that amoCRM accused, if it did.
    pub accused: Option<ClientFingerprint>,
    /// Whether the token was sent at all. If it was not, amoCRM said nothing new.
    pub was_sent: bool,
}

/// The delay after `tries` failures before the next sending: doubling to [`LONGEST_PAUSE`], a
/// fifth more or less by `jitter`, and never shorter than amoCRM asked for.
pub fn delay(tries: u32, jitter: u8, retry_after: Option<Duration>) -> Duration {
    let even = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST_PAUSE);
    let fifth = even / 5;
    let delay = fifth * 4 + fifth * 2 * u32::from(jitter) / u32::from(u8::MAX);
    delay.max(retry_after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_a_second_to_five_minutes_plus_or_minus_a_fifth() {
        for (tries, even) in [(0, 1_000), (1, 2_000), (5, 32_000), (9, 300_000), (u32::MAX, 300_000)] {
            assert_eq!(delay(tries, 0, None), Duration::from_millis(even * 8 / 10), "{tries}");
            assert_eq!(delay(tries, u8::MAX, None), Duration::from_millis(even * 12 / 10), "{tries}");
        }
    }

    #[test]
    fn amocrm_is_not_asked_before_the_time_it_named() {
        assert_eq!(delay(0, 128, Some(Duration::from_mins(1))), Duration::from_mins(1));
        assert!(delay(9, 128, Some(Duration::from_mins(1))) > Duration::from_secs(200));
    }
}
