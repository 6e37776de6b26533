//! API v4 as amoCRM answers it.

mod account;
mod cards;
mod complex;
mod drafts;
mod entity_read;
mod entity_write;
mod events;
mod filter;
mod guard;
mod leads;
mod links;
mod links_write;
mod list;
mod members;
mod notes;
mod numbers;
mod problem;
mod query;
mod settings;
mod tags;
mod tasks;
mod unsorted;
mod unused;
mod webhooks;
mod write;

use actix_web::{
    Scope,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use crate::{
    endpoint::{Endpoint, delete, get, patch, post, resources},
    store::{CompanyDraft, ContactDraft, Entity as _, LeadDraft},
};
pub(crate) use drafts::{ReadDraft, entity, id, note, task};
use entity_read::Readable;
pub(crate) use guard::bearer;
use problem::method_not_allowed;
pub(crate) use problem::{attempt, moved, not_found, problem, problem_of_type, unauthorized};
pub(crate) use write::{Items, Refused, refused};

/// The path that all of the API is under.
pub(crate) const SCOPE: &str = "/api/v4";

/// Everything that the API answers.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        get("/account", account::account),
        post("/leads/complex", complex::add),
        patch("/leads/tags", tags::edit),
        patch("/leads/tags/{id:[0-9]+}", tags::edit_one),
        get("/webhooks", webhooks::list),
        post("/webhooks", webhooks::subscribe),
        delete("/webhooks", webhooks::unsubscribe),
    ];
    all.extend(of_entities::<LeadDraft>());
    all.extend(of_entities::<ContactDraft>());
    all.extend(of_entities::<CompanyDraft>());
    all.extend(notes::endpoints());
    all.extend(tasks::endpoints());
    all.extend(events::endpoints());
    all.extend(unsorted::endpoints());
    all.extend(settings::endpoints());
    all.extend(unused::endpoints());
    all
}

/// What is answered for one kind of entities.
fn of_entities<D: ReadDraft>() -> Vec<Endpoint>
where
    D::Entity: Readable,
{
    let name = D::Entity::KIND.plural();
    let (all, one) = (format!("/{name}"), format!("/{name}/{{id:[0-9]+}}"));
    vec![
        get(&all, entity_read::list::<D::Entity>),
        post(&all, entity_write::add::<D>),
        patch(&all, entity_write::edit::<D>),
        get(&one, list::one::<D::Entity>),
        patch(&one, entity_write::edit_one::<D>),
        get(format!("{one}/links"), links::of_one::<D::Entity>),
        post(format!("{one}/link"), links_write::link::<D::Entity>),
        post(format!("{one}/unlink"), links_write::unlink::<D::Entity>),
        get(format!("{all}/links"), links::of_several::<D::Entity>),
        post(format!("{all}/link"), links_write::link::<D::Entity>),
        post(format!("{all}/unlink"), links_write::unlink::<D::Entity>),
        get(format!("{all}/tags"), tags::list::<D::Entity>),
        post(format!("{all}/tags"), tags::add::<D::Entity>),
    ]
}

/// Adds the API.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resources = resources(endpoints(), || web::to(method_not_allowed));
    let scope = resources.into_iter().fold(web::scope(SCOPE), Scope::service);
    config.service(scope.default_service(web::to(not_found)).wrap(from_fn(guard::guard)));
}

/// The media type of amoCRM's good answers.
const HAL: &str = "application/hal+json";
