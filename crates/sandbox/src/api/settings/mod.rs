//! Settings as the API has them: each kind is listed, read, added, changed and deleted in the same way.

mod field_groups;
mod fields;
mod loss_reasons;
mod pipelines;
mod read;
mod rights;
mod roles;
mod sources;
mod users;
mod write;

use actix_web::{HttpRequest, http::StatusCode};
use serde_json::Value;

use super::{
    guard::Caller,
    members::Members,
    problem::{self, BadParameter},
    query::{Query, With},
    write::MOST_ITEMS,
};
use crate::{
    endpoint::{Endpoint, delete, get, patch, post},
    store::{FieldDefinition, FieldGroup, LossReason, Role, Setting, Source, Tables},
};
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
    /// The most that one request may add or change.
    const MOST_ITEMS: usize = MOST_ITEMS;
    /// The most that there may be.
    const MOST: usize = usize::MAX;
    /// Whether its list comes in pages.
    const IS_PAGED: bool = true;
    /// Whether one may be added without a list around it.
    const MAY_BE_BARE: bool = false;
    /// What it is called where one that is not there cannot be deleted: 404, of several 400. Others are a bad `id`.
    const UNFOUND: Option<&'static str> = None;
    /// Whether the answer to the change of one has its `request_id`.
    const IS_ECHOED: bool = false;

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

/// What is answered for all settings.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = resource::<FieldGroup>("/{kind:leads|contacts|companies}/custom_fields/groups", "[a-z_0-9]+");
    all.extend(resource::<FieldDefinition>("/{kind:leads|contacts|companies}/custom_fields", "[0-9]+"));
    all.extend(resource::<LossReason>("/leads/loss_reasons", "[0-9]+"));
    all.extend(pipelines::endpoints());
    all.extend(resource::<Role>("/roles", "[0-9]+"));
    all.extend(resource::<Source>("/sources", "[0-9]+"));
    all.extend(users::endpoints());
    all
}

fn resource<R: Resource>(path: &str, key: &str) -> Vec<Endpoint> {
    let one = format!("{path}/{{key:{key}}}");
    vec![
        get(path, read::list::<R>),
        post(path, write::add::<R>),
        patch(path, write::edit::<R>),
        delete(path, write::delete::<R>),
        get(&one, read::one::<R>),
        patch(&one, write::edit_one::<R>),
        delete(&one, write::delete_one::<R>),
    ]
}
