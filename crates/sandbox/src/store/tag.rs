//! Tags: every kind of entity has its own.

use std::collections::HashMap;

use serde::Serialize;

use super::{FieldError, Kind, Nullable, PerKind, Refusal, Tables, Written, change::Plan};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Six upper-case hexadecimal digits; only tags of leads have one.
    pub(crate) color: Option<String>,
}

/// A change of a tag.
#[derive(Debug)]
pub(crate) enum TagChange {
    /// Adds one, unless one of its kind has the name already.
    Add { kind: Kind, name: String, color: Option<String> },
    /// Changes one of leads; it changes in all that have it.
    Edit { id: u64, name: Option<String>, color: Nullable<String> },
}

impl TagChange {
    pub(super) fn plan(self, tables: &Tables) -> Result<Plan, Refusal> {
        match self {
            Self::Add { kind, name, color } => Ok(Box::new(move |tables, context| {
                let tag = tables.tags.named(kind, &name, color);
                Written { id: tag.id, updated_at: context.now, ..Written::default() }
            })),
            Self::Edit { id, name, color } => {
                tables.tags.get(Kind::Lead, id).ok_or(Refusal::Missing)?;
                let mut errors = Vec::new();
                FieldError::check_name(name.as_deref(), true, &mut errors);
                let other = name.as_ref().and_then(|name| tables.tags.find(Kind::Lead, name));
                if other.is_some_and(|other| other.id != id) {
                    errors.push(FieldError::not_unique("name"));
                }
                Refusal::of(errors)?;
                Ok(Box::new(move |tables, context| {
                    if let Some(tag) = tables.tags.edit(id, name, color) {
                        tables.leads.each_mut(|lead| {
                            for copy in lead.card.tags.iter_mut().filter(|copy| copy.id == id) {
                                copy.clone_from(&tag);
                            }
                        });
                    }
                    Written { id, updated_at: context.now, ..Written::default() }
                }))
            }
        }
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

    /// The tag of leads with this id, with another name, unless that is taken, and another colour.
    fn edit(&mut self, id: u64, name: Option<String>, color: Nullable<String>) -> Option<Tag> {
        let tags = self.0.of_mut(Kind::Lead);
        let place = tags.all.iter().position(|tag| tag.id == id)?;
        let tag = tags.all.get_mut(place)?;
        if let Some(name) = name.filter(|name| !tags.places.contains_key(name)) {
            tags.places.remove(&tag.name);
            tags.places.insert(name.clone(), place);
            tag.name = name;
        }
        color.put(&mut tag.color);
        Some(tag.clone())
    }
}

impl Tags {
    fn keep(&mut self, tag: Tag) {
        self.last_id = self.last_id.max(tag.id);
        self.places.insert(tag.name.clone(), self.all.len());
        self.all.push(tag);
    }
}
