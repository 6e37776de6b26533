//! What Harbour keeps of a deal: remarks, errands and a log; how it is asked for, written and read.

use amo_connect_contract::Asked;
use amo_connect_contract::wire::Request;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::task::{Task, TaskFilter, TaskOrder};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::AccessToken;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answers::moment;

const NO_NUMBER: &str = "a parameter is not a number";

/// A page, as Harbour is asked for one.
pub(crate) fn paged(page: PageRequest) -> Vec<(&'static str, String)> {
    vec![("page", page.page.to_string()), ("size", page.limit.to_string())]
}

/// Errands, as Harbour is asked for them.
pub(crate) fn errands(filter: &TaskFilter) -> Vec<(&'static str, String)> {
    let mut query = paged(filter.page);
    let sort = match filter.order {
        TaskOrder::Newest => "-no",
        TaskOrder::CompleteTill { is_descending: true } => "-due",
        TaskOrder::CompleteTill { is_descending: false } => "due",
    };
    query.push(("sort", sort.to_owned()));
    query.extend(filter.lead.map(|deal| ("deal", deal.to_string())));
    query.extend(filter.responsible_user.map(|agent| ("agent", agent.to_string())));
    query.extend(filter.is_completed.map(|done| ("done", done.to_string())));
    query
}

/// What a request for a deal's remarks or log asks, or one for a single remark or errand.
pub(crate) fn entries(
    request: &Request,
    host: &AccountHost,
    token: AccessToken,
) -> Option<Result<Asked, &'static str>> {
    let (host, (_, path)) = (host.clone(), request.target());
    let path: Vec<&str> = path.split('/').skip(1).collect();
    Some(match &path[..] {
        ["deals", deal, "remarks"] => {
            page(request).and_then(|page| Ok(Asked::Notes { host, token, lead: number(deal)?, page }))
        }
        ["deals", deal, "remarks", no] => {
            number(deal).and_then(|lead| Ok(Asked::Note { host, token, lead, id: number(no)? }))
        }
        ["deals", deal, "log"] => {
            page(request).and_then(|page| Ok(Asked::Events { host, token, lead: number(deal)?, page }))
        }
        ["errands", no] => number(no).map(|id| Asked::Task { host, token, id }),
        _ => return None,
    })
}

pub(crate) fn number(text: &str) -> Result<u64, &'static str> {
    text.parse().or(Err(NO_NUMBER))
}

/// The page of a list that knows nothing else.
pub(crate) fn page(request: &Request) -> Result<PageRequest, &'static str> {
    page_of(request, |_, _| Ok(false))
}

/// What a request for `/errands` asks.
pub(crate) fn tasks(request: &Request) -> Result<TaskFilter, &'static str> {
    let (mut order, mut lead, mut responsible_user, mut is_completed) = (None, None, None, None);
    let page = page_of(request, |name, value| {
        match name {
            "sort" => order = Some(sorted(value)?),
            "deal" => lead = Some(number(value)?),
            "agent" => responsible_user = Some(number(value)?),
            "done" => is_completed = Some(value == "true"),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(TaskFilter { page, order: order.ok_or("there is no order")?, lead, responsible_user, is_completed })
}

fn sorted(value: &str) -> Result<TaskOrder, &'static str> {
    match value {
        "-no" => Ok(TaskOrder::Newest),
        "-due" => Ok(TaskOrder::CompleteTill { is_descending: true }),
        "due" => Ok(TaskOrder::CompleteTill { is_descending: false }),
        _ => Err("an order is unknown"),
    }
}

/// The page that `request` asks for; `take` knows its other parameters.
fn page_of(
    request: &Request,
    mut take: impl FnMut(&str, &str) -> Result<bool, &'static str>,
) -> Result<PageRequest, &'static str> {
    let (mut page, mut limit) = (None, None);
    for (name, value) in request.query() {
        match name.as_ref() {
            "page" => page = value.parse().ok(),
            "size" => limit = value.parse().ok(),
            name if take(name, &value)? => {}
            _ => return Err("a parameter is unknown"),
        }
    }
    Ok(PageRequest { page: page.ok_or(NO_NUMBER)?, limit: limit.ok_or(NO_NUMBER)? })
}

fn second(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(Timestamp::as_second)
}

pub(crate) fn written_note(note: &Note) -> Value {
    json!({
        "no": note.id, "kind": note.kind, "words": note.text, "details": note.params, "by": note.created_by,
        "made": second(note.created_at), "touched": second(note.updated_at),
    })
}

pub(crate) fn written_notes(page: &Page<Note>) -> Value {
    json!({ "remarks": page.items.iter().map(written_note).collect::<Vec<_>>(), "more": page.has_more })
}

pub(crate) fn written_task(task: &Task) -> Value {
    json!({
        "no": task.id, "deal": task.lead, "what": task.text, "kind": task.kind, "due": second(task.complete_till),
        "done": task.is_completed, "outcome": task.result, "agent": task.responsible_user, "by": task.created_by,
        "made": second(task.created_at), "touched": second(task.updated_at),
    })
}

pub(crate) fn written_tasks(page: &Page<Task>) -> Value {
    json!({ "errands": page.items.iter().map(written_task).collect::<Vec<_>>(), "more": page.has_more })
}

pub(crate) fn written_events(page: &Page<Event>) -> Value {
    let entry = |event: &Event| {
        json!({
            "id": event.id, "kind": event.kind, "from": event.before, "to": event.after, "by": event.created_by,
            "at": second(event.created_at),
        })
    };
    json!({ "log": page.items.iter().map(entry).collect::<Vec<_>>(), "more": page.has_more })
}

#[derive(Deserialize)]
pub(crate) struct Remarks {
    remarks: Vec<Remark>,
    more: bool,
}

#[derive(Deserialize)]
pub(crate) struct Remark {
    no: u64,
    kind: Option<String>,
    words: Option<String>,
    details: Value,
    by: Option<u64>,
    made: Option<i64>,
    touched: Option<i64>,
}

impl From<Remark> for Note {
    fn from(remark: Remark) -> Self {
        Self {
            id: remark.no,
            kind: remark.kind,
            text: remark.words,
            params: remark.details,
            created_by: remark.by,
            created_at: moment(remark.made),
            updated_at: moment(remark.touched),
        }
    }
}

impl From<Remarks> for Page<Note> {
    fn from(Remarks { remarks, more }: Remarks) -> Self {
        Self { items: remarks.into_iter().map(Note::from).collect(), has_more: more }
    }
}

#[derive(Deserialize)]
pub(crate) struct Errands {
    errands: Vec<Errand>,
    more: bool,
}

#[derive(Deserialize)]
pub(crate) struct Errand {
    no: u64,
    deal: Option<u64>,
    what: Option<String>,
    kind: Option<u64>,
    due: Option<i64>,
    done: bool,
    outcome: Option<String>,
    agent: Option<u64>,
    by: Option<u64>,
    made: Option<i64>,
    touched: Option<i64>,
}

impl From<Errand> for Task {
    fn from(errand: Errand) -> Self {
        Self {
            id: errand.no,
            lead: errand.deal,
            text: errand.what,
            kind: errand.kind,
            complete_till: moment(errand.due),
            is_completed: errand.done,
            result: errand.outcome,
            responsible_user: errand.agent,
            created_by: errand.by,
            created_at: moment(errand.made),
            updated_at: moment(errand.touched),
        }
    }
}

impl From<Errands> for Page<Task> {
    fn from(Errands { errands, more }: Errands) -> Self {
        Self { items: errands.into_iter().map(Task::from).collect(), has_more: more }
    }
}

#[derive(Deserialize)]
pub(crate) struct Log {
    log: Vec<Entry>,
    more: bool,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    kind: Option<String>,
    from: Value,
    to: Value,
    by: Option<u64>,
    at: Option<i64>,
}

impl From<Log> for Page<Event> {
    fn from(Log { log, more }: Log) -> Self {
        let event = |entry: Entry| Event {
            id: entry.id,
            kind: entry.kind,
            before: entry.from,
            after: entry.to,
            created_by: entry.by,
            created_at: moment(entry.at),
        };
        Self { items: log.into_iter().map(event).collect(), has_more: more }
    }
}
