//! What came out of the service by any way, and the search through all of it at the end.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::planted::{Kind, Secrets};

/// Texts and bytes that are searched when all secrets are known.
#[derive(Default)]
pub(crate) struct Outputs(Mutex<Vec<Output>>);

/// One of them.
struct Output {
    place: String,
    bytes: Vec<u8>,
    /// What belongs there.
    allowed: Vec<Kind>,
}

impl Outputs {
    /// Takes what may hold no secret at all.
    pub(crate) fn take(&self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.take_with(place, bytes, &[]);
    }

    /// Takes what may hold secrets of these kinds.
    pub(crate) fn take_with(&self, place: impl Into<String>, bytes: impl Into<Vec<u8>>, allowed: &[Kind]) {
        let output = Output { place: place.into(), bytes: bytes.into(), allowed: allowed.to_vec() };
        self.0.lock().unwrap().push(output);
    }

    /// Fails if there is a secret where it does not belong, or if nothing was looked at in one of `places`.
    pub(crate) fn check(&self, secrets: &Secrets, places: &[&str]) {
        let all = self.0.lock().unwrap();
        for place in places {
            let is_there = |output: &Output| output.place.starts_with(place) && !output.bytes.is_empty();
            assert!(all.iter().any(is_there), "nothing was looked at in {place}");
        }
        let mut leaks = BTreeSet::new();
        for output in all.iter() {
            for found in secrets.found_in(&output.bytes) {
                if !output.allowed.contains(&found.kind) {
                    leaks.insert(format!("{}: {found:?}", output.place));
                }
            }
        }
        let total: usize = all.iter().map(|output| output.bytes.len()).sum();
        eprintln!("{} texts with {total} bytes were searched", all.len());
        assert!(leaks.is_empty(), "{} secrets got out:\n{}", leaks.len(), Vec::from_iter(leaks).join("\n"));
    }
}
