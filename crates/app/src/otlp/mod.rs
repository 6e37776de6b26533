//! Traces and metrics for a collector, by OTLP: in builds with the feature `otlp`.
//!
//! Spans and events are those of our own crates, the same that the log has: no token, code, state, secret,
//! SQL or query string is in them. Whatever becomes of the collector, no request and no refresh waits for it.

#[cfg(not(feature = "otlp"))]
mod absent;
#[cfg(feature = "otlp")]
mod exporter;
#[cfg(feature = "otlp")]
mod request;
#[cfg(feature = "otlp")]
mod signal;
#[cfg(feature = "otlp")]
mod watched;

#[cfg(not(feature = "otlp"))]
pub use absent::{Exporter, answered, asked};
#[cfg(feature = "otlp")]
pub use exporter::Exporter;
#[cfg(feature = "otlp")]
pub use request::{answered, asked};
use url::Url;

/// Whether this build can export.
pub const IS_BUILT: bool = cfg!(feature = "otlp");

/// Where spans go beside the log.
pub type TraceLayer = Box<dyn tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync>;

/// Why nothing can be exported. The text repeats no value of a variable: `…_HEADERS` has secrets.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// A variable of OpenTelemetry's is wrong.
    #[error("{variable}: {problem}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no HTTP client, or the exporter cannot be made of the variables.
    #[error("traces and metrics cannot be exported to OTEL_EXPORTER_OTLP_ENDPOINT")]
    Exporter(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads the address of a collector.
pub fn endpoint(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).or(Err("is not a URL"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err("must be https or http");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("names a user (user@); OTEL_EXPORTER_OTLP_HEADERS is for secrets");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment; OTEL_EXPORTER_OTLP_HEADERS is for secrets");
    }
    Ok(url)
}
