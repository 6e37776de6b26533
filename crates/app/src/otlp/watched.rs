//! Exporters whose failures are told once, and spans as OpenTelemetry's conventions have them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::request::{METHOD, ROUTE};

/// An exporter that is watched.
#[derive(Debug)]
pub(super) struct Watched<E> {
    exporter: E,
    signal: &'static str,
    /// How many exports in a row the collector has not taken.
    lost: AtomicU64,
}

impl<E> Watched<E> {
    pub(super) fn new(exporter: E, signal: &'static str) -> Self {
        Self { exporter, signal, lost: AtomicU64::new(0) }
    }

    /// Tells of the first failure, and of the end of failures.
    fn note(&self, outcome: OTelSdkResult) {
        let signal = self.signal;
        match outcome {
            Ok(()) => match self.lost.swap(0, Ordering::Relaxed) {
                0 => {}
                lost => tracing::info!(lost_exports = lost, "the collector takes {signal} again"),
            },
            Err(error) => {
                if self.lost.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::warn!(%error, "the collector takes no {signal}; what it does not take is lost");
                }
            }
        }
    }
}

// The SDK, which would log each failure, hears of none.
impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, mut spans: Vec<SpanData>) -> OTelSdkResult {
        spans.iter_mut().for_each(present);
        self.note(self.exporter.export(spans).await);
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.note(self.exporter.export(metrics).await);
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

/// Gives a span its kind, and that of a request its name. In the log both would be noise.
fn present(span: &mut SpanData) {
    match &*span.name {
        "request" => {
            span.span_kind = SpanKind::Server;
            let attribute = |name| span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
            if let (Some(method), Some(route)) = (attribute(METHOD), attribute(ROUTE)) {
                span.name = format!("{} {}", method.value, route.value).into();
            }
        }
        "crm_call" | "storage" => span.span_kind = SpanKind::Client,
        _ => {}
    }
}
