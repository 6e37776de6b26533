//! The recorder of one service: counters, gauges and histograms by their declarations.

use std::time::Duration;

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder as _, SharedString};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::declared::{ALL, Declared, Kind};

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// A recorder that belongs to one service: two in one process count apart.
#[derive(Debug)]
pub(super) struct Recorder {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Recorder {
    /// A recorder that knows what is declared, and has counted nothing.
    pub(super) fn new() -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for declared in ALL {
            if let Kind::Histogram(milliseconds) = declared.kind {
                let seconds: Vec<_> = milliseconds.iter().map(|bound| f64::from(*bound) / 1_000.0).collect();
                builder = builder.set_buckets_for_metric(Matcher::Full(declared.name.to_owned()), &seconds)?;
            }
        }
        let recorder = builder.build_recorder();
        for Declared { name, kind, help, .. } in ALL {
            let (name, help) = (KeyName::from_const_str(name), SharedString::const_str(help.trim_ascii_start()));
            match kind {
                Kind::Counter => recorder.describe_counter(name, None, help),
                Kind::Gauge => recorder.describe_gauge(name, None, help),
                Kind::Histogram(_) => recorder.describe_histogram(name, None, help),
            }
        }
        let handle = recorder.handle();
        Ok(Self { recorder, handle })
    }

    /// Adds `count` to a counter. With none it is there from the start: a rate has to see the first one.
    pub(super) fn add<L>(&self, declared: &Declared, labels: L, count: u64)
    where
        L: IntoIterator,
        L::Item: Into<SharedString>,
    {
        self.recorder.register_counter(&key(declared, labels), &METADATA).increment(count);
    }

    /// Sets a counter that somebody else counts.
    pub(super) fn set_counter(&self, declared: &Declared, labels: &[&'static str], count: u64) {
        self.recorder.register_counter(&key(declared, labels.iter().copied()), &METADATA).absolute(count);
    }

    /// Sets a gauge.
    pub(super) fn set(&self, declared: &Declared, labels: &[&'static str], value: f64) {
        self.set_for(declared, labels.iter().copied(), value);
    }

    /// Sets a gauge of labels that are known only when it is set.
    pub(super) fn set_for<L>(&self, declared: &Declared, labels: L, value: f64)
    where
        L: IntoIterator,
        L::Item: Into<SharedString>,
    {
        self.recorder.register_gauge(&key(declared, labels), &METADATA).set(value);
    }

    /// Counts a duration.
    pub(super) fn record<L>(&self, declared: &Declared, labels: L, took: Duration)
    where
        L: IntoIterator,
        L::Item: Into<SharedString>,
    {
        self.recorder.register_histogram(&key(declared, labels), &METADATA).record(took.as_secs_f64());
    }

    /// Lets `collect` record with the macros of the crate `metrics`.
    pub(super) fn lend(&self, collect: impl FnOnce()) {
        metrics::with_local_recorder(&self.recorder, collect);
    }

    /// Makes room: durations wait here until they are put into their buckets.
    pub(super) fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// All of it, in Prometheus's text format.
    pub(super) fn render(&self) -> String {
        self.handle.render()
    }
}

fn key<L>(declared: &Declared, values: L) -> Key
where
    L: IntoIterator,
    L::Item: Into<SharedString>,
{
    let labels: Vec<_> = declared.labels.iter().zip(values).map(|(label, value)| Label::new(*label, value)).collect();
    Key::from_parts(KeyName::from_const_str(declared.name), labels)
}
