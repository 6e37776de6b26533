//! A row for each operation of the document: what is sent to it, naming olena's things.

use amo_connect::openapi::document;
use amo_connect_tests::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::request::Placed;
use crate::stage::{Stage, Things};

/// An operation, and a request to it.
pub(crate) struct Row {
    pub(crate) method: Method,
    /// Its path in the document.
    pub(crate) template: &'static str,
    path: String,
    body: Option<Value>,
}

/// One row for each operation. The last one takes from olena what the others need.
pub(crate) fn rows(things: &Things) -> Vec<Row> {
    let Things { attempt, code, lead, task, pipeline } = things;
    let due = "2027-01-15T09:00:00Z";
    vec![
        row("GET", "/healthz", "", None),
        row("HEAD", "/healthz", "", None),
        row("GET", "/readyz", "", None),
        row("HEAD", "/readyz", "", None),
        row("GET", "/metrics", "", None),
        row("GET", "/openapi.json", "", None),
        row("GET", "/docs", "", None),
        row("GET", "/api/amo-crm/callback", "", None),
        row("HEAD", "/api/amo-crm/callback", "", None),
        row("GET", "/api/amo-crm/hooks/disconnected", "", None),
        row("GET", "/api/amo-crm/status", "", None),
        row("GET", "/api/amo-crm/me", "", None),
        row("GET", "/api/amo-crm/users", "", None),
        row("GET", "/api/amo-crm/pipelines", "", None),
        row("GET", "/api/amo-crm/pipelines/{id}/stages", pipeline, None),
        row("GET", "/api/amo-crm/leads", "", None),
        row("GET", "/api/amo-crm/leads/{amoLeadId}", lead, None),
        row("GET", "/api/amo-crm/leads/{id}/notes", lead, None),
        row("GET", "/api/amo-crm/leads/{id}/tasks", lead, None),
        row("GET", "/api/amo-crm/leads/{id}/events", lead, None),
        row("GET", "/api/amo-crm/tasks", "", None),
        row("POST", "/api/amo-crm/leads", "", Some(json!({ "name": "A lead" }))),
        row("PATCH", "/api/amo-crm/leads/{amoLeadId}", lead, Some(json!({ "price": 7 }))),
        row("POST", "/api/amo-crm/leads/{id}/notes", lead, Some(json!({ "text": "A note" }))),
        row("POST", "/api/amo-crm/leads/{id}/tasks", lead, Some(json!({ "text": "A task", "completeTill": due }))),
        row("PATCH", "/api/amo-crm/tasks/{id}", task, Some(json!({ "text": "Another task" }))),
        row("POST", "/api/amo-crm/authorize", "", Some(json!({}))),
        row("GET", "/api/amo-crm/authorize/{attemptId}", attempt, None),
        row("POST", "/api/amo-crm/exchange-code", "", Some(json!({ "code": code }))),
        row("POST", "/api/amo-crm/disconnect", "", None),
    ]
}

/// `named` takes the place of what is in braces.
fn row(method: &str, template: &'static str, named: &str, body: Option<Value>) -> Row {
    let path = match template.split_once('{').zip(template.split_once('}')) {
        Some(((before, _), (_, after))) => format!("{before}{named}{after}"),
        None => template.to_owned(),
    };
    Row { method: method.parse().unwrap(), template, path, body }
}

impl Row {
    /// Whether the document says that a JWT is needed.
    pub(crate) fn needs_jwt(&self) -> bool {
        let operation = &document()["paths"][self.template][self.method.as_str().to_lowercase()];
        operation["security"].as_array().is_some_and(|needed| needed.iter().any(|one| one.get("jwt").is_some()))
    }

    /// The answer to this request, with `placed` in it.
    pub(crate) async fn send(&self, stage: &Stage, placed: &Placed) -> Answer {
        let address = format!("{}{}", stage.world.base, self.path);
        let mut request = stage.world.http().request(self.method.clone(), address);
        for (name, value) in &placed.headers {
            request = request.header(*name, value);
        }
        if let Some(parameter) = &placed.query {
            request = request.query(&[parameter]);
        }
        if [Method::POST, Method::PATCH].contains(&self.method) {
            // The same for everybody.
            let key: String = self.template.chars().filter(char::is_ascii_alphabetic).collect();
            request = request.header("idempotency-key", format!("{}{key}", self.method));
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        Answer::to(request).await
    }
}
