//! Logs: where they go, in which form, and what of them.
//!
//! No query string, header or body of anyone is logged: the line of a request names the route's
//! pattern, and other crates' targets are capped at warnings whatever `RUST_LOG` says.

mod format;
mod json;
mod output;
mod panics;
mod queue;
mod repeats;
mod request;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use output::{Logging, dropped_lines};
use queue::{Lines, Queue};
pub use request::{CallbackFields, observe};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt, dynamic_filter_fn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, LogsConfig};
use crate::otlp::TraceLayer;

/// Where actix tells, as an error, of connections that broke and of requests that are no HTTP. Any stranger can make as
/// many as they like, and the local amoCRM breaks them on purpose. What a service has to tell of them it tells itself.
const BROKEN_CONNECTIONS: &str = "actix_http::h1::";

/// Where a web server tells that it cannot accept connections.
const ACCEPTING: &str = "actix_server::accept";

/// Whether the listener was closed by ourselves.
static LISTENER_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// From now on a listener that accepts nothing is no error.
pub fn expect_closed_listener() {
    LISTENER_IS_CLOSED.store(true, Ordering::Relaxed);
}

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A service. Its panics are lines too.
    Service,
    /// A sandbox.
    Sandbox,
    /// A command for people.
    Command,
}

/// Sends logs to standard error, and spans to `traces`, until what this returns is dropped.
#[must_use]
pub fn init(logs: &LogsConfig, subject: Subject, traces: Option<TraceLayer>) -> Logging {
    let repeats = repeats::Repeats::default();
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(&logs.directives)
        .and(filter_fn(|event| event.target().starts_with("amo_connect") || *event.level() <= Level::WARN))
        .and(filter_fn(|event| !event.target().starts_with(BROKEN_CONNECTIONS)))
        .and(dynamic_filter_fn(|event, _| event.target() != ACCEPTING || !LISTENER_IS_CLOSED.load(Ordering::Relaxed)))
        .and(repeats.clone());
    let (queue, is_json) = (Arc::new(Queue::default()), is_json(logs.format));
    let lines = tracing_subscriber::fmt::layer().with_writer(Lines(Arc::clone(&queue)));
    let lines = if is_json {
        lines.fmt_fields(json::JsonFields).event_format(json::Json).boxed()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).fmt_fields(format::TextFields).boxed()
    };
    // A second call, as a test makes it, keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(traces).with(lines.with_filter(filter)).try_init();
    if subject == Subject::Service {
        panics::log();
    }
    Logging::start(queue, repeats, is_json)
}

/// Whether logs are JSON, where the settings may leave it to where they go.
fn is_json(format: Option<LogFormat>) -> bool {
    match format {
        Some(format) => format == LogFormat::Json,
        None => !std::io::stderr().is_terminal(),
    }
}
