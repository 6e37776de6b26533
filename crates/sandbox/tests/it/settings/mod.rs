//! What an administrator sets up: custom fields, groups, loss reasons, pipelines, roles, sources, users.

mod field_types;
mod fields;
mod groups_and_reasons;
mod pipelines;
mod roles_and_users;
mod sources;
mod stages;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    support::{AGENCY, Amo, Answer, read},
};

/// Sees all leads of the agency, changes his own; no administrator.
const ANDREW: u64 = 10_110_002;

impl Leads {
    /// The entries `name` of a list; none of a 204.
    async fn listed(&self, path: &str, name: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        if answer.status == 204 {
            return Vec::new();
        }
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()["_embedded"][name].as_array().unwrap().clone()
    }

    /// Sends one item and gives it as the answer has it.
    async fn made(&self, path: &str, name: &str, status: u16, item: Value) -> Value {
        let answer = self.send(Method::POST, path, &json!([item])).await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert_eq!(answer.content_type, "application/hal+json");
        answer.json()["_embedded"][name][0].clone()
    }

    /// The token of somebody of the agency.
    async fn token_of(&self, user: u64) -> String {
        let code = self.amo.sandbox.issue_code_for(AGENCY, user, "sandbox").unwrap().code;
        self.amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair().access
    }

    /// Sends with another token.
    async fn send_as(&self, token: &str, method: Method, path: &str, body: &Value) -> Answer {
        let url = self.amo.url(AGENCY, &format!("/api/v4/{path}"));
        read(self.amo.http.request(method, url).bearer_auth(token).json(body).send().await.unwrap()).await
    }
}

/// An error as [`errors`](crate::leads_write::errors) gives it.
fn at(code: &str, path: &str) -> (String, String) {
    (code.to_owned(), path.to_owned())
}

/// `value` without the members that `names` names.
fn without(mut value: Value, names: &[&str]) -> Value {
    for name in names {
        value.as_object_mut().unwrap().shift_remove(*name);
    }
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_change_settings_and_some_only_they_see() {
    let leads = Leads::start().await;
    let andrew = leads.token_of(ANDREW).await;
    for (path, status) in [
        ("leads/custom_fields", 200),
        ("leads/custom_fields/groups", 200),
        ("leads/loss_reasons", 200),
        ("leads/pipelines", 200),
        ("leads/pipelines/7301200/statuses", 200),
        ("roles", 403),
        ("users", 403),
        ("sources", 403),
    ] {
        let read = leads.send_as(&andrew, Method::GET, path, &json!(null)).await;
        assert_eq!(read.status.as_u16(), status, "{path}");
        let written = leads.send_as(&andrew, Method::POST, path, &json!([{"name": "x", "type": "text"}])).await;
        assert_eq!(written.status, 403, "{path}");
    }
    for (method, path) in [
        (Method::PATCH, "leads/custom_fields/594002"),
        (Method::DELETE, "leads/custom_fields/594002"),
        (Method::DELETE, "leads/loss_reasons/18240000"),
        (Method::PATCH, "leads/pipelines/7301200"),
        (Method::DELETE, "leads/pipelines/7301200"),
        (Method::PATCH, "leads/pipelines/7301200/statuses/65710804"),
        (Method::DELETE, "leads/pipelines/7301200/statuses/65710804"),
    ] {
        assert_eq!(leads.send_as(&andrew, method, path, &json!({"name": "x"})).await.status, 403, "{path}");
    }
    assert_eq!(leads.get("leads/custom_fields/594002").await.json()["name"], "Площа, м²");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_account_does_not_use_is_empty_and_says_so_when_written() {
    let leads = Leads::start().await;
    for path in [
        "customers",
        "customers/1",
        "customers/custom_fields",
        "customers/segments",
        "customers/segments/custom_fields",
        "catalogs",
        "catalogs/7",
        "catalogs/7/elements",
        "catalogs/7/custom_fields",
        "widgets",
        "widgets/some_code",
    ] {
        let read = leads.get(path).await;
        assert_eq!((read.status.as_u16(), read.body.as_str()), (204, ""), "{path}");
        let refused = leads.send(Method::POST, path, &json!([{"name": "x"}])).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("in this account"), "{refused:?}");
    }
}
