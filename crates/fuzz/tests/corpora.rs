//! Runs each fuzz target over its corpus: what was thought of, and what the fuzzer has found.

#![expect(clippy::unwrap_used, reason = "a corpus that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use amo_connect_fuzz::{TARGETS, run};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_target_holds_for_its_corpus() {
    for (target, _) in TARGETS {
        let seeds = names(&folder().join(target));
        assert!(seeds.len() >= 5, "{target} has {} seeds", seeds.len());
        for seed in seeds {
            eprintln!("{target} {seed}");
            run(target, &fs::read(folder().join(target).join(seed)).unwrap());
        }
    }
}

/// A byte that is lost, doubled or turned over is what a wire or a hand does first.
#[test]
fn every_target_holds_for_seeds_with_one_mistake() {
    for (target, _) in TARGETS {
        for seed in names(&folder().join(target)) {
            let bytes = fs::read(folder().join(target).join(&seed)).unwrap();
            eprintln!("{target} {seed}");
            let step = bytes.len().div_ceil(16).max(1);
            for place in (0..bytes.len()).step_by(step) {
                run(target, &bytes[..place]);
                let mut mistake = bytes.clone();
                mistake[place] ^= 0x20;
                run(target, &mistake);
                mistake[place] ^= 0xa0;
                run(target, &mistake);
                mistake.remove(place);
                run(target, &mistake);
                mistake.insert(place, b'"');
                run(target, &mistake);
            }
        }
    }
}

#[test]
fn every_corpus_and_every_binary_has_its_target() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder()), targets);
    let manifest = fs::read_to_string(folder().with_file_name("libfuzzer").join("Cargo.toml")).unwrap();
    let binaries = manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let binaries: BTreeSet<String> = binaries.skip(1).map(str::to_owned).collect();
    assert_eq!(binaries, targets);
}
