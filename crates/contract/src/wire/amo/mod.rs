//! amoCRM's dialect.

mod answer;
mod entities;
mod query;
mod refusals;
mod written;

use std::collections::HashMap;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AuthorizationCode, RefreshToken};
use serde_json::Value;

use super::{Dialect, Request, Words};
use crate::fake::{Asked, Reply};

const NO_ADDRESS: &str = "there is no such method and path";

/// amoCRM, as the integration with these settings meets it.
#[derive(Clone)]
#[expect(missing_docs, reason = "the fields are called as in amoCRM's settings")]
pub struct Integration {
    pub client_id: String,
    pub client_secret: String,
    pub redirect_uri: String,
}

impl Dialect for Integration {
    fn understand(&self, request: &Request, host: &AccountHost) -> Result<Asked, &'static str> {
        let (method, path) = request.target();
        let path: Vec<&str> = path.split('/').skip(1).collect();
        match (method, &path[..]) {
            ("POST", ["oauth2", "access_token"]) => self.for_tokens(request, host.clone()),
            ("GET", ["oauth2", "account", "current", "subdomain"]) => {
                let token = request.header("x-refresh-token").ok_or("there is no refresh token")?;
                Ok(Asked::Locate { host: host.clone(), token: RefreshToken::new(token) })
            }
            ("GET", ["api", "v4", path @ ..]) => read(path, request, host.clone()),
            (method, ["api", "v4", path @ ..]) => write(method, path, request, host.clone()),
            _ => Err(NO_ADDRESS),
        }
    }

    fn answer(&self, asked: &Asked, reply: &Reply) -> Option<Words> {
        answer::answer(asked, reply)
    }
}

fn read(path: &[&str], request: &Request, host: AccountHost) -> Result<Asked, &'static str> {
    let (token, query) = (|| request.token("Bearer"), request.query());
    match path {
        ["account"] => Ok(Asked::Account { host, token: token()? }),
        ["users"] => Ok(Asked::Users { host, page: query::users(query)?, token: token()? }),
        ["leads"] => Ok(Asked::Leads { host, filter: query::leads(query)?, token: token()? }),
        ["contacts"] => Ok(Asked::Contacts { host, ids: query::contacts(query)?, token: token()? }),
        ["leads", "pipelines"] => Ok(Asked::Pipelines { host, token: token()? }),
        ["tasks"] => Ok(Asked::Tasks { host, filter: query::tasks(query)?, token: token()? }),
        ["tasks", id] => Ok(Asked::Task { host, id: query::one(id, query)?, token: token()? }),
        ["events"] => {
            let (lead, page) = query::events(query)?;
            Ok(Asked::Events { host, lead, page, token: token()? })
        }
        ["leads", lead, "notes"] => {
            let page = query::notes(query)?;
            Ok(Asked::Notes { host, lead: query::number(lead)?, page, token: token()? })
        }
        ["leads", lead, "notes", id] => {
            let (lead, id) = (query::number(lead)?, query::one(id, query)?);
            Ok(Asked::Note { host, lead, id, token: token()? })
        }
        ["leads", id] => Ok(Asked::Lead { host, id: query::lead(id, query)?, token: token()? }),
        _ => Err(NO_ADDRESS),
    }
}

fn write(method: &str, path: &[&str], request: &Request, host: AccountHost) -> Result<Asked, &'static str> {
    let body = || written::body(request);
    let write = match (method, path) {
        ("POST", ["leads", "complex"]) => Write::Lead(written::lead(body()?)?),
        ("PATCH", ["leads", id]) => Write::LeadChange(query::number(id)?, written::lead_change(body()?)?),
        ("POST", ["leads", lead, "notes"]) => Write::Note(written::note(query::number(lead)?, body()?)?),
        ("POST", ["tasks"]) => Write::Task(written::task(body()?)?),
        ("PATCH", ["tasks", id]) => Write::TaskChange(query::number(id)?, written::task_change(body()?)?),
        _ => return Err(NO_ADDRESS),
    };
    match request.query().next() {
        Some(_) => Err("a write has a query"),
        None => Ok(Asked::Write { host, token: request.token("Bearer")?, write }),
    }
}

impl Integration {
    /// The secret belongs into the body, with each field once.
    fn for_tokens(&self, request: &Request, host: AccountHost) -> Result<Asked, &'static str> {
        if request.header("authorization").is_some() {
            return Err("a token request carries no Authorization");
        }
        let mut fields = fields(request)?;
        let mut take = |name| fields.remove(name).ok_or("a field is missing");
        let known = take("client_id")? == self.client_id
            && take("client_secret")? == self.client_secret
            && take("redirect_uri")? == self.redirect_uri;
        if !known {
            return Err("it is another integration's");
        }
        let asked = match take("grant_type")?.as_str() {
            "authorization_code" => Asked::Exchange { host, code: AuthorizationCode::new(take("code")?) },
            "refresh_token" => Asked::Refresh { host, token: RefreshToken::new(take("refresh_token")?) },
            _ => return Err("it is of an unknown grant type"),
        };
        if fields.is_empty() { Ok(asked) } else { Err("it has a field too many") }
    }
}

/// A form or JSON: amoCRM takes both.
fn fields(request: &Request) -> Result<HashMap<String, String>, &'static str> {
    let kind = request.header("content-type").unwrap_or_default();
    let fields: Vec<(String, String)> = if kind.starts_with("application/x-www-form-urlencoded") {
        url::form_urlencoded::parse(request.body()).into_owned().collect()
    } else if kind.starts_with("application/json") {
        let object: HashMap<String, Value> =
            serde_json::from_slice(request.body()).or(Err("the body is not JSON of fields"))?;
        let text = |(name, value): (String, Value)| value.as_str().map(|text| (name, text.to_owned()));
        object.into_iter().map(text).collect::<Option<_>>().ok_or("a field is not a text")?
    } else {
        return Err("the body is neither a form nor JSON");
    };
    let count = fields.len();
    let unique: HashMap<_, _> = fields.into_iter().collect();
    if unique.len() == count { Ok(unique) } else { Err("a field is given twice") }
}
