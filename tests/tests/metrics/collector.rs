//! A collector that takes traces and metrics over OTLP, and what it was sent.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const TRACES: &str = "/v1/traces";
const METRICS: &str = "/v1/metrics";

/// A collector.
pub(crate) struct Collector(MockServer);

impl Collector {
    /// One that answers each export so.
    pub(crate) async fn answering(status: u16) -> Self {
        let collector = Self(MockServer::start().await);
        collector.answer(status).await;
        collector
    }

    /// From now on it answers so, and has been sent nothing.
    pub(crate) async fn answer(&self, status: u16) {
        self.0.reset().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(status)).mount(&self.0).await;
    }

    /// Its address, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it.
    pub(crate) fn endpoint(&self) -> String {
        self.0.uri()
    }

    /// All that it was sent.
    pub(crate) async fn requests(&self) -> Vec<Request> {
        self.0.received_requests().await.unwrap()
    }

    async fn sent<T: prost::Message + Default>(&self, path: &str) -> Vec<T> {
        let requests = self.requests().await.into_iter().filter(|request| request.url.path() == path);
        requests.map(|request| T::decode(&*request.body).unwrap()).collect()
    }

    /// All spans that came.
    pub(crate) async fn spans(&self) -> Vec<Span> {
        let exports: Vec<ExportTraceServiceRequest> = self.sent(TRACES).await;
        let scopes = exports.into_iter().flat_map(|export| export.resource_spans).flat_map(|spans| spans.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Whose metrics the last ones are, and these by their names.
    pub(crate) async fn metrics(&self) -> (BTreeMap<String, String>, BTreeMap<String, Metric>) {
        let mut exports: Vec<ExportMetricsServiceRequest> = self.sent(METRICS).await;
        let Some(last) = exports.pop().and_then(|mut export| export.resource_metrics.pop()) else {
            return <_>::default();
        };
        let resource = last.resource.map(|resource| attributes(&resource.attributes));
        let metrics = last.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
        (resource.unwrap_or_default(), metrics.map(|metric| (metric.name.clone(), metric)).collect())
    }
}

/// Attributes, with their values as texts.
pub(crate) fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(&attribute.value))).collect()
}
