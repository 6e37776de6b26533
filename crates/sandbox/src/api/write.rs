//! Requests that change something: their bodies, their commit, and their thin answers.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web::Bytes};
use serde::Serialize;
use serde_json::Value;

use super::{
    guard::Caller,
    list::{Embedded, Named, SelfLink, hal},
    members::Members,
    problem::{InvalidItem, UnfoundItem, forbidden, no_entity, problem, unfound, validation},
};
use crate::{
    SinglePatch, Switches, UnknownId, UnknownMembers,
    store::{Change, Context, FieldError, Kind, Refusal, Rejected, Written},
    world::World,
};

/// The most items that one request may have.
pub(crate) const MOST_ITEMS: usize = 250;

/// Why a request that changes something is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the body is empty")]
    Empty,
    #[error("the body is not the JSON that is wanted here")]
    Malformed,
    /// More items than so many.
    #[error("the request has more than {0} items")]
    TooManyItems(usize),
    #[error("some items cannot be as they are")]
    Invalid(Vec<InvalidItem>),
    #[error("some of what is to be deleted is not there")]
    Unfound(Vec<UnfoundItem>),
    #[error("an entity is not there")]
    NotFound,
    #[error("the rights of the user do not reach so far")]
    Forbidden,
    #[error("the account is not there")]
    NoAccount,
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Empty | Self::Malformed | Self::Invalid(_) | Self::Unfound(_) => StatusCode::BAD_REQUEST,
            Self::TooManyItems(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NoAccount => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let plain = |title, detail: &str| problem(self.status_code(), title, detail);
        match self {
            Self::Empty => plain("Bad Request", "Request data can not be empty"),
            Self::Malformed => plain("Bad Request", "Request data is malformed"),
            Self::TooManyItems(most) => plain("Unprocessable Entity", &format!("Limit {most} per page")),
            Self::Invalid(items) => validation(items),
            Self::Unfound(items) => unfound(items),
            Self::Forbidden => forbidden(),
            Self::NotFound => no_entity(),
            Self::NoAccount => plain("Internal Server Error", "No account"),
        }
    }
}

/// The items of a request.
pub(crate) struct Items<T> {
    /// What each calls itself: its `request_id`, or its place.
    pub(crate) request_ids: Vec<String>,
    pub(crate) drafts: Vec<T>,
}

impl<T> Items<T> {
    /// The items of a body that is a list of objects, `most` of them at most.
    pub(crate) fn of_list(
        body: &Bytes,
        most: usize,
        unknown: UnknownMembers,
        read: impl Fn(&mut Members<'_>) -> T,
    ) -> Result<Self, Refused> {
        Self::list(json(body)?, most, unknown, read)
    }

    /// The one item of a body that is an object.
    pub(crate) fn of_object(
        body: &Bytes,
        unknown: UnknownMembers,
        read: impl Fn(&mut Members<'_>) -> T,
    ) -> Result<Self, Refused> {
        Self::object(json(body)?, unknown, read)
    }

    /// The one item of a body that is an object, or the items of a list.
    pub(crate) fn of_one_or_list(
        body: &Bytes,
        most: usize,
        unknown: UnknownMembers,
        read: impl Fn(&mut Members<'_>) -> T,
    ) -> Result<Self, Refused> {
        match json(body)? {
            item @ Value::Object(_) => Self::object(item, unknown, read),
            items => Self::list(items, most, unknown, read),
        }
    }

    fn list(
        items: Value,
        most: usize,
        unknown: UnknownMembers,
        read: impl Fn(&mut Members<'_>) -> T,
    ) -> Result<Self, Refused> {
        match items {
            Value::Array(items) if items.is_empty() => Err(Refused::Empty),
            Value::Array(items) if items.len() > most => Err(Refused::TooManyItems(most)),
            Value::Array(items) => Self::read(&items, unknown, read),
            _ => Err(Refused::Malformed),
        }
    }

    fn object(item: Value, unknown: UnknownMembers, read: impl Fn(&mut Members<'_>) -> T) -> Result<Self, Refused> {
        match item {
            Value::Object(item) if item.is_empty() => Err(Refused::Empty),
            item @ Value::Object(_) => Self::read(&[item], unknown, read),
            _ => Err(Refused::Malformed),
        }
    }

    /// Reads all items; one that cannot be as it is spoils them all.
    pub(crate) fn read(
        items: &[Value],
        unknown: UnknownMembers,
        read: impl Fn(&mut Members<'_>) -> T,
    ) -> Result<Self, Refused> {
        let (mut request_ids, mut drafts, mut invalid) = (Vec::new(), Vec::new(), Vec::new());
        for (place, item) in items.iter().enumerate() {
            let mut request_id = None;
            let draft = Members::read(item, unknown, |members| {
                request_id = members.text_or_number("request_id");
                read(members)
            });
            let request_id = request_id.unwrap_or_else(|| place.to_string());
            match draft {
                Ok(draft) => drafts.push(draft),
                Err(errors) => invalid.push(InvalidItem { request_id: request_id.clone(), errors }),
            }
            request_ids.push(request_id);
        }
        if invalid.is_empty() { Ok(Self { request_ids, drafts }) } else { Err(Refused::Invalid(invalid)) }
    }
}

fn json(body: &Bytes) -> Result<Value, Refused> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Refused::Empty);
    }
    serde_json::from_slice(body).or(Err(Refused::Malformed))
}

/// Makes the changes, one for each of `request_ids`.
pub(crate) fn commit(
    world: &World,
    caller: &Caller,
    request_ids: &[String],
    changes: Vec<Change>,
) -> Result<Vec<Written>, Refused> {
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let context = Context { author: &caller.author, now: world.now(), switches: &caller.switches };
    account.store.commit(&context, changes).map_err(|rejected| refused(rejected, request_ids, &caller.switches))
}

/// How a rejected commit is told.
pub(crate) fn refused(rejected: Rejected, request_ids: &[String], switches: &Switches) -> Refused {
    let mut invalid = Vec::new();
    for (place, refusal) in rejected.0 {
        let errors = match refusal {
            Refusal::Invalid(errors) => errors,
            Refusal::NotAdministrator => return Refused::Forbidden,
            Refusal::Missing if switches.unknown_id == UnknownId::NotFound => return Refused::NotFound,
            Refusal::Forbidden if switches.write_outside_rights == 403 => return Refused::Forbidden,
            Refusal::Missing | Refusal::Forbidden => vec![FieldError::not_supported_choice("id")],
        };
        let request_id = request_ids.get(place).cloned().unwrap_or_default();
        invalid.push(InvalidItem { request_id, errors });
    }
    Refused::Invalid(invalid)
}

/// What the answer to a change says of one entity.
#[derive(Serialize)]
pub(crate) struct WrittenView {
    pub(crate) id: u64,
    /// The entity of a note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entity_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated_at: Option<u64>,
    pub(crate) _links: SelfLink,
}

/// The answer to new entities.
pub(crate) fn added(caller: &Caller, kind: Kind, request_ids: &[String], written: &[Written]) -> HttpResponse {
    let view = |(written, request_id): (&Written, &String)| WrittenView {
        id: written.id,
        name: None,
        entity_id: None,
        request_id: Some(request_id.clone()),
        updated_at: None,
        _links: SelfLink::of(&caller.host, kind, written.id),
    };
    answer(caller, &path(kind), kind.plural(), written.iter().zip(request_ids).map(view).collect())
}

/// The answer to changed entities.
pub(crate) fn changed(caller: &Caller, kind: Kind, written: &[Written]) -> HttpResponse {
    let views = written.iter().map(|written| changed_view(caller, kind, written)).collect();
    answer(caller, &path(kind), kind.plural(), views)
}

/// The answer to one entity that was changed at its own address.
pub(crate) fn one_changed(caller: &Caller, kind: Kind, written: &[Written]) -> HttpResponse {
    let views = written.iter().map(|written| changed_view(caller, kind, written)).collect();
    one_answer(caller, &path(kind), kind.plural(), views)
}

/// The answer to one change at an address of its own: bare, or as in a list.
pub(crate) fn one_answer(caller: &Caller, path: &str, name: &'static str, views: Vec<WrittenView>) -> HttpResponse {
    match (views.as_slice(), caller.switches.single_patch) {
        ([view], SinglePatch::Bare) => hal(view),
        _ => answer(caller, path, name, views),
    }
}

fn path(kind: Kind) -> String {
    format!("/api/v4/{}", kind.plural())
}

fn changed_view(caller: &Caller, kind: Kind, written: &Written) -> WrittenView {
    WrittenView {
        id: written.id,
        entity_id: None,
        name: written.name.clone(),
        request_id: None,
        updated_at: Some(written.updated_at),
        _links: SelfLink::of(&caller.host, kind, written.id),
    }
}

/// The answer to several changes.
pub(crate) fn answer(caller: &Caller, path: &str, name: &'static str, entries: Vec<WrittenView>) -> HttpResponse {
    hal(&Embedded { _links: SelfLink::new(&caller.host, path), _embedded: Named(name, entries) })
}
