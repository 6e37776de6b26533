//! `POST /api/v4/leads/complex`: leads, each with a contact and a company.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    drafts::{self, ReadDraft},
    guard::Caller,
    list::hal,
    members::Members,
    unsorted::metadata,
    write::{self, Items, Refused},
};
use crate::{
    store::{Category, Change, ComplexDraft, Other, UnsortedChange, UnsortedDraft, Written},
    world::World,
};

/// The most leads that one request may have.
const MOST_LEADS: usize = 50;

/// The most custom fields that one entity may get.
const MOST_FIELDS: usize = 40;

/// Adds leads with their contacts and companies.
pub(crate) async fn add(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_LEADS, caller.switches.unknown_members, read)?;
    let changes = items.drafts.into_iter().map(Complex::change).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    let view = |(written, request_id): (Written, String)| View {
        id: written.id,
        contact_id: written.contact_id,
        company_id: written.company_id,
        request_id: [request_id],
        merged: false,
    };
    let views: Vec<_> = written.into_iter().zip(items.request_ids).map(view).collect();
    Ok(hal(&views))
}

/// What the answer says of one lead.
#[derive(Serialize)]
struct View {
    id: u64,
    contact_id: Option<u64>,
    company_id: Option<u64>,
    request_id: [String; 1],
    merged: bool,
}

/// A lead with its contact and its company, which `_embedded.metadata` makes an unsorted one.
struct Complex {
    draft: ComplexDraft,
    origin: Option<(Category, Map<String, Value>)>,
}

impl Complex {
    fn change(self) -> Change {
        let Some((category, metadata)) = self.origin else { return Change::Complex(Box::new(self.draft)) };
        let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Change::Unsorted(UnsortedChange::Add(Box::new(UnsortedDraft {
            category,
            source_uid: text("source_uid"),
            source_name: text("source_name"),
            pipeline_id: None,
            created_at: None,
            metadata,
            entities: self.draft,
            lead_path: "",
        })))
    }
}

fn read(members: &mut Members<'_>) -> Complex {
    let mut draft = ComplexDraft { lead: drafts::lead(members), ..ComplexDraft::default() };
    let mut origin = None;
    check_fields(members, draft.lead.card.fields.len());
    members.object("_embedded", |embedded| {
        draft.lead.card.tags.set = drafts::tag_set(embedded);
        draft.contact = one(embedded, "contacts");
        draft.company = one(embedded, "companies");
        draft.lead.source = drafts::source(embedded);
        origin = metadata(embedded);
    });
    Complex { draft, origin }
}

/// Where an unsorted lead came from; only forms and telephony come through the API.
fn metadata(embedded: &mut Members<'_>) -> Option<(Category, Map<String, Value>)> {
    let metadata = embedded.map("metadata")?;
    let name = metadata.get("category").and_then(Value::as_str);
    let category = [Category::Forms, Category::Sip].into_iter().find(|category| name == Some(category.name()));
    let Some(category) = category else {
        embedded.not_supported("metadata.category");
        return None;
    };
    embedded.object("metadata", |members| {
        members.ignore(&["category", "source_uid", "source_name"]);
        metadata::check(members, category);
    });
    Some((category, metadata))
}

/// The one entity of a list.
pub(super) fn one<D: ReadDraft>(embedded: &mut Members<'_>, name: &'static str) -> Option<Other<D>> {
    let mut others = embedded.objects(name, |members| {
        let known = members.int("id");
        members.ignore(&["is_main", "request_id"]);
        let draft = D::read(members, true);
        check_fields(members, draft.card().fields.len());
        known.map_or_else(|| Other::New(Box::new(draft)), Other::Known)
    })?;
    if others.len() > 1 {
        embedded.too_many(name, 1);
    }
    others.pop()
}

fn check_fields(members: &Members<'_>, count: usize) {
    if count > MOST_FIELDS {
        members.too_many("custom_fields_values", MOST_FIELDS);
    }
}
