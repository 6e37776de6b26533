//! The drawer's server side: its clicks go through here, for a page may speak to its own service alone.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HOST, HeaderName, ORIGIN};
use actix_web::web::{self, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_sandbox::{AccountId, Sandbox, SandboxError};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::baseline::Baseline;
use super::fault_scenario::{FaultScenario, start};
use super::now::now;
use super::people::{NotDone, PeopleAction, Scene};
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
    let show = move |target| std::future::ready(show(&shown, target));
    config.service(web::resource("/app/amo").route(web::get().to(show)).default_service(only("GET")));
    let clicked = drawer.clone();
    let click = move |request, what, target| click(clicked.clone(), request, what, target);
    config.service(web::resource("/app/amo/{what}").route(web::post().to(click)).default_service(only("POST")));
}

/// Whom a click concerns, where it does not concern everyone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    /// The account of the phone's user; else the first.
    account: Option<AccountId>,
    /// When the phone's user was connected to it, as `/status` says.
    connected_at: Option<String>,
}

type Targeted = Result<Query<Target>, actix_web::Error>;

impl Drawer {
    /// The account that a click is for, and its user.
    fn scene(&self, target: Targeted) -> Result<Scene<'_>, ApiError> {
        let refused =
            |field: &str, what: &str| ApiError::InvalidRequest(field.to_owned(), format!("It is not {what}."));
        let no_account = || refused("account", "the number of an account");
        let Target { account, connected_at } = target.or(Err(no_account()))?.into_inner();
        let mut accounts = self.sandbox.accounts().into_iter();
        let account = match account {
            Some(wanted) => accounts.find(|account| account.id == wanted),
            None => accounts.next(),
        };
        let account = account.ok_or_else(no_account)?;
        let moment = connected_at.map(|text| text.parse::<Timestamp>()).transpose();
        let moment = moment.or(Err(refused("connectedAt", "a moment such as 2026-11-23T10:00:00Z")))?;
        // amoCRM knows none of the app's users. Theirs is the last grant that was given until they were
        // connected; without that moment, or where one of the clocks was moved, the last of all.
        let mut grants = self.sandbox.grants();
        grants.retain(|grant| grant.account == account.id);
        let until = moment.and_then(|moment| u64::try_from(moment.as_second()).ok());
        let is_before = |issued_at| until.is_some_and(|until| issued_at <= until);
        let place = grants.iter().rposition(|grant| is_before(grant.issued_at)).or(grants.len().checked_sub(1));
        let grant = place.map(|place| grants.swap_remove(place));
        Ok(Scene { sandbox: &self.sandbox, baseline: &self.baseline, account, grant })
    }
}

/// What can be clicked.
enum Click {
    Scenario(FaultScenario),
    Action(PeopleAction),
}

impl Click {
    fn of(code: &str) -> Option<Self> {
        let scenario = FaultScenario::ALL.into_iter().find(|one| one.code() == code).map(Self::Scenario);
        scenario.or_else(|| PeopleAction::ALL.into_iter().find(|one| one.code() == code).map(Self::Action))
    }
}

fn show(drawer: &Drawer, target: Targeted) -> Result<HttpResponse, ApiError> {
    answer(drawer, &drawer.scene(target)?, None)
}

async fn click(
    drawer: Arc<Drawer>,
    request: HttpRequest,
    what: Path<String>,
    target: Targeted,
) -> Result<HttpResponse, ApiError> {
    if is_foreign(&request) {
        let why = "The drawer is for the phone's own page.";
        return Ok(problem(StatusCode::FORBIDDEN, "foreign_origin", "Foreign origin", why));
    }
    let clicked = Click::of(&what).ok_or(ApiError::NotFound)?;
    let scene = drawer.scene(target)?;
    let done = match clicked {
        Click::Scenario(scenario) => {
            start(scenario, &drawer.sandbox, &drawer.baseline, &scene.account).await.map_err(|error| failed(&error))?
        }
        Click::Action(action) => match scene.play(action) {
            Ok(done) => Some(done),
            Err(NotDone::Impossible(code, why)) => {
                return Ok(problem(StatusCode::CONFLICT, code, "Impossible as things are", &why));
            }
            Err(NotDone::Failed(error)) => return Err(failed(&error)),
        },
    };
    answer(&drawer, &scene, done)
}

fn failed(error: &SandboxError) -> ApiError {
    tracing::error!(%error, "click in the drawer failed");
    ApiError::Internal(None)
}

fn answer(drawer: &Drawer, scene: &Scene<'_>, done: Option<String>) -> Result<HttpResponse, ApiError> {
    let now = now(&drawer.sandbox, &drawer.baseline);
    let may_read = scene.may_read().map_err(|error| failed(&error))?;
    let on = now.scenario.map(FaultScenario::code);
    let mut body = json!({ "success": true, "data": { "now": now.line, "on": on, "mayRead": may_read } });
    if let Some(done) = done {
        body["message"] = done.into();
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
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

fn problem(status: StatusCode, code: &str, title: &str, detail: &str) -> HttpResponse {
    let problem = json!({
        "type": format!("urn:amo-connect:problem:{code}"),
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
        "code": code,
        "requestId": request_id::current(),
        "success": false,
        "message": detail,
    });
    HttpResponse::build(status).content_type("application/problem+json").body(problem.to_string())
}
