//! `/api/v4/{leads|contacts|companies}/custom_fields/groups`.

use actix_web::{HttpRequest, http::StatusCode};
use serde_json::{Value, json};

use super::{Members, Resource, Shown, fields::kind};
use crate::store::{FieldGroup, FieldGroupDraft, Kind};

impl Resource for FieldGroup {
    const NAME: &'static str = "custom_field_groups";
    const IS_PUBLIC: bool = true;
    const ADDED: StatusCode = StatusCode::CREATED;
    const IS_PAGED: bool = false;
    const UNFOUND: Option<&'static str> = Some("group");

    fn place(request: &HttpRequest) -> Option<Kind> {
        kind(request)
    }

    fn path(kind: Kind) -> String {
        format!("/api/v4/{}/custom_fields/groups", kind.plural())
    }

    fn key(&self) -> String {
        self.key.clone()
    }

    fn read(members: &mut Members<'_>) -> FieldGroupDraft {
        FieldGroupDraft { name: members.text("name"), sort: members.int("sort"), fields: members.ints("fields") }
    }

    fn view(&self, shown: &Shown<'_>, kind: Kind) -> Value {
        let fields = shown.tables.fields.of(kind).iter().filter(|field| field.group == Some(self.id));
        json!({
            "id": self.key,
            "name": self.name,
            "is_predefined": self.is_predefined,
            "type": if self.key == "statistic" { "linked_group" } else { "custom_field_group" },
            "entity_type": kind.plural(),
            "sort": self.sort,
            "fields": fields.map(|field| field.id).collect::<Vec<_>>(),
        })
    }
}
