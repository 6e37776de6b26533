//! How many instructions the hot paths take, against a golden file: a regression shows on any machine, however busy.
//!
//! They are counted on this test's own build, which is not optimized: what an optimizer would remove counts too.

#![expect(clippy::unwrap_used, reason = "a count that cannot be made fails the test")]

mod paths;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use paths::{PATHS, TIMES};

/// Set to anything, the golden file is written instead of compared.
const UPDATE: &str = "UPDATE_GOLDEN";

/// The function whose calls are counted.
const COUNTED: &str = "instructions::paths::counted";

/// A count may be off by so much, in percent, to either side: a large gain is a new golden too.
const ROOM: u64 = 5;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/instructions.txt")
}

/// The instructions of one request of each path.
fn count() -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--callgrind-out-file=counted"])
        .args([format!("--toggle-collect={COUNTED}"), format!("--dump-after={COUNTED}")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "each_path_answers"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("valgrind could not be started ({error}): `cargo xtask test` installs it"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
    let dump = |number: usize| fs::read_to_string(folder.path().join(format!("counted.{number}"))).unwrap();
    (1..=PATHS.len()).map(|number| total(&dump(number)) / u64::try_from(TIMES).unwrap()).collect()
}

/// The instructions of one dump of callgrind's.
fn total(dump: &str) -> u64 {
    dump.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap().trim().parse().unwrap()
}

/// The counts as the golden file has them.
fn written(counts: &[u64]) -> String {
    let mut written = String::new();
    for (path, count) in PATHS.iter().zip(counts) {
        writeln!(written, "{count:>10}  {path}").unwrap();
    }
    written
}

/// Why a count is not that of the golden file.
fn fault(path: &str, count: u64, golden: u64) -> Option<String> {
    let is_within = count.abs_diff(golden) * 100 <= golden * ROOM;
    (!is_within).then(|| {
        format!("{path} takes {count} instructions, and {golden} by the golden file: more than {ROOM} % apart")
    })
}

#[test]
fn each_path_answers() {
    paths::take();
}

#[test]
fn hot_paths_take_as_many_instructions_as_the_golden_file_says() {
    let counts = count();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(golden(), written(&counts)).unwrap();
    }
    let golden = fs::read_to_string(golden()).unwrap();
    let lines: Vec<(u64, &str)> = golden
        .lines()
        .map(|line| line.trim_start().split_once("  ").map(|(count, path)| (count.parse().unwrap(), path)).unwrap())
        .collect();
    assert_eq!(lines.iter().map(|(_, path)| *path).collect::<Vec<_>>(), PATHS);
    let faults: Vec<_> =
        lines.iter().zip(&counts).filter_map(|((golden, path), count)| fault(path, *count, *golden)).collect();
    assert!(faults.is_empty(), "{faults:#?}\ncounted:\n{}if this is meant: {UPDATE}=1", written(&counts));
}

#[test]
fn a_count_that_is_more_than_five_percent_off_is_told() {
    assert_eq!(fault("GET /status", 105, 100), None);
    assert_eq!(fault("GET /status", 95, 100), None);
    assert!(fault("GET /status", 106, 100).is_some_and(|fault| fault.contains("GET /status takes 106")));
    assert!(fault("GET /status", 94, 100).is_some());
}
