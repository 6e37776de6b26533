//! The list of events, the latest first, and one of them.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde::Serialize;

use super::filter::Wanted;
use crate::{
    AccountId, Switches,
    api::{
        guard::Caller,
        list::{self, Addressed, SelfLink},
        notes,
        query::{Query, With},
    },
    store::{Event, EventValue, Kind, Permissions, Subject, Tables},
    world::World,
};

/// The most that the list gives a page.
const MOST: usize = 100;

#[derive(Serialize)]
struct View<'a> {
    id: &'a str,
    r#type: &'a str,
    entity_id: u64,
    entity_type: &'static str,
    created_by: u64,
    created_at: u64,
    value_after: Vec<Value<'a>>,
    value_before: Vec<Value<'a>>,
    account_id: AccountId,
    _links: SelfLink,
    _embedded: Embedded<'a>,
}

/// A value; with `with=note` a note is there in full, where it can be read.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Plain(&'a EventValue),
    Note { note: Box<notes::View> },
}

#[derive(Serialize)]
struct Embedded<'a> {
    entity: Entity<'a>,
}

#[derive(Serialize)]
struct Entity<'a> {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    _links: SelfLink,
}

fn view<'a>(event: &'a Event, tables: &'a Tables, caller: &Caller, with: &With<'_>) -> View<'a> {
    let values = |values: &'a [EventValue]| values.iter().map(move |value| self::value(value, tables, caller, with));
    View {
        id: &event.id,
        r#type: &event.name,
        entity_id: event.subject.id(),
        entity_type: event.subject.singular(),
        created_by: event.created_by,
        created_at: event.created_at,
        value_after: values(&event.after).collect(),
        value_before: values(&event.before).collect(),
        account_id: caller.account,
        _links: SelfLink::new(&caller.host, format_args!("/api/v4/events/{}", event.id)),
        _embedded: Embedded {
            entity: Entity {
                id: event.subject.id(),
                name: name(event.subject, tables, with),
                _links: SelfLink::of_subject(&caller.host, event.subject),
            },
        },
    }
}

fn value<'a>(value: &'a EventValue, tables: &Tables, caller: &Caller, with: &With<'_>) -> Value<'a> {
    match value {
        EventValue::Note { id } if with.has("note") => tables.notes.live(*id).map_or(Value::Plain(value), |note| {
            Value::Note { note: Box::new(notes::view(note, tables, caller, false)) }
        }),
        _ => Value::Plain(value),
    }
}

/// The name of the entity, if `with` asks for those of its kind.
fn name<'a>(subject: Subject, tables: &'a Tables, with: &With<'_>) -> Option<&'a str> {
    let Subject::Card(kind, id) = subject else { return None };
    let word = match kind {
        Kind::Lead => "lead_name",
        Kind::Contact => "contact_name",
        Kind::Company => "company_name",
    };
    tables.card((kind, id)).filter(|_| with.has(word)).map(|card| card.name.as_str())
}

/// The events of the account that the caller may see, the latest first.
pub(super) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let find = |query: &Query, _| {
        let mut found = Wanted::of(query)?.find(&tables.events);
        found.retain(|event| event.is_seen(&permissions));
        Ok(found)
    };
    list::page_of(&request, &caller, "events", MOST, find, |event, with| view(event, &tables, &caller, with))
}

impl Addressed for Event {
    fn find<'t>(tables: &'t Tables, key: &str, _: &Switches) -> Option<&'t Self> {
        tables.events.get(key)
    }

    /// Who may not see an entity may not see what happened to it. What is gone only those see who
    /// may see everything.
    fn is_seen(&self, permissions: &Permissions<'_>) -> bool {
        permissions.are_full() || permissions.may_see_subject(self.subject)
    }

    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, with: &With<'_>) -> impl Serialize {
        view(self, tables, caller, with)
    }
}
