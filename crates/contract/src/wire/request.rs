//! A request off the wire, and what it asks, if it is as amoCRM wants it.

use std::collections::HashMap;
use std::io;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, RefreshToken};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use url::Url;

use super::{Integration, query};
use crate::fake::Asked;

pub(super) struct Request {
    method: String,
    url: Url,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    /// `None` if there is no whole request.
    pub(super) async fn read(socket: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if socket.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (first.next(), first.next()) else { return Ok(None) };
        let Ok(url) = Url::parse(&format!("http://amo{target}")) else { return Ok(None) };
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();

        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = bytes.split_off(head + 4);
        while body.len() < length {
            if socket.read_buf(&mut body).await? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(Self { method: method.to_owned(), url, headers, body }))
    }

    pub(super) fn asked(&self, host: &AccountHost, integration: &Integration) -> Asked {
        let asked = match (self.method.as_str(), self.url.path()) {
            ("POST", "/oauth2/access_token") => self.for_tokens(host, integration),
            ("GET", "/api/v4/account") => self.token().map(|token| Asked::Account { host: host.clone(), token }),
            ("GET", "/api/v4/leads") => self.for_leads(host),
            ("GET", "/api/v4/contacts") => self.for_contacts(host),
            ("GET", "/api/v4/leads/pipelines") => {
                self.token().map(|token| Asked::Pipelines { host: host.clone(), token })
            }
            _ => Err("there is no such method and path"),
        };
        let asked = match self.headers.get("host") {
            Some(named) if named == host.as_str() => asked,
            _ => Err("it names another host"),
        };
        asked.unwrap_or_else(|why| Asked::Unintelligible { host: host.clone(), why })
    }

    /// The secret belongs into the body, with each field once.
    fn for_tokens(&self, host: &AccountHost, integration: &Integration) -> Result<Asked, &'static str> {
        if self.headers.contains_key("authorization") {
            return Err("a token request carries no Authorization");
        }
        let mut fields = self.fields()?;
        let mut take = |name| fields.remove(name).ok_or("a field is missing");
        let known = take("client_id")? == integration.client_id
            && take("client_secret")? == integration.client_secret
            && take("redirect_uri")? == integration.redirect_uri;
        if !known {
            return Err("it is another integration's");
        }
        let host = host.clone();
        let asked = match take("grant_type")?.as_str() {
            "authorization_code" => Asked::Exchange { host, code: AuthorizationCode::new(take("code")?) },
            "refresh_token" => Asked::Refresh { host, token: RefreshToken::new(take("refresh_token")?) },
            _ => return Err("it is of an unknown grant type"),
        };
        if fields.is_empty() { Ok(asked) } else { Err("it has a field too many") }
    }

    /// A form or JSON: amoCRM takes both.
    fn fields(&self) -> Result<HashMap<String, String>, &'static str> {
        let kind = self.headers.get("content-type").map(String::as_str).unwrap_or_default();
        let fields: Vec<(String, String)> = if kind.starts_with("application/x-www-form-urlencoded") {
            url::form_urlencoded::parse(&self.body).into_owned().collect()
        } else if kind.starts_with("application/json") {
            let object: HashMap<String, Value> =
                serde_json::from_slice(&self.body).or(Err("the body is not JSON of fields"))?;
            let text = |(name, value): (String, Value)| value.as_str().map(|text| (name, text.to_owned()));
            object.into_iter().map(text).collect::<Option<_>>().ok_or("a field is not a text")?
        } else {
            return Err("the body is neither a form nor JSON");
        };
        let count = fields.len();
        let unique: HashMap<_, _> = fields.into_iter().collect();
        if unique.len() == count { Ok(unique) } else { Err("a field is given twice") }
    }

    fn token(&self) -> Result<AccessToken, &'static str> {
        let bearer = self.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "));
        bearer.map(AccessToken::new).ok_or("there is no bearer token")
    }

    fn for_leads(&self, host: &AccountHost) -> Result<Asked, &'static str> {
        let filter = query::leads(self.url.query_pairs())?;
        Ok(Asked::Leads { host: host.clone(), token: self.token()?, filter })
    }

    fn for_contacts(&self, host: &AccountHost) -> Result<Asked, &'static str> {
        let ids = query::contacts(self.url.query_pairs())?;
        Ok(Asked::Contacts { host: host.clone(), token: self.token()?, ids })
    }
}
