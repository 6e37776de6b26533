//! Parameters as clients send them: JSON or form, in a body or in a query.

use std::collections::HashMap;

use actix_web::{HttpRequest, http::header};
use serde_json::Value;
use url::form_urlencoded;

/// Named text parameters; of one that comes twice the last counts, as in PHP.
#[derive(Default)]
pub(crate) struct Form(HashMap<String, String>);

impl Form {
    /// Reads the query of a request.
    pub(crate) fn of_query(request: &HttpRequest) -> Self {
        Self::of_pairs(request.query_string().as_bytes())
    }

    /// Reads a body: JSON if it is said or looks like it, else a form.
    pub(crate) fn of_body(request: &HttpRequest, body: &[u8]) -> Self {
        let said = request.headers().get(header::CONTENT_TYPE);
        let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
        let looks_like_json = body.trim_ascii_start().starts_with(b"{");
        if said.contains("json") || (looks_like_json && !said.contains("form")) {
            return Self::of_json(body);
        }
        Self::of_pairs(body)
    }

    fn of_pairs(pairs: &[u8]) -> Self {
        Self(form_urlencoded::parse(pairs).into_owned().collect())
    }

    /// Takes the members that are strings; for amoCRM the others are not there.
    fn of_json(body: &[u8]) -> Self {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let text = |(name, value)| match value {
            Value::String(text) => Some((name, text)),
            _ => None,
        };
        Self(members.into_iter().filter_map(text).collect())
    }

    /// The value of a parameter, unless it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
