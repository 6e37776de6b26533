//! Events: what was changed by whom, as `GET /events` lists it. Every change of a table writes them.

use std::{borrow::Cow, collections::HashMap};

use serde::Serialize;

use super::{Context, Datum, FieldDefinition, FieldValue, Subject};

/// An event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    /// Its type, as `lead_added`.
    pub(crate) name: Cow<'static, str>,
    pub(crate) subject: Subject,
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
    Note {
        id: u64,
    },
    Task {
        text: String,
    },
    TaskDeadline {
        timestamp: u64,
    },
    TaskType {
        id: u64,
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

/// An event from before the start.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) at: u64,
    pub(crate) by: u64,
    pub(crate) subject: Subject,
    pub(crate) name: &'static str,
    pub(crate) before: Vec<EventValue>,
    pub(crate) after: Vec<EventValue>,
}

/// All events of an account.
#[derive(Debug)]
pub(crate) struct Events {
    /// By their ids, which ascend.
    rows: Vec<Event>,
    /// How many of them are from before the start.
    past: usize,
    /// The places of the events of each subject.
    places: HashMap<Subject, Vec<usize>>,
    ids: EventIds,
}

impl Events {
    /// With those from before the start, in the order of their times.
    pub(crate) fn new(ids: EventIds, past: Vec<Past>) -> Self {
        let mut events = Self { rows: Vec::with_capacity(past.len()), past: past.len(), places: HashMap::new(), ids };
        let mut time = 0;
        for (number, Past { at, by, subject, name, before, after }) in (0..).zip(past) {
            // Later ids are larger, within one second too.
            time = (at * 1000).max(time + 1);
            let id = EventIds { since_ms: time.saturating_sub(number), ..ids }.of(number);
            events.push(Event { id, name: name.into(), subject, created_by: by, created_at: at, before, after });
        }
        events
    }

    /// All of them, the oldest first.
    pub(crate) fn rows(&self) -> &[Event] {
        &self.rows
    }

    /// Those of one subject, the oldest first.
    pub(crate) fn of(&self, subject: Subject) -> impl DoubleEndedIterator<Item = &Event> {
        let places = self.places.get(&subject).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|&place| self.rows.get(place))
    }

    /// The event with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Event> {
        let place = self.rows.binary_search_by(|event| event.id.as_str().cmp(id)).ok()?;
        self.rows.get(place)
    }

    /// Writes down what happened to `subject`.
    pub(super) fn note(
        &mut self,
        context: &Context<'_>,
        subject: impl Into<Subject>,
        name: impl Into<Cow<'static, str>>,
        before: Vec<EventValue>,
        after: Vec<EventValue>,
    ) {
        self.push(Event {
            id: self.ids.of((self.rows.len() - self.past) as u64),
            name: name.into(),
            subject: subject.into(),
            created_by: context.author.user.get(),
            created_at: context.now,
            before,
            after,
        });
    }

    fn push(&mut self, event: Event) {
        self.places.entry(event.subject).or_default().push(self.rows.len());
        self.rows.push(event);
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
