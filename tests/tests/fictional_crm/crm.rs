//! Harbour itself: how it wants to be asked, and how it answers.

use std::time::Duration;

use amo_connect_contract::wire::{Dialect, Request, Words};
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::custom_field::CustomField;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadFilter, LeadOrder, LeadSort, Tag};
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AuthorizationCode, Issued, RefreshToken};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::logbook;

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
            ("GET", path) => {
                if let Some(asked) = logbook::of_deal(request, &host, token()?) {
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
            Reply::Issues(issued) => ok(tokens(issued, &issued.expires_in.as_secs().into())),
            Reply::IssuesWithQuotedLife(issued) => ok(tokens(issued, &issued.expires_in.as_secs().to_string().into())),
            Reply::AccountCard(AmoAccount { number, name, currency, user }) => {
                ok(json!({ "agency": agency(number.0), "name": name, "coin": currency, "agent": user }))
            }
            Reply::Users(page) => ok(agents(page)),
            Reply::Leads(page) => ok(deals(page.leads.iter().map(|lead| deal(lead, false)), page.has_more)),
            Reply::LeadDetails(details) => ok(whole_deal(details)),
            Reply::Notes(page) => ok(logbook::written_notes(page)),
            Reply::Tasks(page) => ok(logbook::written_tasks(page)),
            Reply::Events(page) => ok(logbook::written_events(page)),
            Reply::DeletedLead(lead) if matches!(asked, Asked::Leads { .. }) => ok(deals([deal(lead, true)], false)),
            Reply::DeletedLead(lead) => ok(deal(lead, true)),
            Reply::Contacts(contacts) => ok(json!({ "people": contacts.iter().map(person).collect::<Vec<_>>() })),
            Reply::Pipelines(pipelines) => ok(json!({ "boards": pipelines.iter().map(board).collect::<Vec<_>>() })),
            Reply::Nothing if matches!(asked, Asked::Lead { .. }) => Words::json(404, &json!({ "refused": "deal" })),
            Reply::Nothing => ok(json!({
                "deals": [], "more": false, "people": [], "boards": [], "remarks": [], "errands": [], "log": [],
                "agents": [],
            })),
            reply if Reply::REFUSED_CODES.contains(reply) => refused("code"),
            reply if Reply::REFUSED_GRANTS.contains(reply) => refused("renewal"),
            reply if Reply::REFUSED_CLIENTS.contains(reply) => refused("app"),
            Reply::OddRefusal => refused("the moon"),
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

fn tokens(issued: &Issued, seconds: &Value) -> Value {
    json!({
        "access": issued.access.expose(),
        "renewal": issued.refresh.expose(),
        "seconds": seconds,
        "agency": issued.account.map(|account| agency(account.0)),
        "pier": issued.host,
    })
}

fn deals(deals: impl IntoIterator<Item = Value>, more: bool) -> Value {
    json!({ "deals": deals.into_iter().collect::<Vec<_>>(), "more": more })
}

fn deal(lead: &AmoLead, gone: bool) -> Value {
    json!({
        "no": lead.id, "gone": gone, "title": lead.name, "amount": lead.price, "board": lead.pipeline,
        "column": lead.stage.map(column), "closed": lead.is_closed, "agent": lead.responsible_user,
        "opened": lead.created_at.map(Timestamp::as_second), "touched": lead.updated_at.map(Timestamp::as_second),
        "settled": lead.closed_at.map(Timestamp::as_second), "labels": lead.tags.iter().map(label).collect::<Vec<_>>(),
        "person": lead.contact, "facts": lead.custom_fields.iter().flatten().map(fact).collect::<Vec<_>>(),
    })
}

fn whole_deal(AmoLeadDetails { lead, contacts, loss_reason }: &AmoLeadDetails) -> Value {
    let mut deal = deal(lead, false);
    deal["people"] = json!(contacts);
    deal["lost_for"] = json!(loss_reason.as_ref().map(|reason| (reason.id, &reason.name)));
    deal
}

fn label(tag: &Tag) -> Value {
    json!({ "no": tag.id, "text": tag.name, "color": tag.color })
}

fn fact(field: &CustomField) -> Value {
    let values: Vec<Value> =
        field.values.iter().map(|value| json!([value.value, value.choice, value.choice_code])).collect();
    json!({ "no": field.id, "name": field.name, "code": field.code, "kind": field.kind, "values": values })
}

fn person(contact: &Contact) -> Value {
    let lines = |all: &[Reached]| all.iter().map(|one| json!([one.value, one.kind])).collect::<Vec<_>>();
    json!({
        "no": contact.id, "name": contact.name, "phones": lines(&contact.phones), "emails": lines(&contact.emails),
    })
}

fn agents(page: &Page<User>) -> Value {
    let agent = |user: &User| {
        json!({
            "no": user.id, "name": user.name, "email": user.email, "works_here": user.is_active,
            "is_chief": user.is_admin,
        })
    };
    json!({ "agents": page.items.iter().map(agent).collect::<Vec<_>>(), "more": page.has_more })
}

fn board(pipeline: &Pipeline) -> Value {
    json!({
        "no": pipeline.id, "name": pipeline.name, "place": pipeline.sort, "main": pipeline.is_main,
        "columns": pipeline.stages.iter().map(described).collect::<Vec<_>>(),
    })
}

fn described(stage: &Stage) -> Value {
    let ends = match stage.kind {
        StageKind::Won => Some("deal"),
        StageKind::Lost => Some("no deal"),
        // Harbour has no place for what nobody has taken on.
        StageKind::Unsorted | StageKind::Open => None,
    };
    json!({
        "id": column(stage.id), "name": stage.name, "place": stage.sort, "fixed": !stage.is_editable,
        "color": stage.color, "ends": ends,
    })
}
