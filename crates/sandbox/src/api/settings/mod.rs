//! Settings as the API has them: each kind is listed, read, added, changed and deleted in the same way.

mod field_groups;
mod fields;
mod loss_reasons;
mod read;
mod rights;
mod roles;
mod sources;
mod users;
mod write;

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{self, ServiceConfig},
};
use serde_json::Value;

use super::{
    guard::Caller,
    members::Members,
    method_not_allowed,
    problem::{self, BadParameter},
    query::{Query, With},
    write::MOST_ITEMS,
};
use crate::store::{FieldDefinition, FieldGroup, LossReason, Role, Setting, Source, Tables};
use rights::rights;

/// A kind of settings that has an address.
pub(super) trait Resource: Setting {
    /// Its name in `_embedded`.
    const NAME: &'static str;
    /// Whether others than administrators see it.
    const IS_PUBLIC: bool;
    /// The statuses of the answers to adding and to changing.
    const ADDED: StatusCode;
    const CHANGED: StatusCode = StatusCode::OK;
    /// The status of the answer to a question for one that is not there.
    const MISSING: StatusCode = StatusCode::NO_CONTENT;
    /// The most that one request may have.
    const MOST_ITEMS: usize = MOST_ITEMS;
    /// The most that there may be.
    const MOST: usize = usize::MAX;

    /// The table that a request is about; `None` if there is none of this name.
    fn place(request: &HttpRequest) -> Option<Self::Place>;

    /// The path of its list.
    fn path(place: Self::Place) -> String;

    /// What requests call it.
    fn key(&self) -> String {
        self.id().to_string()
    }

    /// Reads what a request says about one.
    fn read(members: &mut Members<'_>) -> Self::Draft;

    /// Those of `rows` that `query` asks for, in its order.
    fn select<'a>(_query: &Query, rows: Vec<&'a Self>) -> Result<Vec<&'a Self>, BadParameter> {
        Ok(rows)
    }

    /// It as amoCRM writes it, without `_links`.
    fn view(&self, shown: &Shown<'_>, place: Self::Place) -> Value;
}

/// What a view is made with.
pub(super) struct Shown<'a> {
    pub(super) tables: &'a Tables,
    pub(super) caller: &'a Caller,
    pub(super) with: &'a With<'a>,
}

/// Adds the addresses of all settings.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::<FieldGroup>("/{kind:leads|contacts|companies}/custom_fields/groups", "[a-z_0-9]+", config);
    resource::<FieldDefinition>("/{kind:leads|contacts|companies}/custom_fields", "[0-9]+", config);
    resource::<LossReason>("/leads/loss_reasons", "[0-9]+", config);
    resource::<Role>("/roles", "[0-9]+", config);
    resource::<Source>("/sources", "[0-9]+", config);
    users::routes(config);
}

fn resource<R: Resource>(path: &str, key: &str, config: &mut ServiceConfig) {
    config
        .service(
            web::resource(path)
                .route(web::get().to(read::list::<R>))
                .route(web::post().to(write::add::<R>))
                .route(web::patch().to(write::edit::<R>))
                .route(web::delete().to(write::delete::<R>))
                .default_service(web::to(method_not_allowed)),
        )
        .service(
            web::resource(format!("{path}/{{key:{key}}}"))
                .route(web::get().to(read::one::<R>))
                .route(web::patch().to(write::edit_one::<R>))
                .route(web::delete().to(write::delete_one::<R>))
                .default_service(web::to(method_not_allowed)),
        );
}
