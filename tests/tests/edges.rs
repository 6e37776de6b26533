//! Who may depend on whom: the architecture's edges, and a golden list of every direct dependency.

#![expect(clippy::unwrap_used, reason = "a manifest that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Set to anything, the golden list is written instead of compared.
const UPDATE: &str = "UPDATE_GOLDEN";

const APP: &str = "amo-connect";
const ADAPTERS: &str = "amo-connect-adapters";
const CONTRACT: &str = "amo-connect-contract";
const DOMAIN: &str = "amo-connect-domain";
const FUZZ: &str = "amo-connect-fuzz";
const SANDBOX: &str = "amo-connect-sandbox";
const SIMULATION: &str = "amo-connect-simulation";
const SOAK: &str = "amo-connect-soak";
const TESTS: &str = "amo-connect-tests";
const XTASK: &str = "amo-connect-xtask";

/// The direct dependencies of each member, as the golden list writes them.
fn members() -> BTreeMap<String, Vec<String>> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let members = metadata["packages"].as_array().unwrap().iter();
    members.map(|member| (member["name"].as_str().unwrap().to_owned(), dependencies(member))).collect()
}

fn dependencies(member: &Value) -> Vec<String> {
    let mut dependencies: Vec<_> = member["dependencies"].as_array().unwrap().iter().map(line).collect();
    dependencies.sort();
    dependencies
}

/// Its name, and whether it is for builds or tests, optional, or for some machines alone.
fn line(dependency: &Value) -> String {
    let mut line = dependency["name"].as_str().unwrap().to_owned();
    for word in [dependency["kind"].as_str(), dependency["target"].as_str()].into_iter().flatten() {
        write!(line, " [{word}]").unwrap();
    }
    if dependency["optional"] == true {
        line += " [optional]";
    }
    line
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Those of `dependencies` that are members too, for whatever they are needed.
fn ours<'a>(dependencies: &'a [String], members: &BTreeMap<String, Vec<String>>) -> Vec<&'a str> {
    let names = dependencies.iter().map(|line| line.split(' ').next().unwrap());
    let mut ours: Vec<_> = names.filter(|name| members.contains_key(*name)).collect();
    ours.dedup();
    ours
}

/// The members that are not named above: each is an adapter in a crate of its own.
fn other_adapters(members: &BTreeMap<String, Vec<String>>) -> Vec<&str> {
    let core = [APP, ADAPTERS, CONTRACT, DOMAIN, FUZZ, SANDBOX, SIMULATION, SOAK, TESTS, XTASK];
    members.keys().map(String::as_str).filter(|name| !core.contains(name)).collect()
}

#[track_caller]
fn assert_depends_only_on(member: &str, allowed: &[&str]) {
    let members = members();
    assert_eq!(
        ours(&members[member], &members),
        allowed,
        "of ours, {member} depends on the left, and may on the right"
    );
}

#[test]
fn the_domain_depends_on_none_of_ours() {
    assert_depends_only_on(DOMAIN, &[]);
}

#[test]
fn the_sandbox_is_somebody_elses_server_and_depends_on_none_of_ours() {
    assert_depends_only_on(SANDBOX, &[]);
}

#[test]
fn the_contract_depends_only_on_the_domain() {
    assert_depends_only_on(CONTRACT, &[DOMAIN]);
}

#[test]
fn the_simulation_depends_only_on_the_domain_and_its_contract() {
    assert_depends_only_on(SIMULATION, &[CONTRACT, DOMAIN]);
}

#[test]
fn the_adapters_depend_only_on_the_domain() {
    assert_depends_only_on(ADAPTERS, &[DOMAIN]);
}

#[test]
fn the_fuzz_targets_depend_on_what_reads_what_others_send() {
    assert_depends_only_on(FUZZ, &[APP, ADAPTERS, DOMAIN]);
}

#[test]
fn the_runner_of_the_tests_depends_on_none_of_ours() {
    assert_depends_only_on(XTASK, &[]);
}

#[test]
fn only_the_app_names_adapters() {
    let members = members();
    let others = other_adapters(&members);
    let mut named = ours(&members[APP], &members);
    named.retain(|name| !others.contains(name));
    assert_eq!(named, [ADAPTERS, DOMAIN, SANDBOX]);
    for adapter in others.iter().chain([&ADAPTERS]) {
        let naming = members.iter().filter(|(_, needed)| ours(needed, &members).contains(adapter));
        let naming: Vec<_> = naming.map(|(name, _)| name.as_str()).filter(|name| !others.contains(name)).collect();
        assert!(naming.iter().all(|name| [APP, FUZZ, TESTS].contains(name)), "{adapter} is named by {naming:?}");
    }
}

#[test]
fn an_adapter_in_a_crate_of_its_own_depends_on_the_ports_their_suites_and_our_adapters() {
    let members = members();
    for adapter in other_adapters(&members) {
        let needed = ours(&members[adapter], &members);
        let allowed = [ADAPTERS, CONTRACT, DOMAIN, TESTS];
        assert!(needed.iter().all(|name| allowed.contains(name)), "{adapter} needs {needed:?}");
        let shipped = members[adapter].iter().any(|line| [CONTRACT, TESTS].contains(&line.as_str()));
        assert!(!shipped, "{adapter} needs {CONTRACT} or {TESTS} for more than its own tests");
    }
}

#[test]
fn direct_dependencies_are_those_of_the_golden_list() {
    let edge = |member: &str, dependency: &str| format!("{member} -> {dependency}\n");
    let members = members();
    let edges = members.iter().flat_map(|(member, needed)| needed.iter().map(|needed| edge(member, needed)));
    let now: String = edges.collect();

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/dependencies.txt");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    let beyond = |list: &str, other: &str| -> Vec<String> {
        list.lines().filter(|line| !other.lines().any(|known| known == *line)).map(str::to_owned).collect()
    };
    let (new, gone) = (beyond(&now, &golden), beyond(&golden, &now));
    assert!(
        now == golden,
        "the direct dependencies are not those of tests/golden/dependencies.txt. New: {new:#?}. Gone: {gone:#?}.\n\
         If that is meant: {UPDATE}=1 cargo nextest run -p {TESTS} --test edges"
    );
}
