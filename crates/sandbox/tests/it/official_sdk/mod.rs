//! The calls of the official PHP library's own examples: each request as the library sends it, and each answer as its
//! models require it.

mod account;
mod complex;
mod contacts;
mod custom_fields;
mod events;
mod leads;
mod links;
mod models;
mod notes;
mod pipelines;
mod roles;
mod tags;
mod tasks;
mod unsorted;
mod webhooks;

use amo_connect_sandbox::Options;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::support::{AGENCY, Amo, Answer, read, unlimited};

/// Who is responsible for what the examples make.
const AGENT: u64 = 10_110_002;
/// The pipeline that the examples make leads in, its first stage.
const PIPELINE: u64 = 7_301_200;
const STAGE: u64 = PIPELINE * 9 + 4;

/// The library, connected to the agency.
struct Sdk {
    amo: Amo,
    token: String,
    /// The user that requests run as, if that is another than the token's.
    context_user: Option<u64>,
}

impl Sdk {
    async fn start() -> Self {
        Self::with(unlimited()).await
    }

    async fn with(options: Options) -> Self {
        let amo = Amo::with(options).await;
        let token = amo.connect(AGENCY).await.access;
        Self { amo, token, context_user: None }
    }

    /// Sends a request with the library's headers. Its query is encoded as PHP does it.
    async fn send(&self, method: Method, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let url = self.amo.url(AGENCY, &format!("/api/v4/{path}"));
        let mut url = Url::parse(&url).unwrap();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.amo.http.request(method, url).bearer_auth(&self.token);
        let request = request
            .header("User-Agent", "amoCRM-API-Library/1.16.0 (sandbox)")
            .header("X-Library-Version", "1.16.0")
            .header("X-Client-UUID", "sandbox");
        let request = match self.context_user {
            Some(user) => request.header("X-Context-User-ID", user),
            None => request,
        };
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        read(request.send().await.unwrap()).await
    }

    /// What a `GET` answers; the library takes nothing for an error.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        success(&self.send(Method::GET, path, query, None).await)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        success(&self.send(Method::POST, path, &[], Some(&body)).await)
    }

    async fn patch(&self, path: &str, body: Value) -> Value {
        success(&self.send(Method::PATCH, path, &[], Some(&body)).await)
    }

    async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, &[], Some(&body)).await
    }

    /// Makes one entity and gives its id.
    async fn made(&self, path: &str, name: &str, item: Value) -> u64 {
        added(&self.post(path, Value::Array(vec![item])).await, name, &["0"])[0]
    }
}

/// An answer that the library takes for a success with a body.
fn success(answer: &Answer) -> Value {
    let taken = [StatusCode::OK, StatusCode::CREATED, StatusCode::ACCEPTED];
    assert!(taken.contains(&answer.status), "{answer:?}");
    answer.json()
}

/// An answer that the library takes for a success without a body.
fn no_content(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""), "{answer:?}");
}

/// The entries of a list.
fn embedded<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer["_embedded"][name].as_array().unwrap_or_else(|| panic!("no {name}: {answer}"))
}

/// The ids of new entities: the library finds each by the `request_id` that it gave.
fn added(answer: &Value, name: &str, request_ids: &[&str]) -> Vec<u64> {
    let entries = embedded(answer, name);
    assert_eq!(entries.len(), request_ids.len(), "{answer}");
    let found = |request_id: &&str| {
        let entry = entries.iter().find(|entry| entry["request_id"] == **request_id);
        let entry = entry.unwrap_or_else(|| panic!("nothing has the request_id {request_id:?}: {answer}"));
        entry["id"].as_u64().unwrap_or_else(|| panic!("no id: {entry}"))
    };
    request_ids.iter().map(found).collect()
}
