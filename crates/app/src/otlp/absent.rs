//! A build that exports nothing: its settings refuse a collector.

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use tracing::Span;
use url::Url;

use super::{OtlpError, TraceLayer};
use crate::metrics::SecondRecorder;

/// What exports; there is none.
#[derive(Debug)]
pub enum Exporter {}

impl Exporter {
    /// Exports to `collector`, which the settings of this build never name.
    pub fn start(collector: Option<&Url>) -> Result<Option<Self>, OtlpError> {
        debug_assert!(collector.is_none());
        Ok(None)
    }

    /// Where spans go.
    pub fn layer(&self) -> Option<TraceLayer> {
        match *self {}
    }

    /// Where metrics go.
    pub fn recorder(&self) -> Option<SecondRecorder> {
        match *self {}
    }

    /// Exports the rest.
    pub fn stop(self) {
        match self {}
    }
}

/// Nothing is exported.
pub fn asked(_: &Span, _: &ServiceRequest) {}

/// Nothing is exported.
pub fn answered(_: &Span, _: StatusCode) {}
