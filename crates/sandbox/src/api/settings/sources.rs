//! `/api/v4/sources`: an integration sees its own ones.

use actix_web::{HttpRequest, http::StatusCode};
use serde_json::{Value, json};

use super::{BadParameter, Members, Query, Resource, Shown};
use crate::store::{Source, SourceDraft};

impl Resource for Source {
    const NAME: &'static str = "sources";
    const IS_PUBLIC: bool = false;
    const ADDED: StatusCode = StatusCode::OK;
    const MOST_ITEMS: usize = 50;
    const MOST: usize = 100;
    const IS_PAGED: bool = false;
    const UNFOUND: Option<&'static str> = Some("source");

    fn place(_: &HttpRequest) -> Option<()> {
        Some(())
    }

    fn path((): ()) -> String {
        "/api/v4/sources".to_owned()
    }

    fn read(members: &mut Members<'_>) -> SourceDraft {
        SourceDraft {
            name: members.text("name"),
            external_id: members.text("external_id"),
            pipeline_id: members.int("pipeline_id"),
            is_default: members.flag("default"),
            origin_code: members.nullable_text("origin_code"),
            services: members.list("services").map(<[_]>::to_vec),
        }
    }

    fn select<'a>(query: &Query, mut rows: Vec<&'a Self>) -> Result<Vec<&'a Self>, BadParameter> {
        let wanted = query.values(&["filter", "external_id"]);
        rows.retain(|row| wanted.is_empty() || wanted.contains(&row.external_id.as_str()));
        Ok(rows)
    }

    fn view(&self, _: &Shown<'_>, (): ()) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "pipeline_id": self.pipeline_id,
            "external_id": self.external_id,
            "services": self.services,
            "default": self.is_default,
            "origin_code": self.origin_code,
        })
    }
}
