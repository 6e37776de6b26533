//! The API's refusals, byte for byte.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, ResponseError, http::StatusCode, web::Data};
use serde::Serialize;

use crate::{Unauthorized, hosts::Host, server::host_header, store::FieldError, world::World};

/// amoCRM's problem document, its members in its order.
#[derive(Serialize)]
struct Problem<'a> {
    title: &'a str,
    r#type: &'a str,
    status: u16,
    detail: &'a str,
}

/// A problem document of the API.
pub(crate) fn problem(status: StatusCode, title: &str, detail: &str) -> HttpResponse {
    let r#type = format!("https://httpstatus.es/{}", status.as_u16());
    problem_of_type(status, &r#type, title, detail)
}

/// A problem document of another type.
pub(crate) fn problem_of_type(status: StatusCode, r#type: &str, title: &str, detail: &str) -> HttpResponse {
    let body = Problem { title, r#type, status: status.as_u16(), detail };
    write(status, &body)
}

const fn bad_request(detail: &'static str) -> Problem<'static> {
    Problem { title: "Bad Request", r#type: "https://httpstatus.es/400", status: 400, detail }
}

fn write(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_string(body).unwrap_or_default();
    HttpResponse::build(status).content_type("application/problem+json").body(body)
}

/// 401: no access token, or one that is not good.
pub(crate) fn unauthorized(body: Unauthorized) -> HttpResponse {
    match body {
        Unauthorized::Problem => problem(StatusCode::UNAUTHORIZED, "Unauthorized", "Invalid user name or password"),
        Unauthorized::Empty => HttpResponse::Unauthorized().finish(),
    }
}

/// 404: there is nothing at this address.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    cannot(&attempt(&request))
}

/// The method and the whole address of a request.
pub(crate) fn attempt(request: &HttpRequest) -> String {
    let scheme = request.app_data::<Data<World>>().map(|world| world.scheme).unwrap_or_default();
    let url = Host::new(scheme, host_header(request).unwrap_or_default()).url(request.uri());
    format!("{} {url}", request.method())
}

fn cannot(attempt: &str) -> HttpResponse {
    problem(StatusCode::NOT_FOUND, "Not Found", &format!("Cannot {attempt}!"))
}

/// The answer of a host whose account lives elsewhere now.
pub(crate) fn moved(status: u16, attempt: &str) -> HttpResponse {
    match status {
        401 => unauthorized(Unauthorized::Problem),
        _ => cannot(attempt),
    }
}

/// 404: there is no such entity.
pub(crate) fn no_entity() -> HttpResponse {
    problem(StatusCode::NOT_FOUND, "Not Found", "Entity not found")
}

/// The items of a request that cannot be as they are, each with its errors.
#[derive(Serialize)]
struct Validation<'a> {
    #[serde(rename = "validation-errors")]
    errors: &'a [InvalidItem],
    #[serde(flatten)]
    problem: Problem<'static>,
}

/// An item of a request that cannot be as it is.
#[derive(Debug, Serialize)]
pub(crate) struct InvalidItem {
    pub(crate) request_id: String,
    pub(crate) errors: Vec<FieldError>,
}

/// 400: these items cannot be as they are.
pub(crate) fn validation(errors: &[InvalidItem]) -> HttpResponse {
    let problem = bad_request("Request validation failed");
    write(StatusCode::BAD_REQUEST, &Validation { errors, problem })
}

/// What is to be deleted and is not there, of all items of a request.
#[derive(Serialize)]
struct Unfound<'a> {
    errors: &'a [UnfoundItem],
    #[serde(flatten)]
    problem: Problem<'static>,
}

/// An item of a request that names what is not there.
#[derive(Debug, Serialize)]
pub(crate) struct UnfoundItem {
    request_id: String,
    /// One alone, whatever its name says.
    errors: FieldError,
}

impl UnfoundItem {
    /// `what` is a kind, as `source`.
    pub(crate) fn new(request_id: &str, what: &str, key: &str) -> Self {
        let detail = format!("{what} with id = {key} not found").into();
        let errors = FieldError { code: "EntityNotFound", path: "id".to_owned(), detail };
        Self { request_id: request_id.to_owned(), errors }
    }
}

/// 400: these items name what is not there.
pub(crate) fn unfound(errors: &[UnfoundItem]) -> HttpResponse {
    let problem = bad_request("Invalid request items");
    write(StatusCode::BAD_REQUEST, &Unfound { errors, problem })
}

/// 403: the rights of the user do not reach so far.
pub(crate) fn forbidden() -> HttpResponse {
    problem(StatusCode::FORBIDDEN, "Forbidden", "Access denied")
}

/// 405: what is here knows no such method.
pub(crate) async fn method_not_allowed() -> HttpResponse {
    problem(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", "Method Not Allowed")
}

/// A parameter of a query that cannot be as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadParameter {
    /// Its value cannot be.
    #[error("{path}: {detail}")]
    Value { path: String, detail: &'static str },
    /// It must be there.
    #[error("{0}: missing")]
    Missing(&'static str),
    /// The account has not paid for this filter.
    #[error("Invalid filter for current account")]
    InvalidFilter,
    /// More entries are asked for than a page can have.
    #[error("Limit {0} per page")]
    OverLimit(usize),
}

impl BadParameter {
    /// A parameter that must be there.
    pub(crate) const fn missing(path: &'static str) -> Self {
        Self::Missing(path)
    }

    pub(crate) fn new(path: impl Into<String>, detail: &'static str) -> Self {
        Self::Value { path: path.into(), detail }
    }
}

impl ResponseError for BadParameter {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::OverLimit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Value { .. } | Self::Missing(_) | Self::InvalidFilter => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let error = match self {
            Self::Value { path, detail } => {
                FieldError { code: "NotSupportedChoice", path: path.clone(), detail: Cow::Borrowed(*detail) }
            }
            Self::Missing(path) => FieldError::missing(*path),
            Self::InvalidFilter => return problem(self.status_code(), "Bad Request", &self.to_string()),
            Self::OverLimit(_) => return problem(self.status_code(), "Unprocessable Entity", &self.to_string()),
        };
        validation(&[InvalidItem { request_id: "0".to_owned(), errors: vec![error] }])
    }
}
