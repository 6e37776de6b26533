//! Adding unsorted leads: from forms and from telephony.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data},
};
use serde_json::json;

use super::{metadata, view};
use crate::{
    api::{
        complex,
        drafts::ReadDraft as _,
        guard::Caller,
        list::{SelfLink, hal},
        members::Members,
        write::{self, Items, MOST_ITEMS, Refused},
    },
    store::{Category, Change, ComplexDraft, LeadDraft, UnsortedChange, UnsortedDraft},
    world::World,
};

/// Adds leads that came through forms.
pub(super) async fn forms(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    add(&world, &caller, &body, Category::Forms)
}

/// Adds leads that came by telephone.
pub(super) async fn sip(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    add(&world, &caller, &body, Category::Sip)
}

fn add(world: &World, caller: &Caller, body: &Bytes, category: Category) -> Result<HttpResponse, Refused> {
    let read = |members: &mut Members<'_>| draft(members, category);
    let items = Items::of_list(body, MOST_ITEMS, caller.switches.unknown_members, read)?;
    let change = |draft| Change::Unsorted(UnsortedChange::Add(Box::new(draft)));
    let written = write::commit(world, caller, &items.request_ids, items.drafts.into_iter().map(change).collect())?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let views = written.iter().zip(&items.request_ids).filter_map(|(written, request_id)| {
        let row = tables.unsorted.get(written.unsorted_id?)?;
        Some(view::added(row, request_id, caller))
    });
    Ok(hal(&json!({
        "_total_items": written.len(),
        "_links": SelfLink::new(&caller.host, format_args!("/api/v4/leads/unsorted/{}", category.name())),
        "_embedded": {"unsorted": views.collect::<Vec<_>>()},
    })))
}

fn draft(members: &mut Members<'_>, category: Category) -> UnsortedDraft {
    let (source_uid, source_name) = (members.required_text("source_uid"), members.required_text("source_name"));
    if !members.has("metadata") {
        members.missing("metadata");
    }
    let metadata = members.map("metadata");
    if metadata.is_some() {
        members.object("metadata", |members| metadata::check(members, category));
    }
    UnsortedDraft {
        category,
        source_uid,
        source_name,
        pipeline_id: members.int("pipeline_id"),
        created_at: members.int("created_at"),
        metadata: metadata.unwrap_or_default(),
        entities: members.object("_embedded", entities).unwrap_or_default(),
        lead_path: "_embedded.leads.0.",
    }
}

/// At most one lead, one contact and one company.
fn entities(embedded: &mut Members<'_>) -> ComplexDraft {
    let mut leads = embedded.objects("leads", |members| {
        members.ignore(&["request_id"]);
        LeadDraft::read(members, true)
    });
    let leads = leads.get_or_insert_default();
    if leads.len() > 1 {
        embedded.too_many("leads", 1);
    }
    ComplexDraft {
        lead: leads.pop().unwrap_or_default(),
        contact: complex::one(embedded, "contacts"),
        company: complex::one(embedded, "companies"),
    }
}
