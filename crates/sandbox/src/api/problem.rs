//! The API's refusals, byte for byte.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;

use crate::Unauthorized;

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
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    format!("{} http://{}{}", request.method(), host.unwrap_or_default(), request.uri())
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

#[derive(Serialize)]
struct Validation<'a> {
    #[serde(rename = "validation-errors")]
    errors: [Invalid<'a>; 1],
    title: &'static str,
    r#type: &'static str,
    status: u16,
    detail: &'static str,
}

#[derive(Serialize)]
struct Invalid<'a> {
    request_id: &'static str,
    errors: [InvalidField<'a>; 1],
}

#[derive(Serialize)]
struct InvalidField<'a> {
    code: &'static str,
    path: &'a str,
    detail: &'a str,
}

/// A parameter with a value it cannot have; 400.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {detail}")]
pub(crate) struct BadParameter {
    path: String,
    detail: &'static str,
}

impl BadParameter {
    pub(crate) fn new(path: impl Into<String>, detail: &'static str) -> Self {
        Self { path: path.into(), detail }
    }
}

impl ResponseError for BadParameter {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        let field = InvalidField { code: "NotSupportedChoice", path: &self.path, detail: self.detail };
        let body = Validation {
            errors: [Invalid { request_id: "0", errors: [field] }],
            title: "Bad Request",
            r#type: "https://httpstatus.es/400",
            status: 400,
            detail: "Request validation failed",
        };
        write(StatusCode::BAD_REQUEST, &body)
    }
}
