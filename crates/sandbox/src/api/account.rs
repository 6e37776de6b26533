//! `GET /api/v4/account`.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    guard::Caller,
    list::{SelfLink, hal},
    query::{Query, With},
};
use crate::{
    AccountId, UserId,
    hosts::Host,
    store::{Account, Group, Tables, TaskType},
    world::World,
};

/// An account as amoCRM writes it.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "amoCRM's accounts have them")]
struct View<'a> {
    id: AccountId,
    name: &'a str,
    subdomain: &'a str,
    created_at: u64,
    created_by: u64,
    updated_at: u64,
    updated_by: u64,
    current_user_id: UserId,
    country: &'a str,
    currency: &'a str,
    currency_symbol: &'a str,
    customers_mode: &'a str,
    is_unsorted_on: bool,
    mobile_feature_version: u8,
    is_loss_reason_enabled: bool,
    is_helpbot_enabled: bool,
    is_technical_account: bool,
    contact_name_display_order: u8,
    #[serde(flatten)]
    asked: Map<String, Value>,
    _links: SelfLink,
    #[serde(skip_serializing_if = "Map::is_empty")]
    _embedded: Map<String, Value>,
}

/// The account that is asked, and what `with` wants besides.
pub(crate) async fn account(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    let query = Query::of(&request);
    let with = query.with();
    Ok(hal(&View {
        id: account.id,
        name: &account.name,
        subdomain: caller.host.subdomain().unwrap_or(&account.subdomain),
        created_at: account.created_at,
        created_by: 0,
        updated_at: account.created_at,
        updated_by: 0,
        current_user_id: caller.author.user,
        country: &account.country,
        currency: &account.currency,
        currency_symbol: &account.currency_symbol,
        customers_mode: "disabled",
        is_unsorted_on: true,
        mobile_feature_version: 0,
        is_loss_reason_enabled: true,
        is_helpbot_enabled: false,
        is_technical_account: false,
        contact_name_display_order: 1,
        asked: asked(account, &caller, &with),
        _links: SelfLink::new(&caller.host, "/api/v4/account"),
        _embedded: embedded(&account.store.read(), &caller.host, &with),
    }))
}

/// The members that come only with `with`.
fn asked(account: &Account, caller: &Caller, with: &With<'_>) -> Map<String, Value> {
    wanted(
        with,
        &[
            ("amojo_id", &|| json!(account.uuid)),
            ("uuid", &|| json!(account.uuid)),
            ("version", &|| json!(28)),
            ("entity_names", &|| json!({"leads": {"ru": {"gender": "m"}, "en": {}}})),
            ("drive_url", &|| json!(caller.host.url(""))),
            ("is_api_filter_enabled", &|| json!(caller.switches.custom_fields_filter)),
            ("invoices_settings", &|| json!({"lang": null, "currency": account.currency})),
        ],
    )
}

/// The lists that come only with `with`.
fn embedded(tables: &Tables, host: &Host, with: &With<'_>) -> Map<String, Value> {
    let link = SelfLink::new(host, "/api/v4/account");
    let group = |group: &Group| json!({"id": group.id, "name": group.name, "uuid": null, "_links": link});
    let task_type = |known: &TaskType| {
        json!({
            "id": known.id, "name": known.name, "color": known.color, "icon_id": known.icon_id, "code": known.code,
        })
    };
    let datetime_settings = || {
        json!({
            "date_pattern": "d.m.Y H:i",
            "short_date_pattern": "d.m.Y",
            "short_time_pattern": "H:i",
            "date_format": "d.m.Y",
            "time_format": "H:i:s",
            "timezone": "Europe/Kyiv",
            "timezone_offset": "+02:00",
        })
    };
    wanted(
        with,
        &[
            ("amojo_rights", &|| json!({"can_direct": true, "can_create_groups": true, "_links": link})),
            ("users_groups", &|| tables.groups.iter().map(group).collect()),
            ("task_types", &|| tables.task_types.iter().map(task_type).collect()),
            ("datetime_settings", &datetime_settings),
        ],
    )
}

/// Of the `known` members those that `with` names; no other one is made.
fn wanted(with: &With<'_>, known: &[(&str, &dyn Fn() -> Value)]) -> Map<String, Value> {
    let wanted = known.iter().filter(|(name, _)| with.has(name));
    wanted.map(|(name, value)| ((*name).to_owned(), value())).collect()
}
