//! `/api/v4/users`: listed, read and added by administrators, activated and deactivated.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, Data},
};
use serde_json::{Map, Value, json};

use super::{Caller, Members, Resource, Shown, read, rights, write::add};
use crate::{
    UnknownMembers,
    api::{
        drafts,
        list::SelfLink,
        write::{self, Items, Refused},
    },
    endpoint::{Endpoint, get, post},
    store::{Change, Letter, Nullable, Operation, Rights, Setting as _, User, UserDraft},
    world::World,
};

/// The most users that one request may have.
const MOST_USERS: usize = 10;

impl Resource for User {
    const NAME: &'static str = "users";
    const IS_PUBLIC: bool = false;
    const ADDED: StatusCode = StatusCode::CREATED;
    const MISSING: StatusCode = StatusCode::NOT_FOUND;
    const MOST_ITEMS: usize = MOST_USERS;

    fn place(_: &HttpRequest) -> Option<()> {
        Some(())
    }

    fn path((): ()) -> String {
        "/api/v4/users".to_owned()
    }

    fn read(members: &mut Members<'_>) -> UserDraft {
        // Nobody logs in with a password here.
        members.ignore(&["password"]);
        let mut draft = UserDraft {
            name: members.text("name"),
            email: members.text("email"),
            lang: members.text("lang"),
            ..UserDraft::default()
        };
        members.object("rights", |members| {
            draft.is_admin = members.flag("is_admin");
            draft.is_free = members.flag("is_free");
            draft.group_id = members.int("group_id");
            draft.role_id = members.nullable_int("role_id");
            members.ignore(&["is_active"]);
            let own = rights(members);
            draft.rights = (!matches!(draft.role_id, Nullable::Is(_))).then_some(own);
        });
        draft
    }

    fn view(&self, shown: &Shown<'_>, (): ()) -> Value {
        let everything = Rights::all(Letter::A);
        let rights = if self.is_admin { &everything } else { shown.tables.rights_of(self) };
        let mut view = json!({
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "lang": self.lang,
            "rights": {
                "leads": rights.leads,
                "contacts": rights.contacts,
                "companies": rights.companies,
                "tasks": rights.tasks,
                "mail_access": rights.mail_access,
                "catalog_access": rights.catalog_access,
                "status_rights": rights.status_rights,
                "is_admin": self.is_admin,
                "is_free": self.is_free,
                "is_active": self.is_active,
                "group_id": (self.group_id != 0).then_some(self.group_id),
                "role_id": self.role_id,
            },
        });
        // Nothing is known of any of these, and all may be null.
        for name in ["uuid", "amojo_id", "user_rank", "phone_number"] {
            if shown.with.has(name) {
                view[name] = Value::Null;
            }
        }
        let embedded = self.embedded(shown);
        if !embedded.is_empty() {
            view["_embedded"] = embedded.into();
        }
        view
    }
}

impl User {
    /// The lists that come only with `with`. The department of all has no entry.
    fn embedded(&self, shown: &Shown<'_>) -> Map<String, Value> {
        let tables = shown.tables;
        let mut lists = Map::new();
        if shown.with.has("role") {
            let role = self.role_id.and_then(|id| tables.roles.get(id));
            let link = |id| SelfLink::new(&shown.caller.host, format_args!("/api/v4/roles/{id}"));
            let roles = role.map(|role| json!({"id": role.id, "name": role.name, "_links": link(role.id)}));
            lists.insert("roles".to_owned(), roles.into_iter().collect());
        }
        if shown.with.has("group") {
            let own = tables.groups.iter().filter(|group| group.id != 0 && group.id == self.group_id);
            let groups = own.map(|group| json!({"id": group.id, "name": group.name}));
            lists.insert("groups".to_owned(), groups.collect());
        }
        lists
    }
}

/// What is answered for users, who are neither changed nor deleted through the API.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/users", read::list::<User>),
        post("/users", add::<User>),
        post("/users/activate", activate),
        post("/users/deactivate", deactivate),
        get("/users/{key:[0-9]+}", read::one::<User>),
    ]
}

/// Lets users log in again.
async fn activate(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    set_active(&world, &caller, &body, true)?;
    Ok(HttpResponse::build(StatusCode::ACCEPTED).finish())
}

/// Deactivates users; an administrator stays.
async fn deactivate(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    set_active(&world, &caller, &body, false)?;
    Ok(HttpResponse::NoContent().finish())
}

fn set_active(world: &World, caller: &Caller, body: &Bytes, is_active: bool) -> Result<(), Refused> {
    // Members that say more than the id are no mistake.
    let items = Items::of_list(body, MOST_USERS, UnknownMembers::Ignored, drafts::id)?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let found: Vec<_> = items.drafts.iter().filter_map(|&id| tables.users.get(id)).collect();
    if !tables.permissions(&caller.author).are_full() {
        return Err(Refused::Forbidden);
    }
    if found.len() < items.drafts.len() {
        return Err(Refused::NotFound);
    }
    if !is_active && found.iter().any(|user| user.is_admin) {
        return Err(Refused::Forbidden);
    }
    drop(tables);
    let change = |id| {
        let draft = UserDraft { is_active: Some(is_active), ..UserDraft::default() };
        Change::Settings(User::change((), Operation::Edit { id, draft: Box::new(draft) }))
    };
    let changes = items.drafts.into_iter().map(change).collect();
    write::commit(world, caller, &items.request_ids, changes).map(drop)
}
