//! A note as amoCRM writes it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    AccountId, UserId,
    api::{guard::Caller, list::SelfLink},
    store::{Kind, Note, Tables},
};

/// A note as amoCRM writes it.
#[derive(Serialize)]
pub(crate) struct View {
    id: u64,
    entity_id: u64,
    created_by: u64,
    updated_by: u64,
    created_at: u64,
    updated_at: u64,
    responsible_user_id: UserId,
    group_id: u64,
    note_type: &'static str,
    params: Map<String, Value>,
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_pinned: Option<bool>,
    _links: SelfLink,
}

/// A note; whether it is pinned comes only when asked for.
pub(crate) fn view(note: &Note, tables: &Tables, caller: &Caller, with_pin: bool) -> View {
    View {
        id: note.id,
        entity_id: note.entity.1,
        created_by: note.created_by,
        updated_by: note.updated_by,
        created_at: note.created_at,
        updated_at: note.updated_at,
        responsible_user_id: note.responsible_user_id,
        group_id: tables.group_of(note.responsible_user_id),
        note_type: note.kind.name,
        params: note.kind.read(&note.params),
        account_id: caller.account,
        is_pinned: with_pin.then_some(note.is_pinned),
        _links: link(caller, note.entity.0, note.id),
    }
}

/// The link of a note.
pub(super) fn link(caller: &Caller, kind: Kind, id: u64) -> SelfLink {
    SelfLink::new(&caller.host, format_args!("/api/v4/{}/notes/{id}", kind.plural()))
}
