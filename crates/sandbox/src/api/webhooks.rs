//! `GET`, `POST` and `DELETE /api/v4/webhooks`: subscriptions. Nothing is sent to them yet.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data},
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    guard::Caller,
    list::{Named, SelfLink, hal},
    problem::BadParameter,
};
use crate::{AccountId, UserId, world::World};

/// A subscription as amoCRM writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Subscription {
    id: u64,
    destination: String,
    created_at: u64,
    updated_at: u64,
    account_id: AccountId,
    created_by: UserId,
    sort: u8,
    disabled: bool,
    settings: Vec<String>,
}

#[derive(Serialize)]
struct List {
    _total_items: usize,
    _links: SelfLink,
    _embedded: Named<Subscription>,
}

#[derive(Deserialize)]
struct Wanted {
    destination: String,
    #[serde(default)]
    settings: Vec<String>,
}

fn read(body: &Bytes) -> Result<Wanted, BadParameter> {
    let wanted: Option<Wanted> = serde_json::from_slice(body).ok();
    let is_url = |wanted: &Wanted| Url::parse(&wanted.destination).is_ok();
    wanted.filter(is_url).ok_or_else(|| BadParameter::new("destination", "This value is not a valid URL."))
}

/// The subscriptions of the account.
pub(crate) async fn list(world: Data<World>, caller: Caller) -> HttpResponse {
    let subscriptions = world.state().webhooks.get(&caller.account).cloned().unwrap_or_default();
    if subscriptions.is_empty() {
        return HttpResponse::NoContent().finish();
    }
    hal(&List {
        _total_items: subscriptions.len(),
        _links: SelfLink::new(&caller.host, "/api/v4/webhooks"),
        _embedded: Named("webhooks", subscriptions),
    })
}

/// Subscribes a destination, or changes what it is subscribed to.
pub(crate) async fn subscribe(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, BadParameter> {
    let wanted = read(&body)?;
    if wanted.settings.is_empty() {
        return Err(BadParameter::new("settings", "This value should not be blank."));
    }
    let mut state = world.state();
    let now = state.now().unix();
    let subscriptions = state.webhooks.entry(caller.account).or_default();
    let known = subscriptions.iter_mut().find(|known| known.destination == wanted.destination);
    let subscription = if let Some(known) = known {
        known.settings = wanted.settings;
        known.updated_at = now;
        known.clone()
    } else {
        let subscription = Subscription {
            id: subscriptions.last().map_or(900_001, |last| last.id + 1),
            destination: wanted.destination,
            created_at: now,
            updated_at: now,
            account_id: caller.account,
            created_by: caller.author.user,
            sort: 1,
            disabled: false,
            settings: wanted.settings,
        };
        subscriptions.push(subscription.clone());
        subscription
    };
    Ok(HttpResponse::Created().content_type(super::HAL).json(subscription))
}

/// Ends the subscription of a destination.
pub(crate) async fn unsubscribe(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, BadParameter> {
    let wanted = read(&body)?;
    let mut state = world.state();
    let subscriptions = state.webhooks.entry(caller.account).or_default();
    subscriptions.retain(|known| known.destination != wanted.destination);
    Ok(HttpResponse::NoContent().finish())
}
