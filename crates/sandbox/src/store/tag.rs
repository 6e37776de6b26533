//! Tags: every kind of entity has its own.

use std::collections::HashMap;

use serde::Serialize;

use super::{Kind, PerKind, Written, change::Plan};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Six upper-case hexadecimal digits; only tags of leads have one.
    pub(crate) color: Option<String>,
}

/// A tag that is added, unless one of its kind has the name already.
#[derive(Debug)]
pub(crate) struct TagChange {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) color: Option<String>,
}

impl TagChange {
    pub(super) fn plan(self) -> Plan {
        Box::new(move |tables, context| {
            let tag = tables.tags.named(self.kind, &self.name, self.color);
            Written { id: tag.id, updated_at: context.now, ..Written::default() }
        })
    }
}

/// The tags of the account.
pub(crate) struct TagBook(PerKind<Tags>);

#[derive(Default)]
struct Tags {
    all: Vec<Tag>,
    places: HashMap<String, usize>,
    last_id: u64,
}

impl TagBook {
    /// A book with these tags of leads, and with none of contacts and companies.
    pub(crate) fn new(leads: Vec<Tag>) -> Self {
        let from = |last_id| Tags { last_id, ..Tags::default() };
        let mut book = PerKind { leads: from(300), contacts: from(40_300), companies: from(80_300) };
        for tag in leads {
            book.leads.keep(tag);
        }
        Self(book)
    }

    /// The tag of `kind` with this id.
    pub(crate) fn get(&self, kind: Kind, id: u64) -> Option<&Tag> {
        self.0.of(kind).all.iter().find(|tag| tag.id == id)
    }

    /// The tag of `kind` with this name.
    pub(crate) fn find(&self, kind: Kind, name: &str) -> Option<&Tag> {
        let tags = self.0.of(kind);
        tags.places.get(name).and_then(|&place| tags.all.get(place))
    }

    /// All tags of `kind` by id, ascending.
    pub(crate) fn all(&self, kind: Kind) -> &[Tag] {
        &self.0.of(kind).all
    }

    /// The tag of `kind` with this name, made with `color` if there is none.
    pub(crate) fn named(&mut self, kind: Kind, name: &str, color: Option<String>) -> Tag {
        if let Some(known) = self.find(kind, name) {
            return known.clone();
        }
        let tags = self.0.of_mut(kind);
        let tag = Tag { id: tags.last_id + 1, name: name.to_owned(), color };
        tags.keep(tag.clone());
        tag
    }
}

impl Tags {
    fn keep(&mut self, tag: Tag) {
        self.last_id = self.last_id.max(tag.id);
        self.places.insert(tag.name.clone(), self.all.len());
        self.all.push(tag);
    }
}
