//! What requests say about entities, read from their JSON.

use super::members::Members;
use crate::store::{CardDraft, ContactRef, FieldInput, LeadDraft, TagRef, TagsDraft};

/// What a request says about a lead. Of one that exists the links are changed elsewhere.
pub(crate) fn lead(members: &mut Members<'_>, is_new: bool) -> LeadDraft {
    let mut draft = LeadDraft {
        card: card(members),
        price: members.int("price"),
        pipeline_id: members.int("pipeline_id"),
        status_id: members.int("status_id"),
        closed_at: members.nullable_int("closed_at"),
        loss_reason_id: members.nullable_int("loss_reason_id"),
        ..LeadDraft::default()
    };
    members.ignore(&["visitor_uid"]);
    members.object("_embedded", |embedded| {
        draft.card.tags.set = embedded.objects("tags", tag).map(|tags| tags.into_iter().flatten().collect());
        if is_new {
            draft.contacts = embedded.objects("contacts", contact).unwrap_or_default();
            draft.companies = embedded.objects("companies", id).unwrap_or_default();
            embedded.ignore(&["source"]);
        }
    });
    draft
}

/// What a request says about the card of an entity, without what is in `_embedded`.
pub(crate) fn card(members: &mut Members<'_>) -> CardDraft {
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

fn field(members: &mut Members<'_>) -> FieldInput {
    let input = FieldInput {
        field_id: members.int("field_id"),
        field_code: members.text("field_code"),
        values: members.list("values").map(<[_]>::to_vec).unwrap_or_default(),
    };
    if input.field_id.is_none() && input.field_code.is_none() {
        members.missing("field_id");
    }
    input
}

/// A tag; its id comes before its name.
fn tag(members: &mut Members<'_>) -> Option<TagRef> {
    let (id, name) = (members.int("id"), members.text("name"));
    let tag = id.map(TagRef::Id).or(name.map(TagRef::Name));
    if tag.is_none() {
        members.missing("name");
    }
    tag
}

fn contact(members: &mut Members<'_>) -> ContactRef {
    ContactRef { id: id(members), is_main: members.flag("is_main").unwrap_or_default() }
}

/// The member `id`, which must be there.
pub(crate) fn id(members: &mut Members<'_>) -> u64 {
    members.required_int("id")
}
