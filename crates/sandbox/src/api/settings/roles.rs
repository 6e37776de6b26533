//! `/api/v4/roles`.

use actix_web::{HttpRequest, http::StatusCode};
use serde_json::{Value, json};

use super::{Members, Resource, Shown, read, rights};
use crate::store::{Role, RoleDraft, User};

impl Resource for Role {
    const NAME: &'static str = "roles";
    const IS_PUBLIC: bool = false;
    const ADDED: StatusCode = StatusCode::CREATED;
    const CHANGED: StatusCode = StatusCode::ACCEPTED;
    const MAY_BE_BARE: bool = true;

    fn place(_: &HttpRequest) -> Option<()> {
        Some(())
    }

    fn path((): ()) -> String {
        "/api/v4/roles".to_owned()
    }

    fn read(members: &mut Members<'_>) -> RoleDraft {
        RoleDraft { name: members.text("name"), rights: members.object("rights", rights).unwrap_or_default() }
    }

    fn view(&self, shown: &Shown<'_>, (): ()) -> Value {
        let mut view = json!({"id": self.id, "name": self.name, "rights": self.rights});
        if shown.with.has("users") {
            let users = shown.tables.users.iter().filter(|user| user.role_id == Some(self.id));
            // The official library reads each as a whole user, rights included.
            let users: Vec<_> = users.map(|user| read::view::<User>(user, shown, ())).collect();
            view["_embedded"] = json!({"users": users});
        }
        view
    }
}
