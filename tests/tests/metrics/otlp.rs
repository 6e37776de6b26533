//! Traces and metrics of the real binary, as a collector gets them.

use std::collections::BTreeSet;

use amo_connect::metrics::declared::{ALL, Kind};
use amo_connect_tests::{ACCOUNT, Answer, JWT_SECRET, Process, jwt, until};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value::AsInt;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::net::TcpListener;

use crate::collector::{Collector, attributes};
use crate::stage::Stage;

/// So long that a test ends before it is over.
const NEVER_MS: &str = "600000";

const LEADS: &str = "GET /api/amo-crm/leads";

/// A service that exports to `endpoint` by these variables.
async fn exporting(endpoint: &str, variables: &[(&str, &str)]) -> Stage {
    Stage::with(1_000, &[&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)], variables].concat()).await
}

/// The same at once, as far as the SDK allows.
async fn exporting_at_once(collector: &Collector) -> Stage {
    let variables = [
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=the-collectors-own"),
    ];
    exporting(&collector.endpoint(), &variables).await
}

/// The names of the spans around `span`, from the inside out.
fn around<'a>(span: &Span, spans: &'a [Span]) -> Vec<&'a str> {
    let parent = |id: &[u8]| spans.iter().find(|span| span.span_id == id);
    let outwards = std::iter::successors(parent(&span.parent_span_id), |span| parent(&span.parent_span_id));
    outwards.map(|span| span.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_caller_through_the_request_and_its_refresh_to_amocrm() {
    let collector = Collector::answering(200).await;
    let stage = exporting_at_once(&collector).await;
    stage.connect_until_due("olena", ACCOUNT).await;
    let request = stage.http().get(stage.url("/leads?limit=1")).bearer_auth(jwt("olena"));
    let request = request.header("x-request-id", "follow-me");
    let request = request.header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(Answer::to(request.header("tracestate", "vendor=not-taken")).await.status, 200);

    let trace = async || {
        let is_it = |span: &Span| span.trace_id.starts_with(&[0x0a, 0xf7, 0x65]) && span.trace_id.ends_with(&[0x9c]);
        let mut spans = collector.spans().await;
        spans.retain(is_it);
        spans
    };
    let has = |spans: &[Span], name: &str| spans.iter().any(|span| span.name == name);
    until("the trace has come", async || {
        let spans = trace().await;
        has(&spans, LEADS) && has(&spans, "refresh")
    })
    .await;
    let spans = trace().await;
    let of = |name: &str, attribute: &str, value: &str| {
        let is_it = |span: &&Span| {
            span.name == name && attributes(&span.attributes).get(attribute).is_some_and(|known| known == value)
        };
        spans.iter().find(is_it).unwrap_or_else(|| panic!("no {name} with {attribute}={value}: {spans:#?}"))
    };

    let served = of(LEADS, "request.id", "follow-me");
    assert_eq!(
        (served.kind(), &*served.parent_span_id),
        (SpanKind::Server, &[0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31][..])
    );
    of(LEADS, "http.response.status_code", "200");
    assert_eq!(around(of("refresh", "user", "olena"), &spans), [LEADS]);
    let refresh = of("crm_call", "crm.endpoint", "refresh");
    assert_eq!((around(refresh, &spans), refresh.kind()), (vec!["refresh", LEADS], SpanKind::Client));
    assert_eq!(around(of("crm_call", "crm.endpoint", "leads"), &spans), [LEADS]);
    assert_eq!(around(of("storage", "storage.operation", "save_rotated"), &spans), ["refresh", LEADS]);
    stage.service.into_process().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_and_nothing_of_other_crates_is_exported() {
    let collector = Collector::answering(200).await;
    let stage = exporting_at_once(&collector).await;
    let (attempt, code) = stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    assert_eq!(stage.leads().await, 200);
    until("the leads have come", async || collector.spans().await.iter().any(|span| span.name == LEADS)).await;
    let keys = stage.world.settings.token_keys.clone().unwrap();
    let log = stage.service.into_process().stop().await;

    let spans = collector.spans().await;
    let events = spans.iter().flat_map(|span| &span.events).map(|event| &event.attributes);
    let everything: Vec<_> = spans.iter().map(|span| &span.attributes).chain(events).collect();
    for known in &everything {
        assert!(attributes(known)["target"].starts_with("amo_connect"), "{known:?}");
    }
    assert!(spans.iter().any(|span| span.name == "exchange"), "{spans:#?}");
    // What is secret in the sandbox begins so: codes and refresh tokens, and JWTs, as access tokens are too.
    let secrets = [&attempt.state, &code, "def50200", "eyJ", "sandbox-secret", JWT_SECRET, &keys, "limit=1"];
    for request in collector.requests().await {
        assert_eq!(request.headers["x-api-key"], "the-collectors-own");
        let body = String::from_utf8_lossy(&request.body).into_owned();
        for secret in secrets.into_iter().chain(["SELECT ", "INSERT ", "UPDATE "]) {
            assert!(!body.contains(secret), "{secret} in {body}");
        }
    }
    assert!(!log.contains("the-collectors-own"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_the_metrics_that_a_scrape_shows() {
    let collector = Collector::answering(200).await;
    let stage = exporting_at_once(&collector).await;
    stage.connect_until_due("olena", ACCOUNT).await;
    assert_eq!(stage.leads().await, 200);

    let answer = Answer::to(stage.http().get(format!("{}/metrics", stage.base))).await.text;
    let scraped: BTreeSet<_> =
        answer.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(scraped.contains("process_resident_memory_bytes") && scraped.len() > 30, "{scraped:?}");
    until("all that a scrape has", async || {
        let (_, metrics) = collector.metrics().await;
        scraped.iter().all(|name| metrics.contains_key(*name))
    })
    .await;

    let (resource, metrics) = collector.metrics().await;
    for (name, value) in [
        ("service.name", "amo-connect"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "test"),
    ] {
        assert_eq!(resource[name], value);
    }
    assert!(resource.contains_key("service.instance.id"), "{resource:?}");
    for declared in ALL {
        let Some(metric) = metrics.get(declared.name) else { continue };
        let labels = match (declared.kind, metric.data.as_ref().unwrap()) {
            (Kind::Counter, Data::Sum(sum)) if sum.is_monotonic => &sum.data_points[0].attributes,
            (Kind::Gauge, Data::Gauge(gauge)) => &gauge.data_points[0].attributes,
            (Kind::Histogram(bounds), Data::Histogram(histogram)) => {
                let seconds: Vec<_> = bounds.iter().map(|bound| f64::from(*bound) / 1_000.0).collect();
                assert_eq!(histogram.data_points[0].explicit_bounds, seconds, "{}", declared.name);
                &histogram.data_points[0].attributes
            }
            (kind, data) => panic!("{} is {kind:?}, and came as {data:?}", declared.name),
        };
        assert_eq!(
            attributes(labels).into_keys().collect::<BTreeSet<_>>(),
            declared.labels.iter().map(|label| (*label).to_owned()).collect()
        );
    }
    let Some(Data::Sum(refreshes)) = &metrics["amo_connect_refreshes_total"].data else { panic!("{metrics:?}") };
    let done = refreshes.data_points.iter().find(|point| attributes(&point.attributes)["outcome"] == "refreshed");
    assert_eq!(done.unwrap().value, Some(AsInt(1)));
    stage.service.into_process().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_exports_what_has_not_gone_yet() {
    let collector = Collector::answering(200).await;
    let seldom = [("OTEL_BSP_SCHEDULE_DELAY", NEVER_MS), ("OTEL_METRIC_EXPORT_INTERVAL", NEVER_MS)];
    let stage = exporting(&collector.endpoint(), &seldom).await;
    stage.get("olena", "/status").await;
    assert!(collector.requests().await.is_empty());
    stage.service.into_process().stop().await;
    let spans = collector.spans().await;
    assert!(spans.iter().any(|span| span.name == "GET /api/amo-crm/status"), "{spans:#?}");
    assert!(collector.metrics().await.1.contains_key("amo_connect_http_requests_total"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_holds_up_neither_a_request_nor_the_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let variables = [
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "64"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", NEVER_MS),
    ];
    let stage = exporting(&endpoint, &variables).await;
    // Traces and metrics are both on their way, and neither ever arrives.
    let (_first, _second) = (listener.accept().await.unwrap(), listener.accept().await.unwrap());
    for _ in 0..200 {
        assert_eq!(stage.get("olena", "/status").await.status, 200);
    }
    let log = stage.service.into_process().stop().await;
    assert!(log.contains("stopped before the collector had taken the last traces and metrics"), "{log}");
    let of_others = log.lines().filter(|line| line.contains(r#""target":"opentelemetry"#));
    assert!(of_others.count() <= 2, "that spans are dropped, and at the end how many: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_takes_nothing_is_told_of_once_and_so_is_its_return() {
    let collector = Collector::answering(400).await;
    let stage = exporting_at_once(&collector).await;
    let told = ["the collector takes no traces", "the collector takes no metrics"];
    for told in told {
        stage.service.process().until_logged(told).await;
    }
    until("many exports are refused", async || {
        stage.get("olena", "/status").await;
        collector.requests().await.len() > 20
    })
    .await;
    collector.answer(200).await;
    for again in ["the collector takes traces again", "the collector takes metrics again"] {
        stage.service.process().until_logged(again).await;
    }
    let log = stage.service.into_process().stop().await;
    for told in told {
        assert_eq!(log.matches(told).count(), 1, "{told}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_of_opentelemetrys_that_cannot_be_followed_fails_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "99999999999999999"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "collector:4318"),
    ] {
        let (code, _, complaint) = Process::start(&["serve"], &[endpoint, (name, value)], folder.path()).ended().await;
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.contains(&format!("{name}: ")), "{complaint}");
    }
    let wrong = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:the-password@collector:4318")];
    let (code, _, complaint) = Process::start(&["serve"], &wrong, folder.path()).ended().await;
    assert_eq!(code, Some(1), "{complaint}");
    assert!(
        complaint.contains("OTEL_EXPORTER_OTLP_ENDPOINT: names a user") && !complaint.contains("the-password"),
        "{complaint}"
    );
}
