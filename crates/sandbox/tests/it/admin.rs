//! What administrators have: users and webhooks.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, Answer, Pair, ids, read};

#[tokio::test(flavor = "multi_thread")]
async fn users_are_for_administrators() {
    let amo = Amo::start().await;
    let admin = amo.connect(AGENCY).await;
    let list = amo.get(AGENCY, "/api/v4/users", &admin.access).await.json();
    assert_eq!((&list["_total_items"], &list["_page"], &list["_page_count"]), (&json!(4), &json!(1), &json!(1)));
    let users = list["_embedded"]["users"].as_array().unwrap();
    assert_eq!(users[0]["rights"]["is_admin"], true);
    assert_eq!(users[1]["rights"]["is_admin"], false);
    assert!(users[0]["rights"]["leads"].get("export").is_some());
    let path = format!("/api/v4/users/{}", users[1]["id"]);
    assert_eq!(amo.get(AGENCY, &path, &admin.access).await.json(), users[1]);

    let code = amo.sandbox.issue_code_for(AGENCY, 10_110_002, "sandbox").unwrap().code;
    let agent = amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair();
    assert_eq!(amo.get(AGENCY, "/api/v4/users", &agent.access).await.status, 403);
    assert_eq!(amo.get(AGENCY, "/api/v4/leads", &agent.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_in_pages_too_and_end() {
    let amo = Amo::start().await;
    let admin = amo.connect(AGENCY).await;
    let page = async |query: &str| amo.get(AGENCY, &format!("/api/v4/users?{query}"), &admin.access).await;
    let first = page("limit=2").await.json();
    assert_eq!((&first["_total_items"], &first["_page_count"]), (&json!(4), &json!(2)));
    let next = first["_links"]["next"]["href"].as_str().unwrap();
    let second = amo.get_url(next, &admin.access).await.json();
    assert_eq!(second["_page"], 2);
    assert_eq!([ids(&first, "users"), ids(&second, "users")], [[10_110_001, 10_110_002], [10_110_003, 10_110_004]]);
    assert_eq!(second["_links"].get("next"), None);
    assert_eq!(page("limit=2&page=3").await.status, 204);
    assert_eq!(page("page=2").await.status, 204, "who pages until there is nothing would never end");
    assert_eq!(page("page=0").await.status, 400);
}

/// Somebody who subscribes to webhooks of the agency.
struct Subscriber {
    amo: Amo,
    pair: Pair,
}

impl Subscriber {
    async fn start() -> Self {
        let amo = Amo::start().await;
        let pair = amo.connect(AGENCY).await;
        Self { amo, pair }
    }

    async fn send(&self, method: Method, body: Value) -> Answer {
        let url = self.amo.url(AGENCY, "/api/v4/webhooks");
        let request = self.amo.http.request(method, url).bearer_auth(&self.pair.access).json(&body);
        read(request.send().await.unwrap()).await
    }

    async fn subscribe(&self, destination: &str, setting: &str) -> Value {
        let answer = self.send(Method::POST, json!({"destination": destination, "settings": [setting]})).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    async fn list(&self) -> Answer {
        self.amo.get(AGENCY, "/api/v4/webhooks", &self.pair.access).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_subscribed_changed_listed_and_ended() {
    let subscriber = Subscriber::start().await;
    assert_eq!(subscriber.list().await.status, 204);
    let made = subscriber.subscribe("https://app.example/hook", "add_lead").await;
    assert_eq!(made["account_id"], 31_920_194);
    assert_eq!(subscriber.subscribe("https://app.example/hook", "update_lead").await["id"], made["id"]);
    let list = subscriber.list().await.json();
    assert_eq!(list["_total_items"], 1);
    assert_eq!(list["_embedded"]["webhooks"][0]["settings"], json!(["update_lead"]));
    let refused = subscriber.send(Method::POST, json!({"destination": "nowhere", "settings": ["x"]})).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.body.starts_with("{\"validation-errors\":[{\"request_id\":\"0\",\"errors\":[{"),
        "{}",
        refused.body
    );
    let ended = subscriber.send(Method::DELETE, json!({"destination": "https://app.example/hook"})).await;
    assert_eq!(ended.status, 204);
    assert_eq!(subscriber.list().await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_webhooks_have_one_number() {
    let subscriber = Subscriber::start().await;
    subscriber.subscribe("https://app.example/1", "add_lead").await;
    subscriber.subscribe("https://app.example/2", "add_lead").await;
    subscriber.send(Method::DELETE, json!({"destination": "https://app.example/1"})).await;
    subscriber.subscribe("https://app.example/3", "add_lead").await;
    let numbers = ids(&subscriber.list().await.json(), "webhooks");
    assert!(numbers.len() == 2 && numbers[0] != numbers[1], "{numbers:?}");
}
