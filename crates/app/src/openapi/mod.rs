//! The OpenAPI 3.1 document of the service, made from its handlers and their types.

mod complete;
mod refusals;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::Value;
use utoipa::OpenApi;

use crate::problem::{Code, Problem};
use crate::{handlers, metrics};

/// What the handlers say of themselves; [`complete`](complete::complete) adds what all of them share.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "amo-connect",
        description = "Connects a mobile app's users to their amoCRM accounts and keeps them connected.\n\n\
            A success is `{\"success\":true,…}`, a refusal `application/problem+json` with a stable `code`. \
            Members and codes are added as the service grows: leave alone what you do not know. \
            What amoCRM does not have is `null`, never missing. Times are RFC 3339 in UTC.",
    ),
    servers((url = "/")),
    tags(
        (name = "connection", description = "Connecting a user's amoCRM account, and disconnecting it."),
        (name = "leads", description = "What is read of the account."),
        (name = "writes", description = "What is written to the account. A write with an `Idempotency-Key` may be repeated, and is made once."),
        (name = "amoCRM", description = "What amoCRM calls, not the app."),
        (name = "service", description = "How the service is."),
    ),
    paths(
        handlers::authorize::start,
        handlers::authorize::progress,
        handlers::callback::receive,
        handlers::exchange_code::claim,
        handlers::connection::status,
        handlers::connection::disconnect,
        handlers::leads::list,
        handlers::leads::one,
        handlers::activity::notes,
        handlers::activity::tasks_of_lead,
        handlers::activity::events,
        handlers::activity::tasks,
        handlers::writes::create_lead,
        handlers::writes::change_lead,
        handlers::writes::create_note,
        handlers::writes::create_task,
        handlers::writes::change_task,
        handlers::people::me,
        handlers::people::users,
        handlers::pipelines::list,
        handlers::pipelines::stages,
        handlers::hook::disconnected,
        handlers::health::alive,
        handlers::health::ready,
        handlers::document::openapi,
        handlers::document::page,
        metrics::http::scrape,
    ),
    components(schemas(Problem, Code)),
)]
struct Declared;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| complete::complete(Declared::openapi()));

static RENDERED: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The document as it is served.
pub fn rendered() -> &'static str {
    &RENDERED
}

/// The document for people: the same, with a line for each member.
pub fn pretty() -> String {
    format!("{:#}", *DOCUMENT)
}
