//! Events: what was changed by whom, as `GET /events` lists it. Every change of a table writes them.

use std::borrow::Cow;

use serde::Serialize;

use super::{Context, Datum, FieldDefinition, FieldValue, Kind};

/// An event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    /// Its type, as `lead_added`.
    pub(crate) name: Cow<'static, str>,
    pub(crate) entity: (Kind, u64),
    pub(crate) created_by: u64,
    pub(crate) created_at: u64,
    pub(crate) before: Vec<EventValue>,
    pub(crate) after: Vec<EventValue>,
}

/// What an event says about before or after; in JSON an object with one member.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventValue {
    LeadStatus {
        id: u64,
        pipeline_id: u64,
    },
    ResponsibleUser {
        id: u64,
    },
    /// The shape is nowhere documented.
    SaleFieldValue {
        sale: u64,
    },
    /// The shape is nowhere documented.
    NameFieldValue {
        name: String,
    },
    Tag {
        name: String,
    },
    Link {
        entity: Linked,
    },
    Unlink {
        entity: Linked,
    },
    CustomFieldValue {
        field_id: u64,
        field_type: u8,
        enum_id: Option<u64>,
        text: String,
    },
}

/// The other side of a link.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Linked {
    pub(super) r#type: &'static str,
    pub(super) id: u64,
}

impl EventValue {
    /// A value of a custom field.
    pub(super) fn of_field(value: &FieldValue, definition: &FieldDefinition) -> Self {
        let text = match &value.value {
            Datum::Flag(flag) => u8::from(*flag).to_string(),
            _ => value.shown().into_owned(),
        };
        Self::CustomFieldValue {
            field_id: value.field,
            field_type: definition.kind.number,
            enum_id: value.choice,
            text,
        }
    }
}

/// Where the ids of events come from: two runs with one seed and the same calls have the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventIds {
    pub(crate) seed: u64,
    /// The time that ids begin with, in milliseconds; each event is one later.
    pub(crate) since_ms: u64,
}

impl EventIds {
    /// 26 digits of a ULID: 48 bits of time and 80 others.
    fn of(self, number: u64) -> String {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let time = u128::from(self.since_ms.saturating_add(number)) & ((1 << 48) - 1);
        let high = u128::from(scatter(self.seed ^ number));
        let low = u128::from(scatter(self.seed.wrapping_add(number))) & 0xffff;
        let bits = time << 80 | high << 16 | low;
        (0..26).rev().map(|place| char::from(DIGITS[((bits >> (5 * place)) & 31) as usize])).collect()
    }
}

/// The finalizer of `SplitMix64`.
const fn scatter(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// All events of an account.
#[derive(Debug)]
pub(crate) struct Events {
    rows: Vec<Event>,
    ids: EventIds,
}

impl Events {
    pub(crate) const fn new(ids: EventIds) -> Self {
        Self { rows: Vec::new(), ids }
    }

    /// All of them, the oldest first.
    pub(crate) fn rows(&self) -> &[Event] {
        &self.rows
    }

    /// Writes down what happened to `entity`.
    pub(super) fn note(
        &mut self,
        context: &Context<'_>,
        entity: (Kind, u64),
        name: impl Into<Cow<'static, str>>,
        before: Vec<EventValue>,
        after: Vec<EventValue>,
    ) {
        self.rows.push(Event {
            id: self.ids.of(self.rows.len() as u64),
            name: name.into(),
            entity,
            created_by: context.author.user.get(),
            created_at: context.now,
            before,
            after,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_and_are_the_same_for_one_seed() {
        let ids = EventIds { seed: 7, since_ms: 1_795_197_600_000 };
        let some: Vec<_> = (0..1000).map(|number| ids.of(number)).collect();
        assert!(some.is_sorted() && some.iter().all(|id| id.len() == 26));
        assert_eq!(some[3], ids.of(3));
        assert_ne!(some[3], EventIds { seed: 8, ..ids }.of(3));
    }
}
