//! Harbour itself: how it wants to be asked, and how it answers.

use std::time::Duration;

use amo_connect_contract::wire::{Dialect, Request, Words};
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::crm::lead::{LeadFilter, LeadOrder, LeadSort};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AuthorizationCode, RefreshToken};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{entities, ledger, logbook};

/// How many deals are on a page of Harbour's, whoever asks.
pub(crate) const PAGE: u32 = 20;

/// A server of Harbour's, as an app with this key meets it.
#[derive(Clone, Copy)]
pub(crate) struct Harbour {
    pub(crate) app: &'static str,
    pub(crate) key: &'static str,
    /// Tokens are at one server for all agencies, and nothing else is there.
    pub(crate) has_tokens: bool,
}

/// The UUID of the agency that the suite calls `number`.
pub(crate) fn agency(number: u64) -> String {
    format!("7b1f0c52-41de-4d0c-9a37-{number:012x}")
}

/// The name of the column that the suite calls `number`.
pub(crate) fn column(number: u64) -> String {
    format!("column-{number}")
}

impl Dialect for Harbour {
    fn understand(&self, request: &Request, host: &AccountHost) -> Result<Asked, &'static str> {
        let (host, token) = (host.clone(), || request.token("Token"));
        match request.target() {
            ("POST", "/tokens") if self.has_tokens => self.for_tokens(request, host),
            _ if self.has_tokens => Err("agencies have servers of their own"),
            ("GET", "/agency") => Ok(Asked::Account { host, token: token()? }),
            ("GET", "/agents") => Ok(Asked::Users { host, token: token()?, page: logbook::page(request)? }),
            ("GET", "/deals") => Ok(Asked::Leads { host, token: token()?, filter: filter(request)? }),
            ("GET", "/people") => Ok(Asked::Contacts { host, token: token()?, ids: ids(request)? }),
            ("GET", "/boards") => Ok(Asked::Pipelines { host, token: token()? }),
            ("GET", "/errands") => Ok(Asked::Tasks { host, token: token()?, filter: logbook::tasks(request)? }),
            ("POST" | "PATCH", _) => Ok(Asked::Write { host, token: token()?, write: ledger::read(request)? }),
            ("GET", path) => {
                if let Some(asked) = logbook::entries(request, &host, token()?) {
                    return asked;
                }
                let id = path.strip_prefix("/deals/").and_then(|id| id.parse().ok());
                Ok(Asked::Lead { host, token: token()?, id: id.ok_or("there is no such path")? })
            }
            _ => Err("there is no such method"),
        }
    }

    fn answer(&self, asked: &Asked, reply: &Reply) -> Option<Words> {
        let ok = |body: Value| Words::json(200, &body);
        let refused = |what: &str| Words::json(422, &json!({ "refused": what }));
        Some(match reply {
            Reply::Issues(issued) => ok(entities::tokens(issued, &issued.expires_in.as_secs().into())),
            Reply::IssuesWithQuotedLife(issued) => {
                ok(entities::tokens(issued, &issued.expires_in.as_secs().to_string().into()))
            }
            Reply::AccountCard(account) => ok(entities::card(account)),
            Reply::Users(page) => ok(entities::agents(page)),
            Reply::Leads(page) => ok(entities::listed(page)),
            Reply::LeadDetails(details) => ok(entities::whole_deal(details)),
            Reply::Notes(page) => ok(logbook::written_notes(page)),
            Reply::Note(note) => ok(logbook::written_note(note)),
            Reply::Tasks(page) => ok(logbook::written_tasks(page)),
            Reply::Task(task) => ok(logbook::written_task(task)),
            Reply::Events(page) => ok(logbook::written_events(page)),
            Reply::DeletedLead(lead) if matches!(asked, Asked::Leads { .. }) => {
                ok(entities::deals([entities::deal(lead, true)], false))
            }
            Reply::DeletedLead(lead) => ok(entities::deal(lead, true)),
            Reply::Contacts(contacts) => {
                ok(json!({ "people": contacts.iter().map(entities::person).collect::<Vec<_>>() }))
            }
            Reply::Pipelines(pipelines) => {
                ok(json!({ "boards": pipelines.iter().map(entities::board).collect::<Vec<_>>() }))
            }
            Reply::Nothing if matches!(asked, Asked::Lead { .. }) => Words::json(404, &json!({ "refused": "deal" })),
            Reply::Nothing if matches!(asked, Asked::Note { .. }) => Words::json(404, &json!({ "refused": "remark" })),
            Reply::Nothing if matches!(asked, Asked::Task { .. }) => Words::json(404, &json!({ "refused": "errand" })),
            Reply::Nothing => ok(json!({
                "deals": [], "more": false, "people": [], "boards": [], "remarks": [], "errands": [], "log": [],
                "agents": [],
            })),
            reply if Reply::REFUSED_CODES.contains(reply) => refused("code"),
            reply if Reply::REFUSED_GRANTS.contains(reply) => refused("renewal"),
            reply if Reply::REFUSED_CLIENTS.contains(reply) => refused("app"),
            Reply::Made(made) => Words::json(201, &json!({ "no": made.id })),
            Reply::Changed => Words { body: String::new(), ..Words::json(204, &Value::Null) },
            Reply::OddRefusal => refused("the moon"),
            Reply::Refuses(field) => refused(ledger::member(asked.write()?, *field)),
            Reply::TargetMissing => Words::json(404, &json!({ "refused": ledger::target(asked.write()?) })),
            Reply::AccessRefused => Words::json(401, &json!({ "refused": "access" })),
            Reply::Forbidden => Words::json(403, &json!({ "refused": "right" })),
            Reply::PaymentRequired => Words::json(402, &json!({})),
            Reply::NotFound => Words::json(404, &json!({ "refused": "agency" })),
            Reply::TooManyCalls(wait) => too_many(*wait),
            Reply::Incomplete if asked.is_for_tokens() => ok(json!({ "access": "an access token alone" })),
            Reply::Incomplete => ok(json!({ "ahoy": true })),
            _ => return None,
        })
    }
}

/// Harbour's limit is a 503 that says so; any other 503 is a failure.
fn too_many(wait: Option<Duration>) -> Words {
    let words = Words::json(503, &json!({ "refused": "pace" }));
    match wait {
        Some(wait) => words.with_header("Retry-After", &wait.as_secs()),
        None => words,
    }
}

impl Harbour {
    fn for_tokens(&self, request: &Request, host: AccountHost) -> Result<Asked, &'static str> {
        let body: Value = serde_json::from_slice(request.body()).or(Err("the body is not JSON"))?;
        if body["app"] != self.app || body["key"] != self.key {
            return Err("it is another app's");
        }
        match (body["code"].as_str(), body["renewal"].as_str(), body.as_object().map(serde_json::Map::len)) {
            (Some(code), None, Some(3)) => Ok(Asked::Exchange { host, code: AuthorizationCode::new(code) }),
            (None, Some(token), Some(3)) => Ok(Asked::Refresh { host, token: RefreshToken::new(token) }),
            _ => Err("it is neither for a code nor for a renewal"),
        }
    }
}

fn filter(request: &Request) -> Result<LeadFilter, &'static str> {
    let no_number = "a parameter is not a number";
    let mut filter = LeadFilter { limit: PAGE, ..LeadFilter::default() };
    for (name, value) in request.query() {
        match name.as_ref() {
            "page" => filter.page = value.parse().or(Err(no_number))?,
            "text" => filter.query = Some(value.into_owned()),
            "board" => filter.pipeline = Some(value.parse().or(Err(no_number))?),
            "sort" => filter.order = order(&value).ok_or("an order is unknown")?,
            "no" => filter.ids.push(value.parse().or(Err(no_number))?),
            "agent" => filter.responsible_user = Some(value.parse().or(Err(no_number))?),
            "since" => filter.updated_since = Some(moment(&value)?),
            "opened" => filter.created_since = Some(moment(&value)?),
            "in" => {
                let (board, column) = value.split_once(".column-").ok_or("a column lacks its board")?;
                filter.stages.push((board.parse().or(Err(no_number))?, column.parse().or(Err(no_number))?));
            }
            _ => return Err("a parameter is unknown"),
        }
    }
    Ok(filter)
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().or(Err("it is no moment"))
}

/// A member of deals, with a minus before it if it goes down.
fn order(text: &str) -> Option<LeadOrder> {
    let (is_descending, member) = text.strip_prefix('-').map_or((false, text), |member| (true, member));
    let by = match member {
        "touched" => LeadSort::UpdatedAt,
        "opened" => LeadSort::CreatedAt,
        "no" => LeadSort::Id,
        _ => return None,
    };
    Some(LeadOrder { by, is_descending })
}

fn ids(request: &Request) -> Result<Vec<u64>, &'static str> {
    let ids = request.query().map(|(name, value)| if name == "id" { value.parse().ok() } else { None });
    ids.collect::<Option<_>>().ok_or("a parameter is unknown")
}
