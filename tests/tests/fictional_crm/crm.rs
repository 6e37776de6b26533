//! Harbour itself: how it wants to be asked, and how it answers.

use amo_connect_contract::wire::{Dialect, Request, Words};
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AuthorizationCode, Issued, RefreshToken};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Harbour, as an app with this key meets it.
pub(crate) struct Harbour {
    pub(crate) app: &'static str,
    pub(crate) key: &'static str,
}

impl Dialect for Harbour {
    fn understand(&self, request: &Request, host: &AccountHost) -> Result<Asked, &'static str> {
        let (host, token) = (host.clone(), || request.token("Token"));
        match request.target() {
            ("POST", "/tokens") => self.for_tokens(request, host),
            ("GET", "/whereabouts") => {
                let token = request.header("x-renewal").ok_or("there is no renewal")?;
                Ok(Asked::Locate { host, token: RefreshToken::new(token) })
            }
            ("GET", "/agency") => Ok(Asked::Account { host, token: token()? }),
            ("GET", "/deals") => Ok(Asked::Leads { host, token: token()?, filter: filter(request)? }),
            ("GET", "/people") => Ok(Asked::Contacts { host, token: token()?, ids: ids(request)? }),
            ("GET", "/boards") => Ok(Asked::Pipelines { host, token: token()? }),
            ("GET", path) => {
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
            Reply::Located(host) => ok(json!({ "pier": host.as_str() })),
            Reply::Account(account) => ok(json!({ "agency": account.0 })),
            Reply::Leads(page) => ok(
                json!({ "deals": page.leads.iter().map(|lead| deal(lead, false)).collect::<Vec<_>>(), "more": page.has_more }),
            ),
            Reply::Lead(lead) => ok(deal(lead, false)),
            Reply::DeletedLead(lead) if matches!(asked, Asked::Leads { .. }) => {
                ok(json!({ "deals": [deal(lead, true)], "more": false }))
            }
            Reply::DeletedLead(lead) => ok(deal(lead, true)),
            Reply::Contacts(contacts) => ok(json!({ "people": contacts.iter().map(person).collect::<Vec<_>>() })),
            Reply::Pipelines(pipelines) => ok(json!({ "boards": pipelines.iter().map(board).collect::<Vec<_>>() })),
            reply if Reply::REFUSED_CODES.contains(reply) => refused("code"),
            reply if Reply::REFUSED_GRANTS.contains(reply) => refused("renewal"),
            reply if Reply::REFUSED_CLIENTS.contains(reply) => refused("app"),
            Reply::OddRefusal => refused("the moon"),
            Reply::AccessRefused => Words::json(401, &json!({ "refused": "access" })),
            Reply::PaymentRequired => Words::json(402, &json!({})),
            Reply::NotFound => Words::json(404, &json!({})),
            Reply::Incomplete if asked.is_for_tokens() => ok(json!({ "access": "an access token alone" })),
            Reply::Incomplete => ok(json!({ "ahoy": true })),
            _ => return None,
        })
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
    let mut filter =
        LeadFilter { page: 1, limit: 10, query: None, pipeline: None, stages: Vec::new(), updated_since: None };
    for (name, value) in request.query() {
        match name.as_ref() {
            "page" => filter.page = value.parse().or(Err(no_number))?,
            "size" => filter.limit = value.parse().or(Err(no_number))?,
            "text" => filter.query = Some(value.into_owned()),
            "board" => filter.pipeline = Some(value.parse().or(Err(no_number))?),
            "since" => filter.updated_since = Some(value.parse::<Timestamp>().or(Err("it is no moment"))?),
            "in" => {
                let (board, column) = value.split_once('.').ok_or("a column lacks its board")?;
                filter.stages.push((board.parse().or(Err(no_number))?, column.parse().or(Err(no_number))?));
            }
            _ => return Err("a parameter is unknown"),
        }
    }
    Ok(filter)
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
        "agency": issued.account.map(|account| account.0),
    })
}

fn deal(lead: &AmoLead, gone: bool) -> Value {
    json!({
        "no": lead.id, "gone": gone, "title": lead.name, "amount": lead.price, "board": lead.pipeline, "column": lead.stage,
        "agent": lead.responsible_user, "opened": lead.created_at.map(Timestamp::as_second),
        "touched": lead.updated_at.map(Timestamp::as_second), "person": lead.contact,
    })
}

fn person(contact: &Contact) -> Value {
    json!({ "no": contact.id, "name": contact.name, "phone": contact.phone, "email": contact.email })
}

fn board(pipeline: &Pipeline) -> Value {
    json!({
        "no": pipeline.id, "name": pipeline.name, "place": pipeline.sort, "inbox": pipeline.is_main,
        "sorting": pipeline.is_unsorted_on, "shelved": pipeline.is_archived,
        "columns": pipeline.stages.iter().map(column).collect::<Vec<_>>(),
    })
}

fn column(stage: &Stage) -> Value {
    json!({
        "no": stage.id, "name": stage.name, "place": stage.sort, "fixed": !stage.is_editable, "color": stage.color,
        "kind": stage.kind,
    })
}
