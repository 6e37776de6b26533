//! Percentiles, and how figures and tables are written.

use std::time::Duration;

/// The smallest that `percent` of them do not exceed.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied()
}

/// The one in the middle.
pub(crate) fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// In milliseconds, or seconds where they are many.
pub(crate) fn time(duration: Option<Duration>) -> String {
    match duration {
        None => "–".to_owned(),
        Some(long) if long >= Duration::from_secs(10) => format!("{:.1} s", long.as_secs_f64()),
        Some(short) if short < Duration::from_millis(10) => format!("{:.1}", short.as_secs_f64() * 1e3),
        Some(middling) => format!("{}", middling.as_millis()),
    }
}

/// `part` of `whole`, in percent.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    if part == whole {
        return "100 %".to_owned();
    }
    // Less than all is never shown as all.
    let thousandths = part * 1_000 / whole;
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// A row of a table in Markdown.
pub(crate) fn row<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.as_ref().replace('|', "/").replace('\n', " ")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table whose first column is text, and whose others are figures.
pub(crate) fn head(cells: &[&str]) -> String {
    row(cells) + "|---|" + &"---:|".repeat(cells.len() - 1) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_all_is_never_shown_as_all() {
        assert_eq!((share(9_999, 10_000), share(10_000, 10_000)), ("99.9 %".to_owned(), "100 %".to_owned()));
        assert_eq!((share(0, 0), share(0, 7)), ("–".to_owned(), "0.0 %".to_owned()));
    }

    #[test]
    fn a_percentile_is_one_of_the_figures() {
        let sorted: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Some(Duration::from_millis(51)));
        assert_eq!(percentile(&sorted, 100), Some(Duration::from_millis(100)));
        assert_eq!(percentile(&[], 99), None);
    }

    #[test]
    fn a_cell_never_breaks_its_table() {
        assert_eq!(row(["a|b", "c\nd"]), "| a/b | c d |\n");
    }
}
