//! Counting requests, and answering `GET /metrics`.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::Metrics;
use super::declared::{HTTP_DURATION, HTTP_REQUESTS};
use crate::error::ApiError;
use crate::state::AppState;

/// Prometheus's text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counts a request when it is answered.
pub async fn count(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let metrics = request.app_data::<Data<AppState>>().map(|state| state.metrics.clone());
    let method = method(request.method());
    let started = Instant::now();
    let response = next.call(request).await?;
    if let Some(metrics) = metrics {
        metrics.count_request(response.request().match_pattern(), method, response.status().as_u16(), started);
    }
    Ok(response)
}

/// `GET /metrics`: all metrics, in Prometheus's text format.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "service",
    summary = "All metrics, for Prometheus.",
    description = "On `ADMIN_BIND` alone, where that is set.",
    responses((
        status = 200,
        description = "The metrics, in Prometheus's text format.",
        content_type = "text/plain; version=0.0.4; charset=utf-8",
        body = String,
        example = "# TYPE amo_connect_http_requests_total counter\n",
    )),
)]
pub async fn scrape(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    state.limits.check_address(&request)?;
    let (metrics, use_cases) = (state.metrics.clone(), state.use_cases.clone());
    let census = state.read(async move {
        metrics.take_census(&use_cases).await;
        Ok::<_, ApiError>(())
    });
    // A census that panics is logged, and the rest is told all the same.
    let _ = census.await;
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(state.metrics.render(&state.use_cases)))
}

impl Metrics {
    fn count_request(&self, route: Option<String>, method: &'static str, status: u16, started: Instant) {
        let route = route.unwrap_or_else(|| "none".to_owned());
        self.recorder.add(&HTTP_REQUESTS, [route.clone(), method.to_owned(), status.to_string()], 1);
        self.recorder.record(&HTTP_DURATION, [route, method.to_owned()], started.elapsed());
    }
}

/// The name of a method that HTTP has: anybody can make up others.
fn method(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    const NAMES: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.iter().position(|known| known == method).map_or("other", |place| NAMES[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_somebody_made_up_has_no_name_of_its_own() {
        assert_eq!(method(&Method::PATCH), "PATCH");
        assert_eq!(method(&Method::from_bytes(b"PATCHY").unwrap()), "other");
    }
}
