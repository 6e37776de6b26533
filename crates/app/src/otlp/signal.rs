//! How each of traces and metrics is sent: the standard variables of OpenTelemetry's that the SDK leaves to us.

use std::error::Error;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use url::Url;

use super::{OtlpError, endpoint};

/// How long a collector may take if nothing is said: the standard's 10 s.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most spans that wait.
const LONGEST_QUEUE: u32 = 1_000_000;

/// Traces or metrics.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    /// Its word in the names of variables.
    word: &'static str,
    /// Its path at a collector.
    path: [&'static str; 2],
}

pub(super) const TRACES: Signal = Signal { word: "TRACES", path: ["v1", "traces"] };
pub(super) const METRICS: Signal = Signal { word: "METRICS", path: ["v1", "metrics"] };

impl Signal {
    /// Whether it is switched off, as by `OTEL_METRICS_EXPORTER=none`.
    pub(super) fn is_off(self) -> bool {
        text(&format!("OTEL_{}_EXPORTER", self.word)).is_some_and(|exporter| exporter == "none")
    }

    /// Where it goes: to an address of its own, else below the collector's.
    pub(super) fn endpoint(self, collector: &Url) -> Result<Url, OtlpError> {
        let variable = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", self.word);
        if let Some(own) = text(&variable) {
            return endpoint(&own).map_err(|problem| OtlpError::Variable { variable, problem });
        }
        let mut url = collector.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(self.path);
        }
        Ok(url)
    }

    /// A client for `endpoint`. As everything else here it goes by documented variables alone, through no
    /// proxy of the environment, and takes a secret in a header to no other host.
    pub(super) fn client(self, endpoint: &Url) -> Result<Client, OtlpError> {
        let timeout = self.timeout()?;
        let builder = Client::builder().redirect(Policy::none()).no_proxy().timeout(timeout).connect_timeout(timeout);
        // Without TLS no root certificates are needed.
        let builder = if endpoint.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        builder.build().map_err(|error| OtlpError::Exporter(error.into()))
    }

    fn timeout(self) -> Result<Duration, OtlpError> {
        let Some((variable, text)) = self.variable("TIMEOUT") else { return Ok(TIMEOUT) };
        let milliseconds = text.parse().ok().filter(|milliseconds| *milliseconds > 0).map(Duration::from_millis);
        milliseconds.ok_or(OtlpError::Variable { variable, problem: "is not a number of milliseconds, from 1" })
    }

    /// Only protobuf over HTTP is spoken; the SDK would say nothing and use it.
    pub(super) fn check_protocol(self) -> Result<(), OtlpError> {
        match self.variable("PROTOCOL") {
            Some((variable, protocol)) if protocol != "http/protobuf" => {
                Err(OtlpError::Variable { variable, problem: "must be http/protobuf: a collector has it at port 4318" })
            }
            _ => Ok(()),
        }
    }

    /// A variable of this signal, or else of both, with its name.
    fn variable(self, what: &str) -> Option<(String, String)> {
        [format!("OTEL_EXPORTER_OTLP_{}_{what}", self.word), format!("OTEL_EXPORTER_OTLP_{what}")]
            .into_iter()
            .find_map(|name| text(&name).map(|text| (name, text)))
    }
}

/// The queue of spans, which the SDK makes room for at once, whatever its length.
pub(super) fn check_queue() -> Result<(), OtlpError> {
    let variable = "OTEL_BSP_MAX_QUEUE_SIZE".to_owned();
    match text(&variable).map(|text| text.parse()) {
        None | Some(Ok(1..=LONGEST_QUEUE)) => Ok(()),
        Some(_) => Err(OtlpError::Variable { variable, problem: "is not a number of spans from 1 to 1000000" }),
    }
}

#[expect(clippy::disallowed_methods, reason = "OpenTelemetry's standard variables are no settings of ours")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// What the SDK complains of.
pub(super) fn refused(error: impl Error + Send + Sync + 'static) -> OtlpError {
    OtlpError::Exporter(error.into())
}
