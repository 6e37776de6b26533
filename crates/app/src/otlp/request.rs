//! The span of a request: whose trace it is part of, and what is said of it.

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header of W3C's trace context.
const TRACEPARENT: &str = "traceparent";

/// Attributes by OpenTelemetry's conventions.
pub(super) const METHOD: &str = "http.request.method";
pub(super) const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";

/// Says what is asked; the log has it in the line of the request.
pub fn asked(span: &Span, request: &ServiceRequest) {
    follow(span, request.headers());
    span.set_attribute(METHOD, request.method().as_str().to_owned());
    span.set_attribute(ROUTE, request.match_pattern().unwrap_or_else(|| "none".to_owned()));
}

/// Says what was answered. A caller that goes away leaves it unsaid.
pub fn answered(span: &Span, status: StatusCode) {
    span.set_attribute(STATUS, i64::from(status.as_u16()));
}

/// Makes the span part of the caller's trace, if the caller names one. `tracestate` is left alone: a
/// caller could put anything there.
fn follow(span: &Span, headers: &HeaderMap) {
    if !headers.contains_key(TRACEPARENT) {
        return;
    }
    let caller = TraceContextPropagator::new().extract_with_context(&Context::new(), &Traceparent(headers));
    if caller.span().span_context().is_valid() {
        // It fails where nothing is exported.
        let _ = span.set_parent(caller);
    }
}

struct Traceparent<'a>(&'a HeaderMap);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        if key != TRACEPARENT {
            return None;
        }
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
