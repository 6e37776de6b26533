//! How long amoCRM asks to be left alone.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// No caller waits longer; an hour and more would be a typo or an attack.
const LONGEST: Duration = Duration::from_mins(15);

/// `Retry-After` as a time to wait. A date counts from the answer's own `Date`: the two are of
/// one clock, whatever ours says.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let from = http_date(headers.get(DATE)?.to_str().ok()?)?;
        Duration::try_from(http_date(text)?.duration_since(from)).unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after_text: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after_text.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood_and_capped() {
        let noon = Some("Mon, 23 Nov 2026 12:00:00 GMT");
        for (text, date, expected) in [
            ("0", None, Some(0)),
            (" 7 ", None, Some(7)),
            ("86400", None, Some(900)),
            ("Mon, 23 Nov 2026 12:00:30 GMT", noon, Some(30)),
            ("Mon, 23 Nov 2026 11:59:00 GMT", noon, Some(0)),
            ("Tue, 24 Nov 2026 12:00:00 GMT", noon, Some(900)),
            ("Mon, 23 Nov 2026 12:00:30 GMT", None, None),
            ("-1", noon, None),
            ("soon", noon, None),
        ] {
            assert_eq!(wait(text, date), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
