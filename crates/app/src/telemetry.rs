//! Logs: where they go, and the line of a request.
//!
//! No query string, header or body of anyone is logged: the request log names the route's
//! pattern, and other crates' targets are capped at warnings whatever `RUST_LOG` says.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::web::Data;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Level};
use tracing_subscriber::filter::{FilterExt, dynamic_filter_fn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::LogFormat;
use crate::error::ApiError;
use crate::request_id;
use crate::state::AppState;

/// Where a web server tells of connections that broke. The local amoCRM breaks them on purpose.
const BROKEN_CONNECTIONS: &str = "actix_http::h1::dispatcher";

/// Where a web server tells that it cannot accept connections.
const ACCEPTING: &str = "actix_server::accept";

/// Whether the listener was closed by ourselves.
static LISTENER_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// From now on a listener that accepts nothing is no error.
pub fn expect_closed_listener() {
    LISTENER_IS_CLOSED.store(true, Ordering::Relaxed);
}

/// Sends logs to standard error. `directives` is what `RUST_LOG` says of our own targets; what a
/// `sandbox` does on purpose is left out.
pub fn init(format: Option<LogFormat>, directives: &str, sandbox: bool) {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(directives)
        .and(filter_fn(|event| event.target().starts_with("amo_connect") || *event.level() <= Level::WARN))
        .and(filter_fn(move |event| !sandbox || event.target() != BROKEN_CONNECTIONS))
        .and(dynamic_filter_fn(|event, _| event.target() != ACCEPTING || !LISTENER_IS_CLOSED.load(Ordering::Relaxed)));
    let json = match format {
        Some(format) => format == LogFormat::Json,
        None => !std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json { lines.json().with_span_list(true).boxed() } else { lines.boxed() };
    // A second call, as a test makes it, keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
}

/// Gives every request an id, every answer the headers all answers have, and the log a line.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = request_id::of(request.headers());
    let span = tracing::info_span!("request", request.id = %id);
    let method = request.method().clone();
    let started = Instant::now();

    let mut response = request_id::scope(id.clone(), next.call(request)).instrument(span.clone()).await?;

    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(request_id::HEADER, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if response.request().app_data::<Data<AppState>>().is_some_and(|state| state.readiness.is_draining()) {
        // The next request of this client comes over another connection, and so may reach another instance.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = response.status().as_u16();
    span.in_scope(|| {
        tracing::info!(
            http.method = %method,
            http.route = route,
            http.status = status,
            http.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        if status >= 500
            && let Some(error) = response.response().error().and_then(|error| error.as_error::<ApiError>())
        {
            let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
            let cause = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            if error.is_busy() {
                tracing::info!(code = error.code().as_str(), "a request has to come again");
            } else {
                let cause = (!cause.is_empty()).then_some(cause);
                tracing::error!(code = error.code().as_str(), cause, "a request failed");
            }
        }
    });
    Ok(response)
}
