//! A service as the outside knows it: its address, and what apps and browsers send there.

use std::time::Duration;

use amo_connect::config::Given;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::jwt::jwt;
use crate::until::until;

/// The address of a service, and a client that calls it.
#[derive(Debug)]
pub struct Service {
    /// Where it is: `http://127.0.0.1:port`.
    pub base: String,
    http: reqwest::Client,
}

/// An attempt that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its id.
    pub id: String,
    /// Where the browser goes.
    pub url: String,
    /// Its state.
    pub state: String,
}

impl Begun {
    fn of(answer: &Answer) -> Self {
        let data = answer.data();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        Self { id: text("attemptId"), url: text("authorizationUrl"), state: text("state") }
    }
}

impl Service {
    /// The one that is started with these settings.
    pub fn with(settings: &Given) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A restart closes idle connections, and a request must not be sent into one of them.
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_mins(1))
            .build()
            .unwrap();
        Self { base: format!("http://{}", settings.bind.as_ref().unwrap()), http }
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// The HTTP client, which follows no redirect.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// An endpoint's address.
    pub fn url(&self, path: &str) -> String {
        format!("{}/api/amo-crm{path}", self.base)
    }

    /// `GET` as `user`.
    pub async fn get(&self, user: &str, path: &str) -> Answer {
        Answer::to(self.http.get(self.url(path)).bearer_auth(jwt(user))).await
    }

    /// `POST` as `user`.
    pub async fn post(&self, user: &str, path: &str, body: Value) -> Answer {
        Answer::to(self.http.post(self.url(path)).bearer_auth(jwt(user)).json(&body)).await
    }

    /// A `POST` or `PATCH` as `user`, with an `Idempotency-Key` or without.
    pub async fn write(&self, user: &str, method: Method, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let request = self.http.request(method, self.url(path)).bearer_auth(jwt(user)).json(body);
        Answer::to(match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        })
        .await
    }

    /// Ends when it answers.
    pub async fn until_it_answers(&self) {
        until("it serves", async || self.http.get(format!("{}/healthz", self.base)).send().await.is_ok()).await;
    }

    /// Sends so many requests for `/healthz` over one connection, and says how many were answered well.
    pub async fn pipeline_healthz(&self, requests: usize) -> usize {
        let (mut answers, mut service) = TcpStream::connect(self.address()).await.unwrap().into_split();
        let one = "GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n";
        let last = "GET /healthz HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n";
        let sent = one.repeat(requests - 1) + last;
        let mut text = String::new();
        let (written, read) = tokio::join!(service.write_all(sent.as_bytes()), answers.read_to_string(&mut text));
        written.and(read).unwrap();
        text.matches("HTTP/1.1 200 OK").count()
    }

    /// `GET /callback` as a browser would send it.
    pub async fn callback(&self, parameters: &[(&str, &str)]) -> Answer {
        Answer::to(self.http.get(self.url("/callback")).query(parameters)).await
    }

    /// An attempt that `user` begins.
    pub async fn attempt(&self, user: &str) -> Begun {
        Begun::of(&self.post(user, "/authorize", json!({})).await)
    }

    /// An attempt that `user` begins, whose pages are to lead to `deep_link`.
    pub async fn attempt_leading_to(&self, user: &str, deep_link: &str) -> Begun {
        Begun::of(&self.post(user, "/authorize", json!({ "deepLink": deep_link })).await)
    }

    /// The `state` and `reason` of an attempt, as its user sees them.
    pub async fn progress(&self, user: &str, attempt: &Begun) -> (String, Value) {
        let data = self.get(user, &format!("/authorize/{}", attempt.id)).await.data();
        (data["state"].as_str().unwrap().to_owned(), data["reason"].clone())
    }

    /// Connects `user` by an attempt of theirs that comes back with `code` from the account at `referer`.
    pub async fn connect_with(&self, user: &str, code: &str, referer: &str) -> Begun {
        let attempt = self.attempt(user).await;
        let page = self.callback(&[("code", code), ("state", &attempt.state), ("referer", referer)]).await;
        assert_eq!(page.status, 200, "{page:?}");
        attempt
    }

    /// The state of `user`'s connection, and the code of its problem, or null.
    pub async fn standing(&self, user: &str) -> (String, Value) {
        let status = self.get(user, "/status").await.data();
        let (problem, code) = (&status["problem"], &status["problem"]["code"]);
        assert!(problem.is_null() || code.is_string(), "{status}");
        (status["state"].as_str().unwrap().to_owned(), code.clone())
    }

    /// The `state` word of `user`'s status.
    pub async fn state_of(&self, user: &str) -> String {
        self.get(user, "/status").await.data()["state"].as_str().unwrap().to_owned()
    }
}
