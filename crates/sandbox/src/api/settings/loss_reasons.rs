//! `/api/v4/leads/loss_reasons`.

use actix_web::{HttpRequest, http::StatusCode};
use serde_json::{Value, json};

use super::{Members, Resource, Shown};
use crate::store::{LossReason, LossReasonDraft};

impl Resource for LossReason {
    const NAME: &'static str = "loss_reasons";
    const IS_PUBLIC: bool = true;
    const ADDED: StatusCode = StatusCode::OK;

    fn place(_: &HttpRequest) -> Option<()> {
        Some(())
    }

    fn path((): ()) -> String {
        "/api/v4/leads/loss_reasons".to_owned()
    }

    fn read(members: &mut Members<'_>) -> LossReasonDraft {
        LossReasonDraft { name: members.text("name"), sort: members.int("sort") }
    }

    fn view(&self, _: &Shown<'_>, (): ()) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "sort": self.sort,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}
