//! What is written: the bodies as API v4 takes them, and its thin answers.
//!
//! amoCRM would take more than is understood here. `null`, an empty list and an empty object say something too, so
//! who sends one for what is unset asks for a change that nobody wants.

use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::idempotency::WrittenObject;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::wire::Request;

type Read<T> = Result<T, &'static str>;

/// For what a phone number or an e-mail address can be.
const KINDS: [&str; 7] = ["WORK", "WORKDD", "MOB", "FAX", "HOME", "PRIV", "OTHER"];

const MISSING: &str = "a member is missing";

/// The body of `request`.
pub(super) fn body(request: &Request) -> Read<Value> {
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err("the body is not said to be JSON");
    }
    serde_json::from_slice(request.body()).or(Err("the body is no JSON"))
}

/// The members of an object that are not read yet.
struct Members(Map<String, Value>);

impl Members {
    /// Reads an object by `read`, which has to take each of its members.
    fn read<T>(object: Value, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let Value::Object(members) = object else { return Err("it is no object") };
        if members.is_empty() {
            return Err("an object is empty");
        }
        let mut members = Self(members);
        let read = read(&mut members)?;
        if members.0.is_empty() { Ok(read) } else { Err("a member is unknown") }
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Read<Option<T>> {
        let read = |value: Value| read(&value).ok_or("a member has a value of another type");
        self.0.remove(name).map(read).transpose()
    }

    fn text(&mut self, name: &str) -> Read<Option<String>> {
        self.take(name, |value| value.as_str().map(str::to_owned))
    }

    fn number(&mut self, name: &str) -> Read<Option<u64>> {
        self.take(name, Value::as_u64)
    }

    fn flag(&mut self, name: &str) -> Read<Option<bool>> {
        self.take(name, Value::as_bool)
    }

    fn moment(&mut self, name: &str) -> Read<Option<Timestamp>> {
        self.take(name, |value| Timestamp::from_second(value.as_i64()?).ok())
    }

    fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        self.0.remove(name).map(|object| Self::read(object, read)).transpose()
    }

    /// The objects of a list; none if there is no list.
    fn list<T>(&mut self, name: &str, read: impl Fn(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        match self.0.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) if list.is_empty() => Err("a list is empty"),
            Some(Value::Array(list)) => list.into_iter().map(|object| Self::read(object, &read)).collect(),
            Some(_) => Err("a member has a value of another type"),
        }
    }
}

/// The one entry of a list, if there is a list.
fn only<T>(mut list: Vec<T>) -> Read<Option<T>> {
    let entry = list.pop();
    if list.is_empty() { Ok(entry) } else { Err("a list has more than one entry") }
}

/// The one item of a body that is a list.
fn item(body: Value) -> Read<Value> {
    let Value::Array(items) = body else { return Err("the body is no list") };
    only(items)?.ok_or("the body has no item")
}

pub(super) fn lead(body: Value) -> Read<NewLead> {
    Members::read(item(body)?, |members| {
        let mut lead = NewLead {
            name: members.text("name")?,
            price: members.number("price")?,
            pipeline: members.number("pipeline_id")?,
            stage: members.number("status_id")?,
            responsible_user: members.number("responsible_user_id")?,
            ..NewLead::default()
        };
        let responsible_user = lead.responsible_user;
        members.object("_embedded", |embedded| {
            lead.tags = embedded.list("tags", tag)?;
            lead.guest = only(embedded.list("contacts", |contact| guest(contact, responsible_user))?)?;
            Ok(())
        })?;
        Ok(lead)
    })
}

fn tag(members: &mut Members) -> Read<String> {
    members.text("name")?.ok_or(MISSING)
}

/// A lead's contact, whom nobody else may be responsible for than for the lead.
fn guest(members: &mut Members, responsible_user: Option<u64>) -> Read<NewGuest> {
    if members.number("responsible_user_id")?.is_some_and(|user| Some(user) != responsible_user) {
        return Err("somebody else is responsible for the contact");
    }
    let mut guest = NewGuest { name: members.text("name")?, ..NewGuest::default() };
    for (code, value) in members.list("custom_fields_values", field)? {
        match code.as_str() {
            "PHONE" => guest.phone = Some(value),
            "EMAIL" => guest.email = Some(value),
            _ => return Err("a custom field is unknown"),
        }
    }
    Ok(guest)
}

/// A custom field's code, and its one value.
fn field(members: &mut Members) -> Read<(String, String)> {
    let code = members.text("field_code")?.ok_or(MISSING)?;
    let value = only(members.list("values", |members| match members.text("enum_code")? {
        Some(kind) if KINDS.contains(&kind.as_str()) => members.text("value")?.ok_or(MISSING),
        _ => Err("a value is of no known kind"),
    })?)?;
    Ok((code, value.ok_or(MISSING)?))
}

pub(super) fn lead_change(body: Value) -> Read<LeadChange> {
    Members::read(body, |members| {
        Ok(LeadChange {
            name: members.text("name")?,
            price: members.number("price")?,
            pipeline: members.number("pipeline_id")?,
            stage: members.number("status_id")?,
            responsible_user: members.number("responsible_user_id")?,
            loss_reason: members.number("loss_reason_id")?,
            tags_to_add: members.list("tags_to_add", tag)?,
            tags_to_remove: members.list("tags_to_delete", tag)?,
        })
    })
}

pub(super) fn note(lead: u64, body: Value) -> Read<NewNote> {
    Members::read(item(body)?, |members| {
        if members.text("note_type")?.as_deref() != Some("common") {
            return Err("the note is not of the common type");
        }
        let text = members.object("params", |params| params.text("text"))?.flatten();
        Ok(NewNote { lead, text: text.ok_or(MISSING)? })
    })
}

pub(super) fn task(body: Value) -> Read<NewTask> {
    Members::read(item(body)?, |members| {
        if members.text("entity_type")?.as_deref() != Some("leads") {
            return Err("the task is not on a lead");
        }
        Ok(NewTask {
            lead: members.number("entity_id")?.ok_or(MISSING)?,
            text: members.text("text")?.ok_or(MISSING)?,
            complete_till: members.moment("complete_till")?.ok_or(MISSING)?,
            kind: members.number("task_type_id")?,
            responsible_user: members.number("responsible_user_id")?,
        })
    })
}

pub(super) fn task_change(body: Value) -> Read<TaskChange> {
    Members::read(body, |members| {
        Ok(TaskChange {
            text: members.text("text")?,
            complete_till: members.moment("complete_till")?,
            is_completed: members.flag("is_completed")?,
            result: members.object("result", |result| result.text("text"))?.flatten(),
        })
    })
}

/// The answer to a write that made something: of a lead with its contact a bare list, else an envelope.
pub(super) fn made(write: &Write, WrittenObject { id, is_new }: WrittenObject) -> Value {
    let links = json!({"self": {"href": "http://amo/api/v4/"}});
    let listed = |name: &str, entry: Value| json!({"_links": links, "_embedded": {name: [entry]}});
    match write {
        Write::Lead(lead) => {
            let contact = lead.guest.as_ref().map(|_| id + 1);
            json!([{"id": id, "contact_id": contact, "company_id": null, "request_id": ["0"], "merged": !is_new}])
        }
        Write::Note(note) => {
            listed("notes", json!({"id": id, "entity_id": note.lead, "request_id": "0", "_links": links}))
        }
        Write::Task(_) => listed("tasks", json!({"id": id, "request_id": "0", "_links": links})),
        Write::LeadChange(..) | Write::TaskChange(..) => changed(write),
    }
}

/// The answer to a change.
pub(super) fn changed(write: &Write) -> Value {
    json!({"id": write.target(), "updated_at": 1_795_428_000, "_links": {"self": {"href": "http://amo/api/v4/"}}})
}
