//! Lists in amoCRM's envelope: pages with links, no total, and 204 when there is nothing.

use actix_web::{HttpRequest, HttpResponse};
use serde::{Serialize, ser::SerializeMap as _};

use super::{
    HAL,
    query::{Page, Query},
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
    pub(crate) fn new(host: &str, path: &str) -> Self {
        Self { this: Link { href: format!("http://{host}{path}") } }
    }
}

#[derive(Serialize)]
struct PageLinks {
    #[serde(rename = "self")]
    this: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<Link>,
}

#[derive(Serialize)]
struct Envelope<T> {
    _page: usize,
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

/// Whatever amoCRM answers well.
pub(crate) fn hal(body: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(body) {
        Ok(body) => HttpResponse::Ok().content_type(HAL).body(body),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// One page of what was found, each entry made by `view`.
pub(crate) fn page<'a, F, V>(
    request: &HttpRequest,
    host: &str,
    query: &Query,
    page: Page,
    name: &'static str,
    found: &[&'a F],
    view: impl Fn(&'a F) -> V,
) -> HttpResponse
where
    V: Serialize,
{
    let start = (page.number - 1).saturating_mul(page.limit);
    let here: Vec<V> = found.iter().skip(start).take(page.limit).map(|found| view(found)).collect();
    if here.is_empty() {
        return HttpResponse::NoContent().finish();
    }
    let link =
        |number: usize| Link { href: format!("http://{host}{}?{}", request.path(), query.for_page(page, number)) };
    let has_next = start.saturating_add(page.limit) < found.len();
    let is_later = page.number > 1;
    hal(&Envelope {
        _page: page.number,
        _links: PageLinks {
            this: link(page.number),
            next: has_next.then(|| link(page.number + 1)),
            first: is_later.then(|| link(1)),
            prev: is_later.then(|| link(page.number - 1)),
        },
        _embedded: Named(name, here),
    })
}
