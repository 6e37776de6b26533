//! The line of a request.

use std::error::Error;
use std::time::Instant;

use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::Data;
use amo_connect_domain::ids::UserId;
use amo_connect_domain::usecase::CallbackOutcome;
use tracing::{Instrument, Span};

use crate::error::ApiError;
use crate::state::AppState;
use crate::{otlp, request_id};

/// What probes and scrapers ask for every few seconds.
const PROBED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The route of a path that does not exist.
const NO_ROUTE: &str = "none";

/// What the line of a redirect has besides.
#[derive(Clone, Debug)]
pub struct CallbackFields {
    /// What became of it.
    pub outcome: CallbackOutcome,
    /// What the page shows, to find the line by.
    pub reference: String,
}

/// Gives every request an id, every answer the headers all answers have, and the log a line.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = request_id::of(request.headers());
    // At this level it is there for every line, whatever `RUST_LOG` lets through.
    let span = tracing::error_span!("request", request.id = %id);
    otlp::asked(&span, &request);
    let state = request.app_data::<Data<AppState>>().cloned();
    let begun = Begun::of(&request, span.clone());

    let mut response = request_id::scope(id.clone(), next.call(request)).instrument(span.clone()).await?;

    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(request_id::HEADER, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if state.as_ref().is_some_and(|state| state.readiness.is_draining()) {
        // The next request of this client comes over another connection, and so may reach another instance.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let client = state.and_then(|state| state.limits.client(response.request()));
    otlp::answered(&span, response.status());
    let (method, started) = begun.answered();
    span.in_scope(|| log(&response, method.as_str(), started, client.map(|client| client.to_string()).as_deref()));
    Ok(response)
}

/// A request that is not answered yet. It is dropped unanswered when its caller goes away.
struct Begun {
    span: Span,
    method: Method,
    route: Option<String>,
    started: Instant,
    is_answered: bool,
}

impl Begun {
    fn of(request: &ServiceRequest, span: Span) -> Self {
        let (method, route) = (request.method().clone(), request.match_pattern());
        Self { span, method, route, started: Instant::now(), is_answered: false }
    }

    fn answered(mut self) -> (Method, Instant) {
        self.is_answered = true;
        (self.method.clone(), self.started)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        self.span.in_scope(|| {
            tracing::info!(
                http.method = self.method.as_str(),
                http.route = self.route.as_deref().unwrap_or(NO_ROUTE),
                http.duration_ms = milliseconds(self.started),
                error.code = "caller_gone",
                "the caller is gone, or the server stops, before the answer"
            );
        });
    }
}

/// One line, whatever became of the request.
fn log(response: &ServiceResponse<impl MessageBody>, method: &str, started: Instant, client: Option<&str>) {
    let route = response.request().match_pattern().unwrap_or_else(|| NO_ROUTE.to_owned());
    let status = response.status().as_u16();
    let duration_ms = milliseconds(started);
    let extensions = response.request().extensions();
    let user = extensions.get::<UserId>().map(UserId::as_str);
    let callback = extensions.get::<CallbackFields>();
    let error = response.response().error().and_then(|error| error.as_error::<ApiError>());
    macro_rules! line {
        ($level:ident, $message:literal $(, $name:ident . $field:ident = $value:expr)*) => {
            tracing::$level!(
                http.method = method,
                http.route = route,
                http.status = status,
                http.duration_ms = duration_ms,
                user,
                client.address = client,
                callback.outcome = callback.map(|callback| tracing::field::debug(callback.outcome)),
                callback.reference = callback.map(|callback| callback.reference.as_str()),
                $($name.$field = $value,)*
                $message
            )
        };
    }
    let Some(error) = error else {
        return match callback {
            // A flood is counted. Other redirects are told one by one: their pages have a reference to the line.
            Some(callback) if callback.outcome == CallbackOutcome::TryAgain => {
                line!(info, "answered", error.code = "try_again");
            }
            None if PROBED.contains(&route.as_str()) => line!(debug, "answered"),
            _ => line!(info, "answered"),
        };
    };
    let code = error.code().as_str();
    let cause = cause(error);
    let cause = cause.as_deref();
    match error {
        ApiError::Draining => line!(debug, "answered", error.code = code),
        error if error.is_busy() => line!(info, "a request has to come again", error.code = code),
        _ if status >= 500 => line!(error, "a request failed", error.code = code, error.cause = cause),
        _ => line!(info, "answered", error.code = code),
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// All that lies behind an error, if anything does.
fn cause(error: &ApiError) -> Option<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    (!causes.is_empty()).then(|| causes.join(": "))
}
