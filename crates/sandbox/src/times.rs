//! Times as API v2 writes some of them: `2026-11-20 18:00:00`.

use jiff::{Timestamp, tz::TimeZone};

use crate::{WebhookZone, store::UTC_OFFSET_S};

/// A time in the zone that the switch says.
pub(crate) fn written(seconds: u64, zone: WebhookZone) -> String {
    let offset = match zone {
        WebhookZone::Account => UTC_OFFSET_S,
        WebhookZone::Utc => 0,
    };
    let local = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(offset);
    let time = Timestamp::from_second(local).map(|time| time.to_zoned(TimeZone::UTC).datetime());
    time.map_or_else(
        |_| seconds.to_string(),
        |time| {
            let (date, clock) = (time.date(), time.time());
            format!("{date} {:02}:{:02}:{:02}", clock.hour(), clock.minute(), clock.second())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_accounts_or_by_the_switch_greenwichs() {
        assert_eq!(written(1_601_242_011, WebhookZone::Account), "2020-09-27 23:26:51");
        assert_eq!(written(1_601_242_011, WebhookZone::Utc), "2020-09-27 21:26:51");
    }
}
