//! How Harbour takes what is written, and what it calls the parts of that.
//!
//! It takes what is named and nothing else: neither `null` nor an empty list nor an empty object.

use amo_connect_contract::wire::Request;
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write, WriteField};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::logbook::number;

const MISSING: &str = "a member is missing";

/// The members of an object that are not read yet.
struct Members(Map<String, Value>);

impl Members {
    fn read<T>(value: Value, read: impl FnOnce(&mut Self) -> Result<T, &'static str>) -> Result<T, &'static str> {
        let Value::Object(members) = value else { return Err("it is no object") };
        if members.is_empty() {
            return Err("an object is empty");
        }
        let mut members = Self(members);
        let read = read(&mut members)?;
        if members.0.is_empty() { Ok(read) } else { Err("a member is unknown") }
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<Option<T>, &'static str> {
        let read = |value: Value| read(&value).ok_or("a member has a value of another type");
        self.0.remove(name).map(read).transpose()
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, &'static str> {
        self.take(name, |value| value.as_str().map(str::to_owned))
    }

    fn number(&mut self, name: &str) -> Result<Option<u64>, &'static str> {
        self.take(name, Value::as_u64)
    }

    fn moment(&mut self, name: &str) -> Result<Option<Timestamp>, &'static str> {
        self.take(name, |value| Timestamp::from_second(value.as_i64()?).ok())
    }

    fn column(&mut self) -> Result<Option<u64>, &'static str> {
        self.take("column", |value| value.as_str()?.strip_prefix("column-")?.parse().ok())
    }

    /// The texts of a list; none if there is no list.
    fn texts(&mut self, name: &str) -> Result<Vec<String>, &'static str> {
        let texts = self.take(name, |value| {
            let texts = value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())
        });
        Ok(texts?.unwrap_or_default())
    }

    fn object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Result<T, &'static str>,
    ) -> Result<Option<T>, &'static str> {
        self.0.remove(name).map(|value| Self::read(value, read)).transpose()
    }
}

/// What `request` tells Harbour to write.
pub(crate) fn read(request: &Request) -> Result<Write, &'static str> {
    let body: Value = serde_json::from_slice(request.body()).or(Err("the body is not JSON"))?;
    let (method, path) = request.target();
    let path: Vec<&str> = path.split('/').skip(1).collect();
    match (method, &path[..]) {
        ("POST", ["deals"]) => Members::read(body, deal).map(Write::Lead),
        ("PATCH", ["deals", no]) => Ok(Write::LeadChange(number(no)?, Members::read(body, deal_change)?)),
        ("POST", ["deals", no, "remarks"]) => {
            let (lead, words) = (number(no)?, Members::read(body, |remark| remark.text("words"))?);
            Ok(Write::Note(NewNote { lead, text: words.ok_or(MISSING)? }))
        }
        ("POST", ["errands"]) => Members::read(body, errand).map(Write::Task),
        ("PATCH", ["errands", no]) => Ok(Write::TaskChange(number(no)?, Members::read(body, errand_change)?)),
        _ => Err("there is no such path"),
    }
}

fn deal(members: &mut Members) -> Result<NewLead, &'static str> {
    Ok(NewLead {
        name: members.text("title")?,
        price: members.number("amount")?,
        pipeline: members.number("board")?,
        stage: members.column()?,
        responsible_user: members.number("agent")?,
        tags: members.texts("labels")?,
        guest: members.object("person", person)?,
    })
}

fn person(members: &mut Members) -> Result<NewGuest, &'static str> {
    Ok(NewGuest { name: members.text("name")?, phone: members.text("phone")?, email: members.text("email")? })
}

fn deal_change(members: &mut Members) -> Result<LeadChange, &'static str> {
    let labels = members.object("labels", |labels| Ok((labels.texts("add")?, labels.texts("drop")?)))?;
    let (tags_to_add, tags_to_remove) = labels.unwrap_or_default();
    Ok(LeadChange {
        name: members.text("title")?,
        price: members.number("amount")?,
        pipeline: members.number("board")?,
        stage: members.column()?,
        responsible_user: members.number("agent")?,
        loss_reason: members.number("lost_for")?,
        tags_to_add,
        tags_to_remove,
    })
}

fn errand(members: &mut Members) -> Result<NewTask, &'static str> {
    Ok(NewTask {
        lead: members.number("deal")?.ok_or(MISSING)?,
        text: members.text("what")?.ok_or(MISSING)?,
        complete_till: members.moment("due")?.ok_or(MISSING)?,
        kind: members.number("kind")?,
        responsible_user: members.number("agent")?,
    })
}

fn errand_change(members: &mut Members) -> Result<TaskChange, &'static str> {
    Ok(TaskChange {
        text: members.text("what")?,
        complete_till: members.moment("due")?,
        is_completed: members.take("done", Value::as_bool)?,
        result: members.text("outcome")?,
    })
}

/// What Harbour calls this part of a write when it refuses it.
pub(crate) fn member(write: &Write, field: WriteField) -> &'static str {
    match field {
        WriteField::Name => "title",
        WriteField::GuestName => "person.name",
        WriteField::GuestPhone => "person.phone",
        WriteField::GuestEmail => "person.email",
        WriteField::Price => "amount",
        WriteField::Pipeline => "board",
        WriteField::Stage => "column",
        WriteField::ResponsibleUser => "agent",
        WriteField::LossReason => "lost_for",
        WriteField::Tags => "labels",
        WriteField::TagsToAdd => "labels.add",
        WriteField::TagsToRemove => "labels.drop",
        WriteField::Text if matches!(write, Write::Note(_)) => "words",
        WriteField::Text => "what",
        WriteField::CompleteTill => "due",
        WriteField::TaskType => "kind",
        WriteField::IsCompleted => "done",
        WriteField::Result => "outcome",
    }
}

/// What is not there when a write is to something that is not.
pub(crate) fn target(write: &Write) -> &'static str {
    if matches!(write, Write::TaskChange(..)) { "errand" } else { "deal" }
}
