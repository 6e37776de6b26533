//! What requests say about entities, read from their JSON.

use super::members::Members;
use crate::store::{
    CardDraft, CompanyDraft, ContactDraft, ContactRef, EntityDraft, FieldInput, Kind, LeadDraft, NoteDraft, NoteKind,
    TagRef, TagsDraft, TaskDraft,
};

/// A draft that can be read from an item of a request.
pub(crate) trait ReadDraft: EntityDraft {
    /// Reads what the item says. Links are only those of a new entity; of one that exists they are
    /// changed elsewhere.
    fn read(members: &mut Members<'_>, is_new: bool) -> Self;
}

impl ReadDraft for LeadDraft {
    fn read(members: &mut Members<'_>, is_new: bool) -> Self {
        let mut draft = lead(members);
        members.object("_embedded", |embedded| {
            draft.card.tags.set = tag_set(embedded);
            if is_new {
                draft.contacts = embedded.objects("contacts", contact_ref).unwrap_or_default();
                draft.companies = embedded.objects("companies", id).unwrap_or_default();
                draft.source = source(embedded);
            }
        });
        draft
    }
}

impl ReadDraft for ContactDraft {
    fn read(members: &mut Members<'_>, _: bool) -> Self {
        let mut draft =
            Self { card: card(members), first_name: members.text("first_name"), last_name: members.text("last_name") };
        members.object("_embedded", |embedded| draft.card.tags.set = tag_set(embedded));
        draft
    }
}

impl ReadDraft for CompanyDraft {
    fn read(members: &mut Members<'_>, _: bool) -> Self {
        let mut draft = Self { card: card(members) };
        members.object("_embedded", |embedded| draft.card.tags.set = tag_set(embedded));
        draft
    }
}

/// What a request says about a lead, without what is in `_embedded`.
pub(crate) fn lead(members: &mut Members<'_>) -> LeadDraft {
    let draft = LeadDraft {
        card: card(members),
        price: members.decimal("price"),
        pipeline_id: members.int("pipeline_id"),
        status_id: members.int("status_id"),
        closed_at: members.nullable_int("closed_at"),
        loss_reason_id: members.nullable_int("loss_reason_id"),
        ..LeadDraft::default()
    };
    members.ignore(&["visitor_uid"]);
    draft
}

/// `_embedded.source`: the source of a new lead, by what the integration calls it.
pub(crate) fn source(embedded: &mut Members<'_>) -> Option<String> {
    embedded.object("source", |source| {
        source.ignore(&["type"]);
        source.text("external_id")
    })?
}

/// What a request says about a note. Which entity it is of, each request says in its own way.
pub(crate) fn note(members: &mut Members<'_>) -> NoteDraft {
    let name = members.text("note_type");
    let kind = name.as_deref().and_then(NoteKind::named);
    if kind.is_none() && name.is_some() {
        members.not_supported("note_type");
    }
    NoteDraft {
        kind,
        entity_id: None,
        params: members.map("params"),
        created_by: members.int("created_by"),
        updated_by: members.int("updated_by"),
        created_at: members.int("created_at"),
        updated_at: members.int("updated_at"),
        responsible_user_id: members.int("responsible_user_id"),
    }
}

/// What a request says about a task.
pub(crate) fn task(members: &mut Members<'_>) -> TaskDraft {
    TaskDraft {
        text: members.text("text"),
        complete_till: members.int("complete_till"),
        entity_type: members.text("entity_type"),
        entity_id: members.nullable_int("entity_id"),
        task_type_id: members.int("task_type_id"),
        responsible_user_id: members.int("responsible_user_id"),
        created_by: members.int("created_by"),
        updated_by: members.int("updated_by"),
        created_at: members.int("created_at"),
        updated_at: members.int("updated_at"),
        duration: members.int("duration"),
        is_completed: members.flag("is_completed"),
        result: members.object("result", |result| result.text("text")).flatten(),
    }
}

/// What a request says about the card of an entity, without what is in `_embedded`.
fn card(members: &mut Members<'_>) -> CardDraft {
    let tags = |members: &mut Members<'_>, name| members.objects(name, tag).into_iter().flatten().flatten().collect();
    CardDraft {
        name: members.text("name"),
        responsible_user_id: members.int("responsible_user_id"),
        created_by: members.int("created_by"),
        updated_by: members.int("updated_by"),
        created_at: members.int("created_at"),
        updated_at: members.int("updated_at"),
        fields: members.objects("custom_fields_values", field).unwrap_or_default(),
        tags: TagsDraft { set: None, add: tags(members, "tags_to_add"), delete: tags(members, "tags_to_delete") },
    }
}

/// `_embedded.tags`: the tags that an entity has from now on.
pub(crate) fn tag_set(embedded: &mut Members<'_>) -> Option<Vec<TagRef>> {
    embedded.objects("tags", tag).map(|tags| tags.into_iter().flatten().collect())
}

fn field(members: &mut Members<'_>) -> FieldInput {
    let input = FieldInput {
        field_id: members.int("field_id"),
        field_code: members.text("field_code"),
        values: members.list("values").map(<[_]>::to_vec).unwrap_or_default(),
    };
    if !members.has("field_id") && !members.has("field_code") {
        members.missing("field_id");
    }
    input
}

/// A tag; its id comes before its name.
fn tag(members: &mut Members<'_>) -> Option<TagRef> {
    let (id, name) = (members.int("id"), members.text("name"));
    members.ignore(&["color", "request_id"]);
    if !members.has("id") && !members.has("name") {
        members.missing("name");
    }
    id.map(TagRef::Id).or(name.map(TagRef::Name))
}

fn contact_ref(members: &mut Members<'_>) -> ContactRef {
    ContactRef { id: id(members), is_main: members.flag("is_main").unwrap_or_default() }
}

/// The entity that `entity_type` and `entity_id` name; both must be there.
pub(crate) fn entity(members: &mut Members<'_>) -> (Kind, u64) {
    let name = members.required_text("entity_type");
    let kind = Kind::of_plural(&name);
    if kind.is_none() && !name.is_empty() {
        members.not_supported("entity_type");
    }
    (kind.unwrap_or(Kind::Lead), members.required_int("entity_id"))
}

/// The member `id`, which must be there.
pub(crate) fn id(members: &mut Members<'_>) -> u64 {
    members.required_int("id")
}
