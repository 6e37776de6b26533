//! The recorder of one service: counters, gauges and histograms by their declarations.

use std::fmt;
use std::time::Duration;

use metrics::{Key, KeyName, Label, Level, Metadata, SharedString};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::declared::{ALL, Declared, Kind};

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// Who is told all that is counted, beside Prometheus's recorder.
pub type SecondRecorder = Box<dyn metrics::Recorder + Send + Sync>;

/// A recorder that belongs to one service: two in one process count apart.
pub(super) struct Recorder {
    prometheus: PrometheusRecorder,
    handle: PrometheusHandle,
    second: Option<SecondRecorder>,
}

impl Recorder {
    /// A recorder that knows what is declared, and has counted nothing.
    pub(super) fn new(second: Option<SecondRecorder>) -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for declared in ALL {
            if let Some(bounds) = declared.bounds() {
                builder = builder.set_buckets_for_metric(Matcher::Full(declared.name.to_owned()), &bounds)?;
            }
        }
        let prometheus = builder.build_recorder();
        let recorder = Self { handle: prometheus.handle(), prometheus, second };
        for Declared { name, kind, help, .. } in ALL {
            let (name, help) = (KeyName::from_const_str(name), SharedString::const_str(help.trim_ascii_start()));
            recorder.each(|recorder| match kind {
                Kind::Counter => recorder.describe_counter(name.clone(), None, help.clone()),
                Kind::Gauge => recorder.describe_gauge(name.clone(), None, help.clone()),
                Kind::Histogram(_) => recorder.describe_histogram(name.clone(), None, help.clone()),
            });
        }
        Ok(recorder)
    }

    fn each(&self, tell: impl Fn(&dyn metrics::Recorder)) {
        tell(&self.prometheus);
        if let Some(second) = &self.second {
            tell(&**second);
        }
    }

    /// Whether somebody is told of gauges who does not ask for them.
    pub(super) fn is_pushed(&self) -> bool {
        self.second.is_some()
    }

    /// Adds `count` to a counter. With none it is there from the start: a rate has to see the first one.
    pub(super) fn add<L>(&self, declared: &Declared, labels: L, count: u64)
    where
        L: IntoIterator,
        L::Item: Into<SharedString>,
    {
        let key = key(declared, labels);
        self.each(|recorder| recorder.register_counter(&key, &METADATA).increment(count));
    }

    /// Sets a counter that somebody else counts.
    pub(super) fn set_counter(&self, declared: &Declared, labels: &[&'static str], count: u64) {
        let key = key(declared, labels.iter().copied());
        self.each(|recorder| recorder.register_counter(&key, &METADATA).absolute(count));
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
        let key = key(declared, labels);
        self.each(|recorder| recorder.register_gauge(&key, &METADATA).set(value));
    }

    /// Counts a duration.
    pub(super) fn record<L>(&self, declared: &Declared, labels: L, took: Duration)
    where
        L: IntoIterator,
        L::Item: Into<SharedString>,
    {
        let key = key(declared, labels);
        self.each(|recorder| recorder.register_histogram(&key, &METADATA).record(took.as_secs_f64()));
    }

    /// Lets `collect` record with the macros of the crate `metrics`.
    pub(super) fn lend(&self, collect: impl Fn()) {
        self.each(|recorder| metrics::with_local_recorder(recorder, &collect));
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

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
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
