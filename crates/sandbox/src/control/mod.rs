//! The control plane, `/_sandbox` on every host: JSON in, JSON out, a wrong field named with a 400.

mod actions;
mod body;
mod data;
mod in_pages;
mod open_lead;
mod people;
mod webhooks;

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError, Scope,
    http::StatusCode,
    web::{self, Bytes, Data, ServiceConfig},
};
use serde_json::{Value, json};

use crate::{
    Report, SandboxError, UserId,
    endpoint::{Endpoint, get, patch, post, resources},
    store::{CompanyDraft, ContactDraft, LeadDraft, NoteDraft, TaskDraft},
    world::World,
};
pub(crate) use body::Fields;
pub(crate) use data::Operation;
pub(crate) use in_pages::InPages;
pub use open_lead::OpenLead;
pub use people::UserDetails;
pub(crate) use people::UserPatch;

type Answer = Result<HttpResponse, SandboxError>;

/// The path that all controls are under.
pub(crate) const SCOPE: &str = "/_sandbox";

/// All controls.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("", report),
        post("/codes", codes),
        patch("/faults", faults),
        post("/revoke", revoke),
        post("/expire", expire),
        post("/disable", disable),
        post("/move", move_account),
        get("/clock", read_clock),
        post("/clock", clock),
        post("/leads", entities::<LeadDraft>),
        post("/contacts", entities::<ContactDraft>),
        post("/companies", entities::<CompanyDraft>),
        post("/notes", entities::<NoteDraft>),
        post("/tasks", entities::<TaskDraft>),
        patch("/users", users),
        get("/changes", changes),
        get("/requests", requests),
        get("/webhooks", webhooks::show),
        patch("/webhooks", webhooks::switch),
        post("/webhooks/drain", webhooks::drain),
        post("/reset", reset),
    ]
}

/// Adds the control plane.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resources = resources(endpoints(), || web::to(method_not_allowed));
    let scope = resources.into_iter().fold(web::scope(SCOPE), Scope::service);
    config.service(scope.default_service(web::to(not_found)));
}

impl ResponseError for SandboxError {
    fn status_code(&self) -> StatusCode {
        match self.field() {
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        refusal(self.status_code(), self.field(), &self.to_string())
    }
}

async fn report(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(Report::of(&world))
}

async fn codes(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.account()?;
    let user: Option<UserId> = fields.optional("user", "the number of a user is wanted")?;
    let client_id: Option<String> = fields.optional("client_id", "a string is wanted")?;
    fields.finish()?;
    let client_id = client_id.as_deref().unwrap_or_else(|| world.own_client_id());
    Ok(HttpResponse::Ok().json(world.issue_code(account, user, client_id)?))
}

async fn faults(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.optional("account", "the number of an account is wanted")?;
    world.patch_faults(account, &fields.rest())?;
    let state = world.state();
    let own = account.map(|account| state.account_faults.get(&account));
    Ok(HttpResponse::Ok().json(json!({
        "faults": state.faults,
        "account_faults": own,
        "switches": state.switches,
    })))
}

async fn revoke(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.account()?;
    fields.finish()?;
    Ok(HttpResponse::Ok().json(json!({"ended": world.revoke(account)?})))
}

async fn expire(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.account()?;
    fields.finish()?;
    Ok(HttpResponse::Ok().json(json!({"expired": world.expire_access(account)?})))
}

async fn disable(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.account()?;
    let client_id: Option<String> = fields.optional("client_id", "a string is wanted")?;
    fields.finish()?;
    let client_id = client_id.as_deref().unwrap_or_else(|| world.own_client_id());
    Ok(HttpResponse::Ok().json(world.disable(account, client_id).await?))
}

async fn move_account(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = world.account(fields.account()?)?.id;
    fields.finish()?;
    let host = world.state().hosts.move_account(account)?;
    Ok(HttpResponse::Ok().json(json!({"host": host.bare()})))
}

async fn read_clock(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.state().clock.reading())
}

async fn clock(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let seconds: Option<f64> = fields.optional("advance_s", "a number of seconds is wanted")?;
    let frozen: Option<bool> = fields.optional("frozen", "true or false is wanted")?;
    fields.finish()?;
    if seconds.is_none() && frozen.is_none() {
        return Err(SandboxError::invalid("advance_s", "missing"));
    }
    let by = Duration::try_from_secs_f64(seconds.unwrap_or_default())
        .map_err(|error| SandboxError::invalid("advance_s", error.to_string()))?;
    Ok(HttpResponse::Ok().json(world.advance_clock(by, frozen)?))
}

async fn entities<D: InPages>(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.account()?;
    let user: Option<UserId> = fields.optional("user", "the number of a user is wanted")?;
    let mut asked = Vec::new();
    for operation in D::OPERATIONS {
        let what: Option<Value> = fields.optional(operation.name(), "")?;
        asked.extend(what.map(|what| (*operation, what)));
    }
    fields.finish()?;
    let [(operation, what)] = &asked[..] else {
        let names: Vec<_> = D::OPERATIONS.iter().map(|operation| operation.name()).collect();
        return Err(SandboxError::invalid("add", format!("exactly one of {} is wanted", names.join(", "))));
    };
    let written = world.change_entities::<D>(account, user, *operation, what)?;
    Ok(HttpResponse::Ok().json(json!({(D::NAME): written})))
}

async fn users(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.account()?;
    let user: Option<UserId> = fields.optional("user", "the number of a user is wanted")?;
    let patch = UserPatch::read(fields)?;
    let user = user.ok_or_else(|| SandboxError::invalid("user", "missing"))?;
    Ok(HttpResponse::Ok().json(world.change_user(account, user, patch)?))
}

async fn changes(world: Data<World>, request: HttpRequest) -> Answer {
    let mut fields = Fields::of_query(request.query_string());
    let account = world.account(fields.account()?)?;
    let after = fields.after()?;
    fields.finish()?;
    Ok(HttpResponse::Ok().json(json!({"changes": data::changes(account, after)})))
}

async fn requests(world: Data<World>, request: HttpRequest) -> Answer {
    let mut fields = Fields::of_query(request.query_string());
    let account = fields.optional("account", "the number of an account is wanted")?;
    let account = account.map(|account| world.account(account)).transpose()?.map(|account| account.id);
    let after = fields.after()?;
    fields.finish()?;
    Ok(HttpResponse::Ok().json(json!({"requests": world.requests(after, account)})))
}

async fn reset(world: Data<World>, body: Bytes) -> Answer {
    Fields::read(&body)?.finish()?;
    world.reset()?;
    Ok(HttpResponse::Ok().json(Report::of(&world)))
}

async fn not_found() -> HttpResponse {
    refusal(StatusCode::NOT_FOUND, None, "The controls are listed in the README of the sandbox")
}

async fn method_not_allowed() -> HttpResponse {
    refusal(StatusCode::METHOD_NOT_ALLOWED, None, "The controls are listed in the README of the sandbox")
}

/// A refusal with the field that is to blame.
fn refusal(status: StatusCode, field: Option<&str>, detail: &str) -> HttpResponse {
    let body = json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "field": field,
        "detail": detail,
    });
    HttpResponse::build(status).content_type("application/problem+json").body(body.to_string())
}
