//! `/api/v4/{leads|contacts|companies}/custom_fields`.

use actix_web::{HttpRequest, http::StatusCode};
use serde_json::{Value, json};

use super::{BadParameter, Members, Query, Resource, Shown};
use crate::api::filter::{self, Field, one_of};
use crate::store::{Choice, ChoiceDraft, FieldDefinition, FieldDraft, Kind, StageRef};

const ORDERS: [Field<FieldDefinition>; 2] =
    [one_of("sort", |field| Some(field.sort)), one_of("id", |field| Some(field.id))];

/// The kind of entities that the path names.
pub(super) fn kind(request: &HttpRequest) -> Option<Kind> {
    request.match_info().get("kind").and_then(Kind::of_plural)
}

impl Resource for FieldDefinition {
    const NAME: &'static str = "custom_fields";
    const IS_PUBLIC: bool = true;
    const ADDED: StatusCode = StatusCode::CREATED;
    const CHANGED: StatusCode = StatusCode::CREATED;

    fn place(request: &HttpRequest) -> Option<Kind> {
        kind(request)
    }

    fn path(kind: Kind) -> String {
        format!("/api/v4/{}/custom_fields", kind.plural())
    }

    fn read(members: &mut Members<'_>) -> FieldDraft {
        // What is computed from the rest of the definition, or has no effect here.
        members.ignore(&[
            "is_deletable",
            "is_predefined",
            "is_required",
            "is_visible",
            "settings",
            "triggers",
            "nested",
        ]);
        FieldDraft {
            name: members.text("name"),
            kind: members.text("type"),
            code: members.nullable_text("code"),
            sort: members.int("sort"),
            group: members.nullable_text("group_id"),
            is_api_only: members.flag("is_api_only"),
            required_statuses: members.objects("required_statuses", stage),
            hidden_statuses: members.objects("hidden_statuses", stage),
            choices: members.objects("enums", choice),
            remind: members.nullable_text("remind"),
            currency: members.nullable_text("currency"),
            tracking_callback: members.nullable_text("tracking_callback"),
            search_in: members.nullable_text("search_in"),
            chained_lists: members.entries("chained_lists"),
        }
    }

    fn select<'a>(query: &Query, mut rows: Vec<&'a Self>) -> Result<Vec<&'a Self>, BadParameter> {
        let types = query.values(&["filter", "type"]);
        rows.retain(|row| types.is_empty() || types.contains(&row.kind.name));
        if let Some(ids) = query.numbers("id")? {
            rows.retain(|row| ids.matches(Some(row.id)));
        }
        rows.sort_by_key(|row| row.sort);
        filter::order(query, &mut rows, &ORDERS, &["sort", "id"])?;
        Ok(rows)
    }

    fn view(&self, shown: &Shown<'_>, kind: Kind) -> Value {
        let groups = shown.tables.field_groups.of(kind);
        let choices = self.choices.iter().map(choice_view).collect::<Vec<_>>();
        let is_of_lead = kind == Kind::Lead;
        let mut view = json!({
            "id": self.id,
            "name": self.name,
            "type": self.kind.name,
            "account_id": shown.caller.account,
            "code": self.code,
            "sort": self.sort,
            "is_api_only": self.is_api_only,
            "enums": (!choices.is_empty()).then_some(choices),
            "group_id": self.group.and_then(|id| groups.get(id)).map(|group| &group.key),
            "required_statuses": is_of_lead.then_some(&self.required_statuses),
            "is_deletable": !self.is_predefined,
            "is_predefined": self.is_predefined,
            "entity_type": kind.plural(),
            "remind": self.remind,
            "triggers": [],
            "currency": self.currency,
            "hidden_statuses": self.hidden_statuses,
            "chained_lists": self.chained_lists,
            "nested": null,
            "tracking_callback": self.tracking_callback,
            "search_in": self.search_in,
            "settings": null,
        });
        if is_of_lead {
            view["is_computed"] = json!(false);
        }
        view
    }
}

fn choice_view(choice: &Choice) -> Value {
    json!({"id": choice.id, "value": choice.value, "sort": choice.sort, "code": choice.code})
}

fn choice(members: &mut Members<'_>) -> ChoiceDraft {
    ChoiceDraft {
        id: members.int("id"),
        value: members.text_or_number("value"),
        sort: members.int("sort"),
        code: members.text("code"),
    }
}

fn stage(members: &mut Members<'_>) -> StageRef {
    StageRef { status_id: members.required_int("status_id"), pipeline_id: members.required_int("pipeline_id") }
}
