//! The drawer's server side: its clicks go through here, for a page may speak to its own service alone.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, HOST, HeaderName, ORIGIN};
use actix_web::web::{self, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_sandbox::{AccountId, Sandbox, SandboxError};
use serde::Deserialize;
use serde_json::json;

use super::fault_scenario::{Baseline, FaultScenario, now, start};
use crate::error::ApiError;
use crate::request_id;

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The local amoCRM, and its normal settings.
pub(super) struct Drawer {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) baseline: Baseline,
}

/// Adds `GET /app/amo`, what is on now, and `POST /app/amo/{what}`, a click.
pub(super) fn routes(drawer: &Arc<Drawer>, config: &mut ServiceConfig) {
    let only = |allowed| web::to(move || std::future::ready(Err::<(), _>(ApiError::MethodNotAllowed(allowed))));
    let shown = drawer.clone();
    let show = move || std::future::ready(answer(&shown, None));
    config.service(web::resource("/app/amo").route(web::get().to(show)).default_service(only("GET")));
    let clicked = drawer.clone();
    let click = move |request, what, target| click(clicked.clone(), request, what, target);
    config.service(web::resource("/app/amo/{what}").route(web::post().to(click)).default_service(only("POST")));
}

/// The account of the scenario, where it concerns one account.
#[derive(Deserialize)]
struct Target {
    account: Option<AccountId>,
}

async fn click(
    drawer: Arc<Drawer>,
    request: HttpRequest,
    what: Path<String>,
    target: Result<Query<Target>, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    if is_foreign(&request) {
        return Ok(foreign());
    }
    let scenario = FaultScenario::ALL.into_iter().find(|one| one.code() == *what).ok_or(ApiError::NotFound)?;
    let refused = || ApiError::InvalidRequest("account".to_owned(), "It is not the number of an account.".to_owned());
    let wanted = target.or(Err(refused()))?.account;
    let mut homes = drawer.baseline.homes.iter();
    let account = match wanted {
        Some(wanted) => homes.find(|account| account.id == wanted),
        None => homes.next(),
    };
    let account = account.ok_or_else(refused)?;
    let done =
        start(scenario, &drawer.sandbox, &drawer.baseline, account).await.map_err(|error| not_started(&error))?;
    Ok(answer(&drawer, done))
}

fn not_started(error: &SandboxError) -> ApiError {
    tracing::error!(%error, "fault scenario not started");
    ApiError::Internal(None)
}

fn answer(drawer: &Drawer, done: Option<String>) -> HttpResponse {
    let now = now(&drawer.sandbox, &drawer.baseline);
    let mut body = json!({ "success": true, "data": { "now": now.line, "on": now.scenario.map(FaultScenario::code) } });
    if let Some(done) = done {
        body["message"] = done.into();
    }
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

/// Whether another page than the phone's sends it: any page in the browser could otherwise click.
/// Who is no browser sends neither header.
fn is_foreign(request: &HttpRequest) -> bool {
    let header = |name: &HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let other_site = header(&SEC_FETCH_SITE).is_some_and(|site| site != "same-origin");
    let other_origin = header(&ORIGIN).is_some_and(|origin| {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_none() || host != header(&HOST)
    });
    other_site || other_origin
}

fn foreign() -> HttpResponse {
    let detail = "The drawer is for the phone's own page.";
    let problem = json!({
        "type": "urn:amo-connect:problem:foreign_origin",
        "title": "Foreign origin",
        "status": 403,
        "detail": detail,
        "code": "foreign_origin",
        "requestId": request_id::current(),
        "success": false,
        "message": detail,
    });
    HttpResponse::Forbidden().content_type("application/problem+json").body(problem.to_string())
}
