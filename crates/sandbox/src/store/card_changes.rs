//! Changing what all cards have: name, people, times, fields and tags.

use super::{
    Card, Context, FieldDefinition, FieldError, FieldValue, Kind, Tables, Tag, TagBook,
    field_input::{self, FieldInput},
    people::{self, Named},
};
use crate::UserId;

/// What a request says about a card; what it does not say stays.
#[derive(Debug, Default)]
pub(crate) struct CardDraft {
    pub(crate) name: Option<String>,
    pub(crate) responsible_user_id: Option<u64>,
    pub(crate) created_by: Option<u64>,
    pub(crate) updated_by: Option<u64>,
    pub(crate) created_at: Option<u64>,
    pub(crate) updated_at: Option<u64>,
    pub(crate) fields: Vec<FieldInput>,
    pub(crate) tags: TagsDraft,
}

/// What a request says about tags.
#[derive(Debug, Default)]
pub(crate) struct TagsDraft {
    /// `_embedded.tags`: these and no others.
    pub(crate) set: Option<Vec<TagRef>>,
    pub(crate) add: Vec<TagRef>,
    pub(crate) delete: Vec<TagRef>,
}

/// A tag by its id or by its name.
#[derive(Debug, Clone)]
pub(crate) enum TagRef {
    Id(u64),
    Name(String),
}

/// A draft whose members were found to be good.
pub(super) struct CardPlan {
    draft: CardDraft,
    fields: Vec<(u64, Vec<FieldValue>)>,
}

/// The tags of a plan, all of them in the book now.
pub(super) struct TagEdit {
    set: Option<Vec<Tag>>,
    add: Vec<Tag>,
    delete: Vec<Tag>,
}

impl CardDraft {
    /// Checks everything that only the account knows; what is wrong goes into `errors`.
    pub(super) fn check(mut self, kind: Kind, tables: &Tables, errors: &mut Vec<FieldError>) -> CardPlan {
        let named = [
            Named::person("responsible_user_id", self.responsible_user_id),
            Named::author("created_by", self.created_by),
            Named::author("updated_by", self.updated_by),
        ];
        people::check_active(named, tables, errors);
        let fields = field_input::check(std::mem::take(&mut self.fields), tables.fields.of(kind), errors);
        let named = [("_embedded.tags", self.tags.set.as_deref().unwrap_or_default()), ("tags_to_add", &self.tags.add)];
        for (path, tags) in named {
            for (place, tag) in tags.iter().enumerate() {
                if let TagRef::Id(id) = tag
                    && tables.tags.get(kind, *id).is_none()
                {
                    errors.push(FieldError::not_supported_choice(format!("{path}.{place}.id")));
                }
            }
        }
        CardPlan { draft: self, fields }
    }
}

impl CardPlan {
    /// Whether this field has a value afterwards; `None` if the plan says nothing about it.
    pub(super) fn gives_value(&self, field: u64) -> Option<bool> {
        self.fields.iter().rfind(|(id, _)| *id == field).map(|(_, values)| !values.is_empty())
    }

    /// Puts the tags of the plan into the book where they are new.
    pub(super) fn tags(&mut self, kind: Kind, book: &mut TagBook) -> TagEdit {
        let TagsDraft { set, add, delete } = std::mem::take(&mut self.draft.tags);
        let mut known = |tags: Vec<TagRef>| -> Vec<Tag> {
            let tag = |tag| match tag {
                TagRef::Id(id) => book.get(kind, id).cloned(),
                TagRef::Name(name) => Some(book.named(kind, &name, None)),
            };
            tags.into_iter().filter_map(tag).collect()
        };
        let set = set.map(&mut known);
        let add = known(add);
        let find = |tag| match tag {
            TagRef::Id(id) => book.get(kind, id).cloned(),
            TagRef::Name(name) => book.find(kind, &name).cloned(),
        };
        TagEdit { set, add, delete: delete.into_iter().filter_map(find).collect() }
    }

    /// Makes the card say what the plan says, and that the author changed it.
    pub(super) fn apply(self, card: &mut Card, tags: TagEdit, definitions: &[FieldDefinition], context: &Context<'_>) {
        let draft = self.draft;
        let put = |member: &mut u64, wanted: Option<u64>| *member = wanted.unwrap_or(*member);
        put(&mut card.created_by, draft.created_by);
        put(&mut card.created_at, draft.created_at);
        card.updated_by = draft.updated_by.unwrap_or(context.author.user.get());
        card.updated_at = draft.updated_at.unwrap_or(context.now);
        if let Some(user) = draft.responsible_user_id {
            card.responsible_user_id = UserId::from(user);
        }
        if let Some(name) = draft.name {
            card.name = name;
        }
        if !self.fields.is_empty() {
            card.fields = card.fields.replaced(self.fields, definitions);
        }
        tags.apply(&mut card.tags);
    }
}

impl TagEdit {
    fn apply(self, tags: &mut Vec<Tag>) {
        if let Some(set) = self.set {
            *tags = Vec::new();
            add_tags(tags, set);
        }
        add_tags(tags, self.add);
        tags.retain(|tag| !self.delete.contains(tag));
    }
}

fn add_tags(tags: &mut Vec<Tag>, new: Vec<Tag>) {
    for tag in new {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
}
