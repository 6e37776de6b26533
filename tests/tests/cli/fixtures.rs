//! `amo-connect sandbox --fixtures`.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use amo_connect_tests::{KEPT, Process, free_ports, word_after};
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/sandbox/examples/fixtures.yaml");

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_has_the_accounts_of_the_file_with_and_without_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = ["--fixtures", EXAMPLE];
    for rest in [&["--amo-only"][..], &KEPT] {
        let (process, guide) = Process::sandbox(&[rest, &fixtures].concat(), folder.path()).await;
        assert!(guide.contains("31920194"), "{guide}");
        let amo = word_after(&guide, "amoCRM is at ");
        let report = reqwest::get(format!("{amo}/_sandbox")).await.unwrap().text().await.unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["accounts"][0]["name"], "Harbour Homes", "{rest:?}");
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_of_the_file_is_told_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.json");
    fs::write(
        &file,
        "{\"accounts\": [\n  {\"name\": \"A\", \"users\": [\"Ann\"], \"leads\": [{\"price\": \"x\"}]},\n  {}\n]}",
    )
    .unwrap();
    let first = format!("127.0.0.1:{}", free_ports(33_000));
    for rest in [&["--amo-only"][..], &["--bind", "127.0.0.1:0", "--data", "kept"]] {
        let arguments = [&["sandbox", "--amo-bind", &first, "--fixtures", "wrong.json"], rest].concat();
        let (code, output, complaint) = Process::start(&arguments, &[], folder.path()).ended().await;
        assert_eq!((code, output.as_str()), (Some(1), ""));
        let lines: Vec<_> = complaint.lines().collect();
        let told = [
            "amo-connect: --fixtures has mistakes, nothing was started:",
            "wrong.json:2:45: accounts[0].leads[0]: expected the key name",
            "wrong.json:2:55: accounts[0].leads[0].price: expected a whole number that is not negative, found \"x\"",
            "wrong.json:3:3: accounts[1]: expected the key name",
            "wrong.json:3:3: accounts[1]: expected users of whom at least one is an administrator and active",
        ];
        assert_eq!(lines, told, "{complaint}");
        assert!(TcpListener::bind(&first).is_ok() && !folder.path().join("kept").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_and_flags_that_exclude_each_other_are_told() {
    let complaint = async |arguments: &[&str]| {
        let arguments = [&["sandbox", "--amo-only"], arguments].concat();
        let (code, _, complaint) = Process::start(&arguments, &[], Path::new("/")).ended().await;
        assert_ne!(code, Some(0));
        complaint
    };
    let told = complaint(&["--fixtures", "/nowhere.yaml"]).await;
    assert!(told.contains("--fixtures /nowhere.yaml: No such file"), "{told}");
    let told = complaint(&["--fixtures", EXAMPLE, "--leads", "5"]).await;
    assert!(told.contains("cannot be used with"), "{told}");
}
