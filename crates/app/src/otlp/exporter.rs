//! What exports, from the start of a service to its stop.

use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use metrics::KeyName;
use metrics_opentelemetry::{OpenTelemetryMetrics, OpenTelemetryRecorder};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use url::Url;

use super::signal::{METRICS, Signal, TRACES, check_queue, refused};
use super::watched::Watched;
use super::{OtlpError, TraceLayer};
use crate::metrics::SecondRecorder;
use crate::metrics::declared::ALL;

/// Whose spans and metrics they are.
const SCOPE: &str = "amo-connect";

/// How long a stop waits for the last export.
const STOP: Duration = Duration::from_secs(2);

/// What the SDK calls a service that nobody has named.
const UNNAMED: &str = "unknown_service";

/// What exports. Threads of its own send; what they cannot send in time is dropped.
#[derive(Debug)]
pub struct Exporter {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Exporter {
    /// Exports to `collector`, if there is one. It need not be there yet.
    pub fn start(collector: Option<&Url>) -> Result<Option<Self>, OtlpError> {
        let Some(collector) = collector else { return Ok(None) };
        check_queue()?;
        let resource = resource();
        let traces = is_on(TRACES)?.then(|| traces(collector, resource.clone())).transpose()?;
        let metrics = is_on(METRICS)?.then(|| metrics(collector, resource)).transpose()?;
        Ok(Some(Self { traces, metrics }))
    }

    /// Where spans go: those of our own crates, with their events.
    pub fn layer(&self) -> Option<TraceLayer> {
        let tracer = self.traces.as_ref()?.tracer(SCOPE);
        let is_ours =
            filter_fn(|metadata| metadata.target().starts_with("amo_connect") && *metadata.level() <= Level::DEBUG);
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_location(false)
            .with_threads(false);
        Some(layer.with_filter(is_ours.with_max_level_hint(LevelFilter::DEBUG)).boxed())
    }

    /// Where metrics go.
    pub fn recorder(&self) -> Option<SecondRecorder> {
        let meter = self.metrics.as_ref()?.meter(SCOPE);
        let mut recorder = OpenTelemetryRecorder::new(OpenTelemetryMetrics::new(meter));
        for declared in ALL {
            if let Some(bounds) = declared.bounds() {
                recorder.set_histogram_bounds_mut(std::iter::once(KeyName::from_const_str(declared.name)), &bounds);
            }
        }
        Some(Box::new(recorder))
    }

    /// Exports the rest, and waits for that no longer than 2 s. A collector that does not answer would
    /// keep the SDK longer.
    pub fn stop(self) {
        let (done, ended) = channel();
        let Self { traces, metrics } = self;
        let mut waiting = 0;
        if let Some(traces) = traces {
            waiting += usize::from(aside(&done, move || drop(traces.shutdown())));
        }
        if let Some(metrics) = metrics {
            waiting += usize::from(aside(&done, move || drop(metrics.shutdown())));
        }
        let deadline = Instant::now() + STOP;
        for _ in 0..waiting {
            if ended.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_err() {
                tracing::warn!("stopped before the collector had taken the last traces and metrics");
                return;
            }
        }
    }
}

/// Runs `work` in a thread of its own. Whether there is one.
fn aside(done: &Sender<()>, work: impl FnOnce() + Send + 'static) -> bool {
    let done = done.clone();
    let run = move || {
        work();
        // Who waited may have gone.
        let _ = done.send(());
    };
    Builder::new().name("last export".to_owned()).spawn(run).is_ok()
}

fn is_on(signal: Signal) -> Result<bool, OtlpError> {
    signal.check_protocol()?;
    Ok(!signal.is_off())
}

fn traces(collector: &Url, resource: Resource) -> Result<SdkTracerProvider, OtlpError> {
    let endpoint = TRACES.endpoint(collector)?;
    let exporter = SpanExporter::builder().with_http().with_http_client(TRACES.client(&endpoint)?);
    let exporter = exporter.with_endpoint(endpoint.as_str()).build().map_err(refused)?;
    let exporter = Watched::new(exporter, "traces");
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

fn metrics(collector: &Url, resource: Resource) -> Result<SdkMeterProvider, OtlpError> {
    let endpoint = METRICS.endpoint(collector)?;
    let exporter = MetricExporter::builder().with_http().with_http_client(METRICS.client(&endpoint)?);
    let exporter = exporter.with_endpoint(endpoint.as_str()).build().map_err(refused)?;
    let exporter = Watched::new(exporter, "metrics");
    Ok(SdkMeterProvider::builder().with_periodic_exporter(exporter).with_resource(resource).build())
}

/// Who we are: what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say, and our own words for the rest.
/// Instances that are not told apart would overwrite each other's metrics.
fn resource() -> Resource {
    let given = Resource::builder().build();
    let is_given = |name: &'static str| {
        given.get_ref(&Key::from_static_str(name)).is_some_and(|value| !value.as_str().starts_with(UNNAMED))
    };
    let own = [
        ("service.name", SCOPE.to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", uuid::Uuid::new_v4().to_string()),
    ];
    let missing = own.into_iter().filter(|(name, _)| !is_given(name)).map(|(name, value)| KeyValue::new(name, value));
    Resource::builder().with_attributes(missing).build()
}
