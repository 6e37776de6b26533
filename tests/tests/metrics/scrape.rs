//! An answer of `/metrics`, read.

use std::collections::BTreeMap;

use amo_connect_tests::Answer;

/// The series of one answer, by their names with their labels, and their values, as they are written there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrape(pub(crate) BTreeMap<String, String>);

impl Scrape {
    /// What `base` answers.
    pub(crate) async fn of(base: &str) -> Self {
        let answer = Answer::to(reqwest::Client::builder().build().unwrap().get(format!("{base}/metrics"))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        let samples = answer.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let sample = |line: &str| {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            (series.to_owned(), value.to_owned())
        };
        Self(samples.map(sample).collect())
    }

    /// The value of a series, such as `name{label="value"}`.
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.text(series).parse().unwrap()
    }

    /// The value of a series that counts.
    pub(crate) fn count(&self, series: &str) -> u64 {
        self.text(series).parse().unwrap()
    }

    /// The same; one that has not counted anything yet is not there, and zero.
    pub(crate) fn count_or_zero(&self, series: &str) -> u64 {
        if self.0.contains_key(series) { self.count(series) } else { 0 }
    }

    /// By how much each of these series has risen since `before`.
    pub(crate) fn rise<const N: usize>(&self, before: &Self, series: [&str; N]) -> [u64; N] {
        series.map(|series| self.count(series) - before.count_or_zero(series))
    }

    fn text(&self, series: &str) -> &str {
        self.0.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0.keys()))
    }
}
