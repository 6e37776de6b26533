//! The dashboard, the alert rules and their documentation name what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use amo_connect::metrics::declared::ALL;
use amo_connect_tests::Answer;
use serde_json::Value;

use crate::promtool::alerts;
use crate::stage::Stage;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The metrics that `text` names, without the endings of a histogram's series.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let names =
        words.filter(|word| word.starts_with("amo_connect_") || word.starts_with("process_") && *word != "process_");
    let family = |name: &str| {
        let ends = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
        ends.unwrap_or(name).to_owned()
    };
    names.map(family).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_named_is_in_a_real_answer() {
    let stage = Stage::when_due().await;
    assert_eq!(stage.leads().await, 200);
    let answer = Answer::to(stage.http().get(format!("{}/metrics", stage.base))).await.text;
    let types = answer.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let answered: BTreeSet<_> = types.map(str::to_owned).collect();
    for file in
        ["deploy/prometheus/alerts.yaml", "deploy/grafana/amo-connect.json", "docs/alerts.md", "docs/metrics.md"]
    {
        let unknown: Vec<_> = named(&read(file)).into_iter().filter(|name| !answered.contains(name)).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
    let undeclared: Vec<_> = answered
        .iter()
        .filter(|name| !name.starts_with("process_") && !ALL.iter().any(|declared| declared.name == **name))
        .collect();
    assert!(undeclared.is_empty(), "{undeclared:?}");
    assert_eq!(answered.iter().filter(|name| name.starts_with("amo_connect_")).count(), ALL.len());
}

#[test]
fn the_dashboard_shows_every_metric() {
    let dashboard = read("deploy/grafana/amo-connect.json");
    let shown = named(&dashboard);
    let hidden: Vec<_> = ALL.iter().filter(|declared| !shown.contains(declared.name)).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
    let panels = serde_json::from_str::<Value>(&dashboard).unwrap()["panels"].as_array().unwrap().clone();
    let first: Vec<_> = panels[1..3].iter().map(|panel| panel["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(first, ["Pairs not saved", "Database writable"], "what is worst stands first");
}

#[test]
fn every_alert_has_a_section_that_its_rule_links_to() {
    let (documented, rules) = (read("docs/alerts.md"), read("deploy/prometheus/alerts.yaml"));
    let alerts = alerts();
    let headings: Vec<_> = documented.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, alerts);
    for alert in &alerts {
        let link = format!("runbook: docs/alerts.md#{}", alert.to_lowercase());
        assert!(rules.contains(&link), "{link}");
    }
    for part in ["**Means:**", "**Look at:**", "**Do:**"] {
        assert_eq!(documented.matches(part).count(), alerts.len(), "{part}");
    }
    let severities = ["severity: critical", "severity: warning"].map(|severity| rules.matches(severity).count());
    assert_eq!(severities.iter().sum::<usize>(), alerts.len());
}
