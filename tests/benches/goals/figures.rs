//! Medians, percentiles, and how a figure is written.

use std::time::Duration;

/// The one in the middle.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    percentile(figures, 50)
}

/// The smallest figure that `percent` of them do not exceed.
pub(crate) fn percentile(figures: impl IntoIterator<Item = f64>, percent: usize) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures[(figures.len() * percent / 100).min(figures.len() - 1)]
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// How often a second something was done that was done `times` in this time.
pub(crate) fn a_second(times: usize, within: Duration) -> f64 {
    count(times) / within.as_secs_f64()
}

/// A count as a figure.
pub(crate) fn count(times: usize) -> f64 {
    f64::from(u32::try_from(times).unwrap())
}

/// With three digits that count, and thousands apart.
pub(crate) fn figure(figure: f64) -> String {
    if figure < 0.0 {
        return format!("-{}", self::figure(-figure));
    }
    match figure {
        small if small < 10.0 => format!("{small:.2}"),
        middling if middling < 1000.0 => format!("{middling:.1}"),
        large => {
            let digits = format!("{large:.0}");
            let groups: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
            groups.join(",")
        }
    }
}
