//! Lists in amoCRM's envelope: pages with links, no total, and 204 when there is nothing.

use std::fmt::Display;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde::{Serialize, ser::SerializeMap as _};

use super::{
    HAL,
    guard::Caller,
    problem::{self, BadParameter},
    query::{Page, Query, With},
};
use crate::{
    Switches,
    hosts::Host,
    store::{Kind, Permissions, Subject, Tables},
    world::World,
};

/// A link.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    pub(crate) href: String,
}

/// The one link that every entity has.
#[derive(Debug, Serialize)]
pub(crate) struct SelfLink {
    #[serde(rename = "self")]
    this: Link,
}

impl SelfLink {
    /// The link of an entity with a card.
    pub(crate) fn of(host: &Host, kind: Kind, id: u64) -> Self {
        Self::of_subject(host, Subject::Card(kind, id))
    }

    /// The link of what an event is about.
    pub(crate) fn of_subject(host: &Host, subject: Subject) -> Self {
        Self::new(host, format_args!("/api/v4/{}/{}", subject.plural(), subject.id()))
    }

    pub(crate) fn new(host: &Host, path: impl Display) -> Self {
        Self { this: Link { href: host.url(path) } }
    }
}

/// The links of a page to itself and its neighbours.
#[derive(Serialize)]
pub(crate) struct PageLinks {
    #[serde(rename = "self")]
    this: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<Link>,
    /// Only of a list with a total.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Link>,
}

#[derive(Serialize)]
struct Envelope<T> {
    _page: usize,
    _links: PageLinks,
    _embedded: Named<T>,
}

/// A list without pages: it has a total instead.
#[derive(Serialize)]
pub(crate) struct Whole<T> {
    pub(crate) _total_items: usize,
    pub(crate) _links: SelfLink,
    pub(crate) _embedded: Named<T>,
}

/// A list without pages and without a total, as the answers to changes are.
#[derive(Serialize)]
pub(crate) struct Embedded<T> {
    pub(crate) _links: SelfLink,
    pub(crate) _embedded: Named<T>,
}

#[derive(Serialize)]
struct Counted<T> {
    _total_items: usize,
    _page: usize,
    _page_count: usize,
    _links: PageLinks,
    _embedded: Named<T>,
}

/// A list under its own name, as `_embedded` has it.
pub(crate) struct Named<T>(pub(crate) &'static str, pub(crate) Vec<T>);

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &self.1)?;
        map.end()
    }
}

/// About how many bytes an entry of a list takes: with room for all, a page is not moved while it grows.
const ENTRY_BYTES: usize = 1200;

/// Whatever amoCRM answers well.
pub(crate) fn hal(body: &impl Serialize) -> HttpResponse {
    hal_of(body, 1)
}

/// Whatever amoCRM answers well, with so many entries.
fn hal_of(body: &impl Serialize, entries: usize) -> HttpResponse {
    let mut bytes = Vec::with_capacity(entries.saturating_mul(ENTRY_BYTES));
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => HttpResponse::Ok().content_type(HAL).body(bytes),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// The part of `all` that `page` shows, and its links; `None` if it shows nothing.
pub(crate) fn shown<'f, F>(
    request: &HttpRequest,
    caller: &Caller,
    query: &Query,
    page: Page,
    all: &'f [F],
) -> Option<(&'f [F], PageLinks)> {
    let start = (page.number - 1).saturating_mul(page.limit);
    let rest = all.get(start..).filter(|rest| !rest.is_empty())?;
    let here = rest.get(..page.limit).unwrap_or(rest);
    let link = |number: usize| page_link(request, caller, query, page, number);
    let goes_back = page.number > 1 && caller.switches.inferred_members;
    let links = PageLinks {
        this: link(page.number),
        next: (here.len() < rest.len()).then(|| link(page.number + 1)),
        first: goes_back.then(|| link(1)),
        prev: goes_back.then(|| link(page.number - 1)),
        last: None,
    };
    Some((here, links))
}

/// The link to page `number` of the list that is asked for.
fn page_link(request: &HttpRequest, caller: &Caller, query: &Query, page: Page, number: usize) -> Link {
    Link { href: caller.host.url(format_args!("{}?{}", request.path(), query.for_page(page, number))) }
}

/// The page that is asked for of what `find` finds, each entry made by `view`. So many entries as
/// `find` is told are enough.
pub(crate) fn page<'a, F: 'a, V: Serialize>(
    request: &HttpRequest,
    caller: &Caller,
    name: &'static str,
    find: impl FnOnce(&Query, usize) -> Result<Vec<&'a F>, BadParameter>,
    view: impl Fn(&'a F, &With<'_>) -> V,
) -> Result<HttpResponse, Error> {
    page_of(request, caller, name, caller.switches.page_limit, find, view)
}

/// As [`page`], of a list that gives at most `most` a page.
pub(crate) fn page_of<'a, F: 'a, V: Serialize>(
    request: &HttpRequest,
    caller: &Caller,
    name: &'static str,
    most: usize,
    find: impl FnOnce(&Query, usize) -> Result<Vec<&'a F>, BadParameter>,
    view: impl Fn(&'a F, &With<'_>) -> V,
) -> Result<HttpResponse, Error> {
    let query = Query::of(request);
    let page = query.page(most, caller.switches.larger_limit)?;
    let with = query.with();
    let found = find(&query, page.needs())?;
    let Some((here, links)) = shown(request, caller, &query, page, &found) else {
        return Ok(HttpResponse::NoContent().finish());
    };
    let entries = here.iter().map(|entry| view(entry, &with)).collect();
    Ok(hal_of(&Envelope { _page: page.number, _links: links, _embedded: Named(name, entries) }, here.len()))
}

/// As [`page`], of a list that says how much there is.
pub(crate) fn page_with_total<'a, F: 'a, V: Serialize>(
    request: &HttpRequest,
    caller: &Caller,
    name: &'static str,
    find: impl FnOnce(&Query) -> Result<Vec<&'a F>, BadParameter>,
    view: impl Fn(&'a F, &With<'_>) -> V,
) -> Result<HttpResponse, Error> {
    let query = Query::of(request);
    let page = query.page(caller.switches.page_limit, caller.switches.larger_limit)?;
    let with = query.with();
    let found = find(&query)?;
    let Some((here, mut links)) = shown(request, caller, &query, page, &found) else {
        return Ok(HttpResponse::NoContent().finish());
    };
    let pages = found.len().div_ceil(page.limit);
    links.last = (page.number < pages).then(|| page_link(request, caller, &query, page, pages));
    let entries = here.iter().map(|entry| view(entry, &with)).collect();
    Ok(hal(&Counted {
        _total_items: found.len(),
        _page: page.number,
        _page_count: pages,
        _links: links,
        _embedded: Named(name, entries),
    }))
}

/// What is read at an address of its own.
pub(crate) trait Addressed {
    /// The one that the path names so, if it is shown.
    fn find<'t>(tables: &'t Tables, key: &str, switches: &Switches) -> Option<&'t Self>;

    /// Whether who has these permissions may see it.
    fn is_seen(&self, permissions: &Permissions<'_>) -> bool;

    /// It as amoCRM writes it.
    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, with: &With<'_>) -> impl Serialize;
}

/// The one of the address.
pub(crate) async fn one<T: Addressed>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    key: Path<String>,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let found = T::find(&tables, &key, &caller.switches);
    let show = |one: &T| hal(&one.view(&tables, &caller, &Query::of(&request).with()));
    Ok(one_seen(&caller, found, |one| one.is_seen(&permissions), show))
}

/// The answer about what was found; 204 if that is nothing, and by a switch 403 if the caller may
/// not see it.
pub(crate) fn one_seen<T>(
    caller: &Caller,
    found: Option<&T>,
    may: impl FnOnce(&T) -> bool,
    show: impl FnOnce(&T) -> HttpResponse,
) -> HttpResponse {
    match found {
        Some(one) if may(one) => show(one),
        Some(_) => unseen(caller),
        None => HttpResponse::NoContent().finish(),
    }
}

/// The answer about what the caller may not see: 204, by a switch 403.
pub(crate) fn unseen(caller: &Caller) -> HttpResponse {
    if caller.switches.read_outside_rights == FORBIDDEN {
        return problem::forbidden();
    }
    HttpResponse::NoContent().finish()
}

/// The status of a refusal by rights.
const FORBIDDEN: u16 = 403;
