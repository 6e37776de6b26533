//! The documents hold together: no link of theirs is dead.

#![expect(clippy::unwrap_used, reason = "a document that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use amo_connect::problem::Code;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The Markdown in `folder`, and in those below it if `deep`.
fn markdown(folder: &Path, deep: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if deep && path.is_dir() {
            found.extend(markdown(&path, deep));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// README, ARCHITECTURE and the like, all of `docs`, and what each crate says of itself.
fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut documents =
        [markdown(&root, false), markdown(&root.join("docs"), true), markdown(&root.join("tests"), false)].concat();
    for member in fs::read_dir(root.join("crates")).unwrap() {
        documents.extend(markdown(&member.unwrap().path(), false));
    }
    documents.sort();
    documents
}

/// Where the links and pictures of `text` lead.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    heading.trim().to_lowercase().chars().filter(kept).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Why `link` of `document` leads nowhere.
fn fault(document: &Path, link: &str) -> Option<&'static str> {
    if link.contains("://") {
        return None;
    }
    let (path, place) = link.split_once('#').map_or((link, None), |(path, place)| (path, Some(place)));
    let target = if path.is_empty() { document.to_owned() } else { document.parent().unwrap().join(path) };
    if !target.exists() {
        return Some("there is no such file");
    }
    let text = place.map(|_| fs::read_to_string(target).unwrap()).unwrap_or_default();
    let has = |place| {
        text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line.trim_start_matches('#')) == place)
    };
    place.is_some_and(|place| !has(place)).then_some("there is no such heading")
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let documents = documents();
    let mut dead = Vec::new();
    let mut followed = 0;
    for document in &documents {
        for link in links(&fs::read_to_string(document).unwrap()) {
            followed += 1;
            dead.extend(fault(document, link).map(|why| format!("{}: {link}: {why}", document.display())));
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
    assert!(documents.len() > 15 && followed > 50, "{followed} links in {documents:?}");
}

#[test]
fn a_dead_link_is_found() {
    let text = "[a](README.md) ![b](docs/none.png) [c](README.md#run-it) [d](README.md#none) [e](https://f.example/)";
    let readme = root().join("README.md");
    let faults: Vec<_> = links(text).map(|link| fault(&readme, link)).collect();
    assert_eq!(faults, [None, Some("there is no such file"), None, Some("there is no such heading"), None]);
    assert_eq!(anchor(" `GET /leads`: a page"), "get-leads-a-page");
}

/// Rust sources in `folder` and below.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = entries.map(|path| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(extension) if extension == "rs" => fs::read_to_string(&path).unwrap(),
        _ => String::new(),
    });
    texts.collect()
}

#[test]
fn each_test_that_the_threat_model_names_is_there() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let sources = ["crates", "tests"].map(|folder| sources(&root().join(folder))).concat();
    // Names of tests are sentences; the longest codes of answers look alike.
    let is_code = |word: &str| Code::ALL.iter().any(|code| code.as_str() == word);
    let is_name = |word: &&str| word.matches('_').count() > 3 && word.to_lowercase() == **word && !is_code(word);
    let named: Vec<_> = page.split('`').skip(1).step_by(2).filter(is_name).collect();
    let missing: Vec<_> = named.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named.len() > 40, "{}", named.len());
}

#[test]
fn whoever_finds_the_repository_knows_the_license_and_where_to_turn() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("license = \"MIT OR Apache-2.0\""), "{manifest}");
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "CONTRIBUTING.md", "SECURITY.md"] {
        assert!(!fs::read_to_string(root().join(file)).unwrap().is_empty(), "{file}");
    }
}
