//! What came out of the service by any way, and the search through all of it at the end.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::needles::{Kind, Secrets};

/// Texts and bytes that are searched when all secrets are known.
#[derive(Default)]
pub(crate) struct Evidence(Mutex<Vec<Exhibit>>);

/// One of them.
struct Exhibit {
    place: String,
    bytes: Vec<u8>,
    /// What belongs there.
    allowed: Vec<Kind>,
}

impl Evidence {
    /// Takes what may hold no secret at all.
    pub(crate) fn take(&self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.take_with(place, bytes, &[]);
    }

    /// Takes what may hold secrets of these kinds.
    pub(crate) fn take_with(&self, place: impl Into<String>, bytes: impl Into<Vec<u8>>, allowed: &[Kind]) {
        let exhibit = Exhibit { place: place.into(), bytes: bytes.into(), allowed: allowed.to_vec() };
        self.0.lock().unwrap().push(exhibit);
    }

    /// Fails if there is a secret where it does not belong, or if nothing was looked at in one of `places`.
    pub(crate) fn check(&self, secrets: &Secrets, places: &[&str]) {
        let exhibits = self.0.lock().unwrap();
        for place in places {
            let is_there = |exhibit: &Exhibit| exhibit.place.starts_with(place) && !exhibit.bytes.is_empty();
            assert!(exhibits.iter().any(is_there), "nothing was looked at in {place}");
        }
        let mut leaks = BTreeSet::new();
        for exhibit in exhibits.iter() {
            for found in secrets.found_in(&exhibit.bytes) {
                if !exhibit.allowed.contains(&found.kind) {
                    leaks.insert(format!("{}: {found:?}", exhibit.place));
                }
            }
        }
        let total: usize = exhibits.iter().map(|exhibit| exhibit.bytes.len()).sum();
        eprintln!("{} texts with {total} bytes were searched", exhibits.len());
        assert!(leaks.is_empty(), "{} secrets got out:\n{}", leaks.len(), Vec::from_iter(leaks).join("\n"));
    }
}
