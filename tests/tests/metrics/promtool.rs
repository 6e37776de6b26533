//! The alert rules, evaluated by Prometheus's own `promtool` over two real scrapes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use amo_connect_xtask::prometheus;

use crate::scrape::Scrape;

/// The rules.
pub(crate) fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus/alerts.yaml").canonicalize().unwrap()
}

/// The names of all alerts.
pub(crate) fn alerts() -> Vec<String> {
    let rules = std::fs::read_to_string(rules()).unwrap();
    rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect()
}

/// What happened between two scrapes of one instance.
pub(crate) struct Played<'s> {
    pub(crate) before: &'s Scrape,
    /// `None`: the instance does not answer any more.
    pub(crate) after: Option<&'s Scrape>,
}

impl Played<'_> {
    /// Asserts which alerts fire when what happened goes on for half an hour. It may be so or not of
    /// those that are `unsure`.
    #[track_caller]
    pub(crate) fn fires(&self, expected: &[&str], unsure: &[&str]) {
        let mut test = format!(
            "rule_files: [{}]\nevaluation_interval: 15s\ntests:\n- interval: 15s\n  input_series:\n",
            rules().display()
        );
        for (series, values) in self.series() {
            let _ = writeln!(test, "  - series: '{series}'\n    values: '{values}'");
        }
        test += "  promql_expr_test:\n";
        for alert in alerts().iter().filter(|alert| !unsure.contains(&alert.as_str())) {
            let value = u8::from(expected.contains(&alert.as_str()));
            let firing = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
            let _ = writeln!(
                test,
                "  - expr: '(count({firing}) or vector(0)) > bool 0'\n    eval_time: 30m\n    exp_samples: [{{labels: '{{}}', value: {value}}}]"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.yaml");
        std::fs::write(&file, test).unwrap();
        let done = Command::new(prometheus::promtool().unwrap()).args(["test", "rules"]).arg(&file).output().unwrap();
        let told = [done.stdout, done.stderr].map(|told| String::from_utf8_lossy(&told).into_owned()).concat();
        assert!(done.status.success(), "{expected:?} should fire, and no other: {told}");
    }

    /// The series, with two minutes as they were, and half an hour of what happened since.
    fn series(&self) -> impl Iterator<Item = (String, String)> {
        let names = self.after.unwrap_or(self.before).0.keys();
        let all = names.map(|series| (labelled(series), self.values(series)));
        let up = if self.after.is_some() { "1+0x140" } else { "1+0x8 0+0x130" };
        all.chain([(labelled("up"), up.to_owned())])
    }

    /// A counter goes on rising as it did, a gauge stays as it became.
    fn values(&self, series: &str) -> String {
        let before = if self.before.0.contains_key(series) { self.before.value(series) } else { 0.0 };
        let Some(after) = self.after.map(|after| after.value(series)) else { return format!("{before}+0x8 stale") };
        let family = series.split('{').next().unwrap();
        let rises = ["_total", "_bucket", "_count", "_sum"].iter().any(|end| family.ends_with(end));
        let step = if rises { after - before } else { 0.0 };
        assert!(step >= 0.0, "{series} fell from {before} to {after}");
        format!("{before}+0x8 {after}+{step}x130")
    }
}

/// A series with the labels that Prometheus adds.
fn labelled(series: &str) -> String {
    let added = "job=\"amo-connect\",instance=\"one\"";
    match series.split_once('{') {
        Some((name, labels)) => format!("{name}{{{added},{labels}"),
        None => format!("{series}{{{added}}}"),
    }
}
