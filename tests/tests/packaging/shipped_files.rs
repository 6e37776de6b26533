//! The files in `deploy`, `Dockerfile` and `compose.yaml` say what is true of this build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::read;

/// How long a stop may take at least, in seconds: a token request of 60 s, and what is around it.
const LEAST_STOP_S: u32 = 90;

/// Files that set variables, and how many they set at least.
const SETTING: [(&str, usize); 5] = [
    ("Dockerfile", 2),
    ("compose.yaml", 8),
    ("deploy/debian/amo-connect.env", 7),
    ("deploy/kubernetes/config.yaml", 6),
    ("deploy/kubernetes/deployment.yaml", 5),
];

/// The words of `line` that are written as variables are, where a value follows.
fn variables(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_start().trim_start_matches(['#', '-', ' ']);
    let line = line.strip_prefix("ENV ").or(line.strip_prefix("name: ")).unwrap_or(line);
    line.split_inclusive([' ', '=', ':'])
        .map(|word| word.trim_end_matches(['=', ':']))
        .filter(|word| word.contains('_') || ["BIND"].contains(word))
        .filter(|word| word.chars().all(|letter| letter.is_ascii_uppercase() || matches!(letter, '_' | '0'..='9')))
}

#[test]
fn every_variable_in_a_shipped_file_is_a_setting() {
    let documented = read("docs/configuration.md");
    for (file, least) in SETTING {
        let text = read(file);
        let names: BTreeSet<_> =
            text.lines().flat_map(variables).filter(|name| !name.starts_with("POSTGRES_")).collect();
        assert!(names.len() >= least, "{file}: {names:?}");
        for name in names {
            let setting = name.strip_suffix("_FILE").filter(|_| name != "JWT_PUBLIC_KEY_FILE").unwrap_or(name);
            assert!(documented.contains(&format!("`{setting}`")), "{file} sets {name}, which is no setting");
        }
    }
}

#[test]
fn whoever_stops_the_service_waits_long_enough() {
    let stops = [
        ("deploy/systemd/amo-connect.service", "TimeoutStopSec="),
        ("deploy/kubernetes/deployment.yaml", "terminationGracePeriodSeconds: "),
        ("compose.yaml", "stop_grace_period: "),
    ];
    for (file, key) in stops {
        let text = read(file);
        let value = text.lines().find_map(|line| line.trim_start().strip_prefix(key));
        let seconds: u32 =
            value.unwrap_or_else(|| panic!("{file} has no {key}")).trim_end_matches('s').parse().unwrap();
        assert!(seconds >= LEAST_STOP_S, "{file}: {key}{seconds}");
    }
}

/// The image is built with the toolchain that the tests have passed with.
#[test]
fn the_image_has_the_toolchain_of_the_repository() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains(&format!("/rust:{channel}-")), "{channel}: {dockerfile}");
}

/// What a package or an image names exists.
#[test]
fn every_file_that_the_package_takes_exists() {
    let manifest = read("crates/app/Cargo.toml");
    let (_, package) = manifest.split_once("[package.metadata.deb]").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/app");
    let sources: Vec<PathBuf> = package
        .split('"')
        .filter(|text| text.starts_with("../../") && !text.contains("target/") && !text.contains('*'))
        .map(|text| root.join(text))
        .collect();
    assert!(sources.len() >= 6, "{sources:?}");
    for source in sources {
        assert!(source.exists(), "{}", source.display());
    }
}
