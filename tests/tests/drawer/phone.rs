//! The phone page as its own page's clicks and its app's calls reach it.

use std::net::TcpListener;
use std::sync::Arc;

use amo_connect::config::{Config, ServeArgs};
use amo_connect::phone;
use amo_connect::server::Running;
use amo_connect::state::AppState;
use amo_connect::wiring;
use amo_connect_sandbox::{Options, Sandbox};
use amo_connect_tests::{ACCOUNT, Answer, World, jwt};
use serde_json::{Value, json};

/// A service, its amoCRM, and a phone page beside them. Olena is connected.
pub(crate) struct Phone {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    _world: World,
    _running: Running,
}

impl Phone {
    pub(crate) async fn start() -> Self {
        Self::start_with(async |config: Config| {
            wiring::assemble(config.storage, config.amo, &config.service).await.unwrap()
        })
        .await
    }

    pub(crate) async fn start_with(assemble: impl AsyncFnOnce(Config) -> AppState) -> Self {
        let world = World::without_service().await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let redirect_uri = format!("{base}/api/amo-crm/callback");
        let options = Options {
            redirect_uri: redirect_uri.clone(),
            hook_url: Some(format!("{base}/api/amo-crm/hooks/disconnected")),
            ..Options::default()
        };
        let sandbox = Arc::new(Sandbox::start(options).await.unwrap());
        let settings = ServeArgs {
            amo_redirect_uri: Some(redirect_uri),
            amo_auth_url: Some(sandbox.auth_url()),
            amo_allowed_hosts: Some(sandbox.hosts().join(",")),
            ..world.settings.clone()
        };
        let state = assemble(settings.check().unwrap()).await;
        let running = Running::start(listener, state, phone::routes(Vec::new(), sandbox.clone())).unwrap();
        let phone = Self { sandbox, base, http: world.http().clone(), _world: world, _running: running };
        phone.connect("olena", ACCOUNT).await;
        phone
    }

    pub(crate) async fn connect(&self, user: &str, account: u64) {
        let issued = self.sandbox.issue_code(account).unwrap();
        let body = json!({ "code": issued.code, "referer": issued.referer });
        let claim = self.http.post(self.api("/exchange-code")).bearer_auth(jwt(user)).json(&body);
        assert_eq!(Answer::to(claim).await.data()["connected"], true);
    }

    fn api(&self, path: &str) -> String {
        format!("{}/api/amo-crm{path}", self.base)
    }

    pub(crate) fn click(&self, what: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/app/amo/{what}", self.base))
    }

    /// Clicks, and gives the whole answer.
    pub(crate) async fn plays(&self, what: &str) -> Value {
        let answer = Answer::to(self.click(what)).await;
        answer.data();
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.json()
    }

    /// What is on now.
    pub(crate) async fn now(&self) -> Value {
        Answer::to(self.http.get(format!("{}/app/amo", self.base))).await.data()
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> Answer {
        Answer::to(self.http.get(self.api(path)).bearer_auth(jwt(user))).await
    }

    pub(crate) async fn leads(&self) -> Answer {
        self.get("olena", "/leads?limit=5").await
    }

    /// How Olena stands.
    pub(crate) async fn state(&self) -> String {
        self.get("olena", "/status").await.data()["state"].as_str().unwrap().to_owned()
    }
}
