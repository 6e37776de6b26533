//! `GET`, `POST` and `DELETE /api/v4/webhooks`: subscriptions. They are those of the account, not
//! of the integration that asks.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, Data},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    HAL,
    guard::Caller,
    list::{Named, SelfLink, hal},
    members::Members,
    problem::{InvalidItem, forbidden, problem, unauthorized},
    query::Query,
    write::{Items, Refused},
};
use crate::{
    WebhookPlan,
    store::FieldError,
    webhooks::{self, BadDestination, Subscription, Wanted},
    world::World,
};

#[derive(Serialize)]
struct List {
    _total_items: usize,
    _links: SelfLink,
    _embedded: Named<Subscription>,
}

/// A subscription as a request has it.
struct Draft {
    destination: String,
    settings: Option<Vec<Value>>,
}

fn draft(members: &mut Members<'_>) -> Draft {
    members.ignore(&["sort", "id", "disabled"]);
    Draft { destination: members.required_text("destination"), settings: members.list("settings").map(<[_]>::to_vec) }
}

fn read(body: &Bytes, caller: &Caller) -> Result<Draft, Refused> {
    let items = Items::of_object(body, caller.switches.unknown_members, draft)?;
    items.drafts.into_iter().next().ok_or(Refused::Empty)
}

fn invalid(errors: Vec<FieldError>) -> Refused {
    Refused::Invalid(vec![InvalidItem { request_id: "0".to_owned(), errors }])
}

/// The names of a subscription's settings, each once.
fn settings(given: Option<Vec<Value>>) -> Result<Vec<String>, Vec<FieldError>> {
    let Some(given) = given else { return Err(vec![FieldError::missing("settings")]) };
    let (mut names, mut errors) = (Vec::new(), Vec::new());
    for (place, value) in given.iter().enumerate() {
        let path = format!("settings.{place}");
        match value.as_str() {
            Some(name) if names.iter().any(|known| known == name) => {}
            Some(name) if webhooks::is_setting(name) => names.push(name.to_owned()),
            Some(_) => errors.push(FieldError::not_supported_choice(path)),
            None => errors.push(FieldError::invalid_type(path, "string")),
        }
    }
    if given.is_empty() {
        errors.push(FieldError::blank("settings"));
    }
    if errors.is_empty() { Ok(names) } else { Err(errors) }
}

fn bad_destination(bad: BadDestination) -> FieldError {
    FieldError { code: "InvalidUrl", path: "destination".to_owned(), detail: bad.to_string().into() }
}

/// The answer to who is no administrator.
fn refused(caller: &Caller, world: &World) -> Result<Option<HttpResponse>, Refused> {
    let account = caller.account(world).or(Err(Refused::NoAccount))?;
    if account.store.read().permissions(&caller.author).are_full() {
        return Ok(None);
    }
    Ok(Some(match caller.switches.webhooks_of_user {
        401 => unauthorized(caller.switches.unauthorized),
        _ => forbidden(),
    }))
}

/// The subscriptions of the account.
pub(crate) async fn list(world: Data<World>, caller: Caller, request: HttpRequest) -> Result<HttpResponse, Refused> {
    if let Some(refused) = refused(&caller, &world)? {
        return Ok(refused);
    }
    let mut subscriptions = world.webhooks.subscriptions(caller.account);
    let query = Query::of(&request);
    let wanted = query.values(&["filter", "destination"]);
    subscriptions.retain(|known| wanted.is_empty() || wanted.contains(&known.destination()));
    if subscriptions.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(hal(&List {
        _total_items: subscriptions.len(),
        _links: SelfLink::new(&caller.host, "/api/v4/webhooks"),
        _embedded: Named("webhooks", subscriptions),
    }))
}

/// Subscribes a destination, or changes what it is subscribed to.
pub(crate) async fn subscribe(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    if let Some(refused) = refused(&caller, &world)? {
        return Ok(refused);
    }
    match caller.switches.webhook_plan {
        WebhookPlan::Included => {}
        WebhookPlan::PaymentRequired => {
            return Ok(problem(StatusCode::PAYMENT_REQUIRED, "Payment Required", "Payment required"));
        }
        WebhookPlan::Forbidden => return Ok(forbidden()),
    }
    let draft = read(&body, &caller)?;
    let mut errors = Vec::new();
    let (elsewhere, looks_up) = (world.options.allow_non_loopback, caller.switches.webhook_dns);
    if let Err(bad) = webhooks::check_destination(&draft.destination, elsewhere, looks_up).await {
        errors.push(bad_destination(bad));
    }
    let settings = settings(draft.settings).unwrap_or_else(|wrong| {
        errors.extend(wrong);
        Vec::new()
    });
    if !errors.is_empty() {
        return Err(invalid(errors));
    }
    let wanted = Wanted {
        destination: draft.destination,
        settings,
        user: caller.author.user,
        client_id: caller.author.client_id.clone(),
    };
    let now = world.now();
    let Some(subscription) = world.webhooks.subscribe(caller.account, wanted, now, &caller.switches) else {
        let detail = "Limit 100 webhooks per account";
        return Ok(problem(StatusCode::UNPROCESSABLE_ENTITY, "Unprocessable Entity", detail));
    };
    let status = match caller.switches.webhook_created {
        200 => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    Ok(HttpResponse::build(status).content_type(HAL).json(subscription))
}

/// Ends the subscription of a destination.
pub(crate) async fn unsubscribe(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    if refused(&caller, &world)?.is_some() {
        return Err(Refused::Forbidden);
    }
    let draft = read(&body, &caller)?;
    if world.webhooks.unsubscribe(caller.account, &draft.destination) {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Refused::NotFound)
    }
}
