//! What the build is made of: licences, sources and bans by `deny.toml`, a reason for each direct dependency, no
//! `unsafe`, and pinned versions.

#![expect(clippy::unwrap_used, reason = "a manifest that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// All packages of `Cargo.lock`, or our own with what their manifests name.
fn packages(further: &[&str]) -> Vec<Value> {
    let arguments = ["metadata", "--locked", "--offline", "--all-features", "--format-version", "1", "--manifest-path"];
    let metadata = Command::new(env!("CARGO")).args(arguments).arg(root().join("Cargo.toml")).args(further).output();
    let metadata = metadata.unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// What `deny.toml` has that is checked here; cargo-deny checks the rest.
#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    sources: Sources,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
    allow_git: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    deny_multiple_versions: bool,
    reason: String,
}

fn rules() -> Rules {
    toml::from_str(&read("deny.toml")).unwrap()
}

/// Whether these licences are enough for `expression` (SPDX; the old `MIT/Apache-2.0` is a choice).
fn is_enough(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression =
        expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "+WITH+");
    let words: Vec<_> = expression.split_whitespace().map(|word| word.replace("+WITH+", " WITH ")).collect();
    let (enough, read) = any_of(&words, allowed);
    enough && read == words.len()
}

/// A choice, which binds weakest. Gives how many words it has, too.
fn any_of(words: &[String], allowed: &BTreeSet<&str>) -> (bool, usize) {
    let (mut enough, mut at) = all_of(words, allowed);
    while words.get(at).is_some_and(|word| word == "OR") {
        let (other, read) = all_of(&words[at + 1..], allowed);
        enough |= other;
        at += 1 + read;
    }
    (enough, at)
}

fn all_of(words: &[String], allowed: &BTreeSet<&str>) -> (bool, usize) {
    let (mut enough, mut at) = one_of(words, allowed);
    while words.get(at).is_some_and(|word| word == "AND") {
        let (other, read) = one_of(&words[at + 1..], allowed);
        enough &= other;
        at += 1 + read;
    }
    (enough, at)
}

fn one_of(words: &[String], allowed: &BTreeSet<&str>) -> (bool, usize) {
    match words.first().map(String::as_str) {
        Some("(") => {
            let (enough, read) = any_of(&words[1..], allowed);
            (enough, read + 2)
        }
        Some(name) => (allowed.contains(name), 1),
        None => (false, 0),
    }
}

#[test]
fn an_expression_of_licences_is_read_as_spdx_has_it() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0 WITH LLVM-exception", "ISC"]);
    for (expression, enough) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND ISC OR GPL-3.0", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("ISC AND (GPL-3.0 OR AGPL-3.0)", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("MIT MIT", false),
        ("", false),
    ] {
        assert_eq!(is_enough(expression, &allowed), enough, "{expression}");
    }
}

#[test]
fn every_crate_has_a_licence_that_is_allowed() {
    let rules = rules();
    let mut bad = Vec::new();
    for package in packages(&[]) {
        let (name, licence) = (package["name"].as_str().unwrap(), package["license"].as_str().unwrap_or_default());
        let exceptions = rules.licenses.exceptions.iter().filter(|exception| exception.name == name);
        let allowed = exceptions.flat_map(|exception| &exception.allow).chain(&rules.licenses.allow);
        if !is_enough(licence, &allowed.map(String::as_str).collect()) {
            bad.push(format!("{name}: {licence}"));
        }
    }
    assert!(bad.is_empty(), "not allowed by deny.toml: {bad:#?}");
}

#[test]
fn every_crate_comes_from_a_source_that_is_allowed() {
    let sources = rules().sources;
    assert!(sources.allow_git.is_empty());
    let allowed: Vec<_> = sources.allow_registry.iter().map(|registry| format!("registry+{registry}")).collect();
    for package in packages(&[]) {
        let Some(source) = package["source"].as_str() else {
            let path = package["manifest_path"].as_str().unwrap();
            assert!(Path::new(path).starts_with(root()), "{path} is not in the repository");
            continue;
        };
        assert!(allowed.iter().any(|allowed| allowed == source), "{}: {source}", package["name"]);
    }
}

#[test]
fn no_crate_is_there_that_is_banned() {
    let packages = packages(&[]);
    for Banned { name, deny_multiple_versions, reason } in rules().bans.deny {
        let there = packages.iter().filter(|package| package["name"] == name.as_str()).count();
        assert!(there <= usize::from(deny_multiple_versions), "{name} is there {there} times: {reason}");
    }
}

#[test]
fn each_direct_dependency_has_its_reason_and_no_other_crate_has_one() {
    let page = read("docs/dependencies.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let explained: BTreeSet<_> = rows.map(|(name, why)| (name.to_owned(), why.len() > 8)).collect();
    let members = packages(&["--no-deps"]);
    let ours: BTreeSet<_> = members.iter().map(|member| member["name"].as_str().unwrap()).collect();
    let named = members.iter().flat_map(|member| member["dependencies"].as_array().unwrap());
    let named = named.map(|dependency| dependency["name"].as_str().unwrap()).filter(|name| !ours.contains(name));
    let named: BTreeSet<_> = named.map(|name| (name.to_owned(), true)).collect();
    let (missing, left): (Vec<_>, Vec<_>) =
        (named.difference(&explained).collect(), explained.difference(&named).collect());
    assert!(missing.is_empty() && left.is_empty(), "docs/dependencies.md lacks {missing:?}, and has {left:?}");
}

#[test]
fn no_crate_of_ours_has_unsafe_code_and_each_inherits_the_lints() {
    let workspace: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for member in packages(&["--no-deps"]) {
        let path = member["manifest_path"].as_str().unwrap();
        let manifest: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints.and_then(toml::Value::as_bool), Some(true), "{path} has lints of its own");
    }
}

#[test]
fn the_toolchain_and_all_versions_are_pinned() {
    let toolchain: toml::Table = toml::from_str(&read("rust-toolchain.toml")).unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    let numbers: Vec<_> = channel.split('.').map(str::parse::<u32>).collect();
    assert!(numbers.len() == 3 && numbers.iter().all(Result::is_ok), "{channel} is no version");
    let workspace: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let minimum = workspace["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(channel.starts_with(minimum), "{minimum} and {channel}");
    let lock: toml::Table = toml::from_str(&read("Cargo.lock")).unwrap();
    let packages = lock["package"].as_array().unwrap();
    let foreign = packages.iter().filter(|package| package.get("source").is_some());
    let unchecked: Vec<_> = foreign.filter(|package| package.get("checksum").is_none()).collect();
    assert!(packages.len() > 100 && unchecked.is_empty(), "{unchecked:?}");
}
