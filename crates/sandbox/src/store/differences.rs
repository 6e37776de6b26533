//! What differs between an entity before a change and after it, and the events that say so.

use std::borrow::Cow;

use super::{
    Card, Entity, FieldDefinition, Kind,
    event::{EventValue, Linked},
};

/// An event: its type, the values before, and those after.
type Noted = (Cow<'static, str>, Vec<EventValue>, Vec<EventValue>);

/// The differences between two states of one entity.
#[derive(Default)]
pub(crate) struct Differences {
    /// The names of the members that differ, each once.
    pub(super) changed: Vec<&'static str>,
    pub(super) events: Vec<Noted>,
}

impl Differences {
    pub(super) fn between<E: Entity>(old: &E, new: &E, definitions: &[FieldDefinition]) -> Self {
        let mut differences = Self::default();
        let (before, after) = (old.card(), new.card());
        old.own_differences(new, &mut differences);
        differences.in_name_and_responsible(before, after);
        differences.in_fields(before, after, definitions);
        differences.in_tags(before, after);
        differences.in_links(before, after);
        if before.is_deleted != after.is_deleted {
            let what = if after.is_deleted { "deleted" } else { "restored" };
            let name = format!("{}_{what}", E::KIND.singular());
            differences.note("is_deleted", name, Vec::new(), Vec::new());
        }
        differences
    }

    /// Notes that a member differs, and the event that says so.
    pub(super) fn note(
        &mut self,
        member: &'static str,
        event: impl Into<Cow<'static, str>>,
        before: Vec<EventValue>,
        after: Vec<EventValue>,
    ) {
        self.mark(member);
        self.events.push((event.into(), before, after));
    }

    /// Notes that a member differs.
    pub(super) fn mark(&mut self, member: &'static str) {
        if !self.changed.contains(&member) {
            self.changed.push(member);
        }
    }

    fn in_name_and_responsible(&mut self, before: &Card, after: &Card) {
        if before.name != after.name {
            let name = |card: &Card| vec![EventValue::NameFieldValue { name: card.name.clone() }];
            self.note("name", "name_field_changed", name(before), name(after));
        }
        if before.responsible_user_id != after.responsible_user_id {
            let user = |card: &Card| vec![EventValue::ResponsibleUser { id: card.responsible_user_id.get() }];
            self.note("responsible_user_id", "entity_responsible_changed", user(before), user(after));
        }
    }

    fn in_fields(&mut self, before: &Card, after: &Card, definitions: &[FieldDefinition]) {
        for definition in definitions {
            let (had, has) = (before.fields.of(definition.id), after.fields.of(definition.id));
            if had == has {
                continue;
            }
            let name = format!("custom_field_{}_value_changed", definition.id);
            let [had, has] =
                [had, has].map(|values| values.iter().map(|value| EventValue::of_field(value, definition)).collect());
            self.note("custom_fields_values", name, had, has);
        }
    }

    fn in_tags(&mut self, before: &Card, after: &Card) {
        let only_in = |card: &Card, other: &Card| -> Vec<_> {
            let tags = card.tags.iter().filter(|tag| !other.tags.contains(tag));
            tags.map(|tag| EventValue::Tag { name: tag.name.clone() }).collect()
        };
        let (added, deleted) = (only_in(after, before), only_in(before, after));
        if !added.is_empty() {
            self.note("tags", "entity_tag_added", Vec::new(), added);
        }
        if !deleted.is_empty() {
            self.note("tags", "entity_tag_deleted", deleted, Vec::new());
        }
    }

    /// One event for each link; none if a contact only becomes the main one.
    fn in_links(&mut self, before: &Card, after: &Card) {
        for kind in Kind::ALL {
            let (had, has) = (before.links.of(kind), after.links.of(kind));
            if had != has {
                self.mark("links");
            }
            let linked = |&id: &u64| Linked { r#type: kind.singular(), id };
            for entity in has.iter().filter(|id| !had.contains(id)).map(linked) {
                self.note("links", "entity_linked", Vec::new(), vec![EventValue::Link { entity }]);
            }
            for entity in had.iter().filter(|id| !has.contains(id)).map(linked) {
                self.note("links", "entity_unlinked", vec![EventValue::Unlink { entity }], Vec::new());
            }
        }
    }
}
