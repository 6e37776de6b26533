//! A service in this process, wired as `serve` wires it, to a local amoCRM of its own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use amo_connect::config::ServeArgs;
use amo_connect::server::Running;
use amo_connect::wiring;
use amo_connect_sandbox::{Options, Sandbox};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::answer::Answer;
use crate::browser::Browser;

/// *For You Real Estate*: 630 leads.
pub const ACCOUNT: u64 = 31_920_194;

/// *Rival Homes*: 40 leads that nobody else may see.
pub const RIVAL: u64 = 40_000_001;

/// The deep link the tests configure.
pub const DEEP_LINK: &str = "foryoure://amo-crm/callback";

const JWT_SECRET: &str = "the app's and the service's";
const TOKEN_KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A service and its amoCRM. Dropping it stops both.
pub struct World {
    /// The local amoCRM.
    pub sandbox: Sandbox,
    /// Where the service is: `http://127.0.0.1:port`.
    pub base: String,
    /// The settings it was started with.
    pub settings: ServeArgs,
    http: reqwest::Client,
    folder: TempDir,
    running: Option<Running>,
}

impl World {
    /// A service with the defaults.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A service whose settings `change` changed.
    pub async fn start_with(change: impl FnOnce(&mut ServeArgs)) -> Self {
        let mut world = Self::without_service().await;
        change(&mut world.settings);
        world.start_service().await;
        world
    }

    /// Only the amoCRM, and the settings of a service that is not started.
    pub async fn without_service() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let redirect_uri = format!("{base}/api/amo-crm/callback");
        let sandbox =
            Sandbox::start(Options { redirect_uri: redirect_uri.clone(), ..Options::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = ServeArgs {
            amo_client_id: Some("sandbox".to_owned()),
            amo_client_secret: Some("sandbox-secret".to_owned()),
            amo_redirect_uri: Some(redirect_uri),
            amo_auth_url: Some(sandbox.auth_url()),
            amo_allowed_hosts: Some(sandbox.hosts().join(",")),
            app_deep_link: Some(DEEP_LINK.to_owned()),
            jwt_secret: Some(JWT_SECRET.to_owned()),
            token_keys: Some(TOKEN_KEYS.to_owned()),
            database_url: Some(format!("sqlite:{}", folder.path().join("test.db").display())),
            bind: Some(listener.local_addr().unwrap().to_string()),
            ..ServeArgs::default()
        };
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(1))
            .build()
            .unwrap();
        Self { sandbox, base, settings, http, folder, running: None }
    }

    /// Starts the service on this world's settings.
    pub async fn start_service(&mut self) {
        let config = self.settings.clone().check().unwrap();
        let listener = wiring::bind(config.bind).unwrap();
        let state = wiring::assemble(config.storage, config.amo, &config.service).await.unwrap();
        self.running = Some(Running::start(listener, state, |_| {}).unwrap());
    }

    /// Stops the service in order, and starts it again on the same database.
    pub async fn restart(&mut self) {
        self.running.take().unwrap().stop(Duration::from_secs(20)).await.unwrap();
        self.start_service().await;
    }

    /// The files of the database, as bytes.
    pub fn database(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The database's folder.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A browser that nobody has logged in with.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.http)
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

    /// `GET /callback` as a browser would send it.
    pub async fn callback(&self, parameters: &[(&str, &str)]) -> Answer {
        Answer::to(self.http.get(self.url("/callback")).query(parameters)).await
    }

    /// A code, as if somebody had allowed the integration in `account`, with the account's host.
    pub fn code(&self, account: u64) -> (String, String) {
        let issued = self.sandbox.issue_code(account).unwrap();
        (issued.code, issued.referer)
    }

    /// An attempt that `user` begins.
    pub async fn attempt(&self, user: &str) -> Begun {
        let data = self.post(user, "/authorize", json!({})).await.data();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        Begun { id: text("attemptId"), url: text("authorizationUrl"), state: text("state") }
    }

    /// The `state` and `reason` of an attempt, as its user sees them.
    pub async fn progress(&self, user: &str, attempt: &Begun) -> (String, Value) {
        let data = self.get(user, &format!("/authorize/{}", attempt.id)).await.data();
        (data["state"].as_str().unwrap().to_owned(), data["reason"].clone())
    }

    /// Connects `user` to `account` by an attempt of theirs.
    pub async fn connect(&self, user: &str, account: u64) -> (Begun, String) {
        let attempt = self.attempt(user).await;
        let (code, referer) = self.code(account);
        let page = self.callback(&[("code", &code), ("state", &attempt.state), ("referer", &referer)]).await;
        assert_eq!(page.status, 200, "{page:?}");
        (attempt, code)
    }

    /// The `state` word of `user`'s status.
    pub async fn state_of(&self, user: &str) -> String {
        self.get(user, "/status").await.data()["state"].as_str().unwrap().to_owned()
    }
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

/// The app's JWT for `user`.
pub fn jwt(user: &str) -> String {
    signed(&json!({ "sub": user, "exp": jsonwebtoken::get_current_timestamp() + 600 }))
}

/// A JWT of any claims, signed as the app signs.
pub fn signed(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes())).unwrap()
}
