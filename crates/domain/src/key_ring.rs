//! The keys of stored tokens: who has which, and whether instances with different ones can run side by side.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{after, before};

/// For how long a ring counts after its instance has published it: a crashed instance is forgotten so
/// long afterwards.
pub const KEY_RING_TERM: Duration = Duration::from_secs(30);

/// How often an instance publishes its ring.
pub const KEY_RING_INTERVAL: Duration = Duration::from_secs(10);

/// The name of a key: what stands before the `:` of its entry in `TOKEN_KEYS`. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key, without what it seals with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NamedKey {
    /// Its name.
    pub id: KeyId,
    /// A keyed hash of a constant. It tells two keys of one name apart, and nothing of either.
    pub check: [u8; 8],
}

/// An instance, for as long as its process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InstanceId(pub [u8; 16]);

/// The keys of an instance: the first seals, all open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KeyRing {
    /// The key that seals.
    pub first: NamedKey,
    /// Those that only open.
    pub others: Vec<NamedKey>,
}

/// Why an instance with some keys cannot run beside others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyConflict {
    /// A key has the name of another one.
    #[error("the key {0} is not the key that running instances have under this name")]
    OtherKey(KeyId),
    /// Instances that run cannot open what is sealed under the first key.
    #[error(
        "{instances} of the running instances cannot open what is sealed under {first}, the first of TOKEN_KEYS: put it \
         last, restart all instances, and only then put it first"
    )]
    NotOpened {
        /// The first key.
        first: KeyId,
        /// How many.
        instances: usize,
    },
    /// Instances that run seal under a key that is not there.
    #[error("running instances seal under {0}, which is not in TOKEN_KEYS")]
    Unknown(KeyId),
    /// Instances that run seal under another key than the first.
    #[error(
        "{instances} of the running instances still seal under {seals}: put {first} first in their TOKEN_KEYS, and restart \
         them"
    )]
    SealsOtherwise {
        /// The key that they seal under.
        seals: KeyId,
        /// The first key.
        first: KeyId,
        /// How many.
        instances: usize,
    },
}

impl KeyRing {
    /// All keys, the first one first.
    pub fn keys(&self) -> impl Iterator<Item = &NamedKey> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether an instance with these keys can seal and open beside those that have `others`: each opens
    /// what any of them seals.
    pub fn check_beside(&self, others: &[KeyRing]) -> Result<(), KeyConflict> {
        let differs = |key: &&NamedKey| self.keys().any(|own| own.id == key.id && own.check != key.check);
        if let Some(other) = others.iter().flat_map(KeyRing::keys).find(differs) {
            return Err(KeyConflict::OtherKey(other.id.clone()));
        }
        let instances = others.iter().filter(|other| !other.opens(&self.first)).count();
        if instances > 0 {
            return Err(KeyConflict::NotOpened { first: self.first.id.clone(), instances });
        }
        match others.iter().find(|other| !self.opens(&other.first)) {
            Some(other) => Err(KeyConflict::Unknown(other.first.id.clone())),
            None => Ok(()),
        }
    }

    /// Whether everything can be sealed anew under the first key while the instances with `others` run:
    /// nobody seals under another one any more.
    pub fn check_rotation(&self, others: &[KeyRing]) -> Result<(), KeyConflict> {
        self.check_beside(others)?;
        let seals_otherwise = |other: &&KeyRing| other.first != self.first;
        let Some(other) = others.iter().find(seals_otherwise) else { return Ok(()) };
        Err(KeyConflict::SealsOtherwise {
            seals: other.first.id.clone(),
            first: self.first.id.clone(),
            instances: others.iter().filter(seals_otherwise).count(),
        })
    }

    fn opens(&self, key: &NamedKey) -> bool {
        self.keys().any(|own| own == key)
    }
}

/// Whether a ring that was published at `published_at` counts at `store_now`. One that is dated further
/// in the future than a ring counts is of a clock that was set back since.
pub fn is_current(published_at: Timestamp, store_now: Timestamp) -> bool {
    published_at > before(store_now, KEY_RING_TERM) && published_at < after(store_now, KEY_RING_TERM)
}

/// The records whose tokens are sealed under one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealedRecords {
    /// The key; `None` if what stands in the place of tokens names none.
    pub key: Option<KeyId>,
    /// How many there are.
    pub records: u64,
    /// Whether the handle that was asked has this key.
    pub opens: bool,
}

/// How many records there are with tokens, and how many of them nobody with these keys can open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealedTotal {
    /// All.
    pub records: u64,
    /// Those that cannot be opened.
    pub unopened: u64,
}

impl SealedTotal {
    /// Over all keys.
    pub fn of(sealed: &[SealedRecords]) -> Self {
        let sum = |counts: &mut dyn Iterator<Item = &SealedRecords>| counts.map(|of_key| of_key.records).sum();
        Self { records: sum(&mut sealed.iter()), unopened: sum(&mut sealed.iter().filter(|of_key| !of_key.opens)) }
    }

    /// Whether so many cannot be opened that the keys must be wrong: more than a hundredth.
    pub fn has_wrong_keys(&self) -> bool {
        self.unopened.saturating_mul(100) > self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> NamedKey {
        // A capital is another key of the same name.
        NamedKey { id: KeyId(name.to_lowercase()), check: [u8::from(name != name.to_lowercase()); 8] }
    }

    fn ring(names: &[&str]) -> KeyRing {
        KeyRing { first: key(names[0]), others: names[1..].iter().map(|name| key(name)).collect() }
    }

    fn beside(own: &[&str], others: &[&[&str]]) -> Result<(), KeyConflict> {
        ring(own).check_beside(&others.iter().map(|names| ring(names)).collect::<Vec<_>>())
    }

    #[test]
    fn each_step_of_the_documented_rotation_goes_beside_the_one_before() {
        let steps: [&[&str]; 4] = [&["old"], &["old", "new"], &["new", "old"], &["new"]];
        for pair in steps.windows(2) {
            assert_eq!(beside(pair[1], &[pair[0]]), Ok(()), "{pair:?}");
            assert_eq!(beside(pair[0], &[pair[1]]), Ok(()), "back: {pair:?}");
        }
    }

    #[test]
    fn a_first_key_that_a_running_instance_cannot_open_is_refused() {
        let not_opened = |instances| Err(KeyConflict::NotOpened { first: key("new").id, instances });
        assert_eq!(beside(&["new", "old"], &[&["old"], &["old", "new"], &["old"]]), not_opened(2));
        assert_eq!(beside(&["new"], &[&["old"]]), not_opened(1));
    }

    #[test]
    fn a_key_that_running_instances_seal_under_must_not_be_missing() {
        assert_eq!(beside(&["old"], &[&["new", "old"]]), Err(KeyConflict::Unknown(key("new").id)));
    }

    #[test]
    fn two_keys_of_one_name_are_told_apart() {
        let other = Err(KeyConflict::OtherKey(key("old").id));
        assert_eq!(beside(&["old"], &[&["OLD"]]), other);
        assert_eq!(beside(&["new", "old"], &[&["new", "OLD"]]), other);
    }

    #[test]
    fn nothing_is_sealed_anew_while_an_instance_seals_under_another_key() {
        let rotation = |others: &[&[&str]]| {
            ring(&["new", "old"]).check_rotation(&others.iter().map(|names| ring(names)).collect::<Vec<_>>())
        };
        assert_eq!(rotation(&[]), Ok(()));
        assert_eq!(rotation(&[&["new", "old"], &["new"]]), Ok(()));
        let refused = KeyConflict::SealsOtherwise { seals: key("old").id, first: key("new").id, instances: 1 };
        assert_eq!(rotation(&[&["new", "old"], &["old", "new"]]), Err(refused));
        assert!(matches!(rotation(&[&["old"]]), Err(KeyConflict::NotOpened { .. })));
    }

    #[test]
    fn keys_are_wrong_if_more_than_a_hundredth_cannot_be_opened() {
        let sealed = |records, opens| SealedRecords { key: None, records, opens };
        for (opened, unopened, wrong) in
            [(0, 0, false), (99, 1, false), (98, 1, true), (0, 1, true), (9900, 100, false)]
        {
            let total = SealedTotal::of(&[sealed(opened, true), sealed(unopened, false)]);
            assert_eq!(total, SealedTotal { records: opened + unopened, unopened });
            assert_eq!(total.has_wrong_keys(), wrong, "{total:?}");
        }
    }
}
