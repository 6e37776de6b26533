//! amoCRM's dialect.

mod answer;
mod entities;
mod query;

use std::collections::HashMap;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AuthorizationCode, RefreshToken};
use serde_json::Value;

use super::{Dialect, Request, Words};
use crate::fake::{Asked, Reply};

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
        let (host, token) = (host.clone(), || request.token("Bearer"));
        match request.target() {
            ("POST", "/oauth2/access_token") => self.for_tokens(request, host),
            ("GET", "/oauth2/account/current/subdomain") => {
                let token = request.header("x-refresh-token").ok_or("there is no refresh token")?;
                Ok(Asked::Locate { host, token: RefreshToken::new(token) })
            }
            ("GET", "/api/v4/account") => Ok(Asked::Account { host, token: token()? }),
            ("GET", "/api/v4/users") => {
                Ok(Asked::Users { host, page: query::users(request.query())?, token: token()? })
            }
            ("GET", "/api/v4/leads") => {
                Ok(Asked::Leads { host, filter: query::leads(request.query())?, token: token()? })
            }
            ("GET", "/api/v4/contacts") => {
                Ok(Asked::Contacts { host, ids: query::contacts(request.query())?, token: token()? })
            }
            ("GET", "/api/v4/leads/pipelines") => Ok(Asked::Pipelines { host, token: token()? }),
            ("GET", "/api/v4/tasks") => {
                Ok(Asked::Tasks { host, filter: query::tasks(request.query())?, token: token()? })
            }
            ("GET", "/api/v4/events") => {
                let (lead, page) = query::events(request.query())?;
                Ok(Asked::Events { host, lead, page, token: token()? })
            }
            ("GET", path) if path.starts_with("/api/v4/leads/") && path.ends_with("/notes") => {
                let (lead, page) = query::notes(path, request.query())?;
                Ok(Asked::Notes { host, lead, page, token: token()? })
            }
            ("GET", path) if path.starts_with("/api/v4/leads/") => {
                Ok(Asked::Lead { host, id: query::lead(path, request.query())?, token: token()? })
            }
            _ => Err("there is no such method and path"),
        }
    }

    fn answer(&self, asked: &Asked, reply: &Reply) -> Option<Words> {
        answer::answer(asked, reply)
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
