//! The real service with planted secrets, and everything that comes out of it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use amo_connect::config::Given;
use amo_connect_sandbox::{Faults, Integration, IssuedCode, Options, Sandbox, Switches};
use amo_connect_tests::{ACCOUNT, Answer, PgDatabase, Proxy, Served, free_ports, start, test_server};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{EncodingKey, Header, encode};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::outputs::Outputs;
use crate::planted::{Kind, Secrets, distinctive, plain, random};
use crate::wire::Wire;

/// The integration that has a planted secret.
const CLIENT: &str = "planted";

/// A service, and the world around it.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) wire: Wire,
    pub(crate) secrets: Secrets,
    pub(crate) outputs: Outputs,
    pub(crate) settings: Given,
    pub(crate) folder: TempDir,
    pub(crate) postgres: Option<(PgDatabase, Proxy)>,
    pub(crate) service: Option<Served>,
    pub(crate) collector: MockServer,
    variables: Vec<(&'static str, String)>,
    jwts: Mutex<BTreeMap<String, String>>,
    pub(crate) surprises: Mutex<Vec<String>>,
}

impl Stage {
    /// One whose database is a file.
    pub(crate) async fn on_sqlite(log_format: &str) -> Self {
        Self::over(None, log_format).await
    }

    /// One on PostgreSQL, by a way that can be cut.
    pub(crate) async fn on_postgres(log_format: &str) -> Self {
        let server = test_server();
        let proxy = Proxy::to(&server).await;
        Self::over(Some((PgDatabase::migrated(&server).await, proxy)), log_format).await
    }

    async fn over(postgres: Option<(PgDatabase, Proxy)>, log_format: &str) -> Self {
        let (secrets, folder) = (Secrets::default(), tempfile::tempdir().unwrap());
        let bind = format!("127.0.0.1:{}", free_ports(if postgres.is_some() { 32_100 } else { 31_000 }));
        let redirect_uri = format!("http://{bind}/api/amo-crm/callback");
        let integration = Integration {
            client_id: CLIENT.to_owned(),
            client_secret: secrets.plant(Kind::ClientSecret, distinctive()),
            redirect_uri: redirect_uri.clone(),
            name: CLIENT.to_owned(),
            hook_url: Some(format!("http://{bind}/api/amo-crm/hooks/disconnected")),
        };
        // Tokens name no host: the service would leave the wire.
        let switches = Switches { rate_limit: 0, account_rate_limit: 0, api_domain: false, ..Switches::default() };
        let client_secret = integration.client_secret.clone();
        let options = Options { switches, other_integrations: vec![integration], ..Options::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let wire = Wire::to(sandbox.hosts()).await;
        let key = random();
        secrets.plant_bytes(Kind::TokenKey, &key);
        let database_url = match &postgres {
            Some((database, proxy)) => {
                let password = secrets.plant(Kind::DatabasePassword, plain());
                proxy.url(database.name()).replace("postgres@", &format!("postgres:{password}@"))
            }
            None => format!("sqlite:{}", folder.path().join("test.db").display()),
        };
        let settings = Given {
            amo_client_id: Some(CLIENT.to_owned()),
            amo_client_secret: Some(client_secret),
            amo_redirect_uri: Some(redirect_uri),
            amo_auth_url: Some(sandbox.auth_url()),
            amo_allowed_hosts: Some(wire.names()),
            amo_rate_limit: Some("1000".to_owned()),
            jwt_secret: Some(secrets.plant(Kind::JwtSecret, distinctive())),
            token_keys: Some(format!("planted:{}", secrets.plant(Kind::TokenKey, STANDARD.encode(key)))),
            database_url: Some(database_url),
            bind: Some(bind),
            drain_delay: Some("0s".to_owned()),
            user_rate: Some("0".to_owned()),
            address_rate: Some("0".to_owned()),
            ..Given::default()
        };
        let collector = MockServer::start().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&collector).await;
        let collectors_key = secrets.plant(Kind::CollectorsKey, plain());
        let variables = vec![
            ("RUST_LOG", "trace".to_owned()),
            ("LOG_FORMAT", log_format.to_owned()),
            ("RUST_BACKTRACE", "1".to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.uri()),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("x-api-key={collectors_key}")),
        ];
        Self {
            sandbox,
            wire,
            secrets,
            outputs: Outputs::default(),
            settings,
            folder,
            postgres,
            service: None,
            collector,
            variables,
            jwts: Mutex::default(),
            surprises: Mutex::default(),
        }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Starts the service.
    pub(crate) async fn serve(&mut self) {
        self.service = Some(Served::start_with(&self.settings, &self.variables(), self.folder.path()).await);
    }

    /// The service.
    pub(crate) fn service(&self) -> &Served {
        self.service.as_ref().unwrap()
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) {
        let log = self.service.take().unwrap().into_process().kill().await;
        self.outputs.take("the log", log);
    }

    /// Stops the service in order.
    pub(crate) async fn stop(&mut self) {
        let process = self.service.take().unwrap().into_process();
        process.terminate();
        let (code, output, log) = process.ended().await;
        assert_eq!(code, Some(0), "{log}");
        self.outputs.take("standard output", output);
        self.outputs.take("the log", log);
    }

    /// Runs a command beside the service, which ends with `code`. Its result may hold what `allowed` says.
    pub(crate) async fn command(&self, arguments: &[&str], code: impl Into<Option<i32>>, allowed: &[Kind]) {
        let process = start(arguments, &self.settings, &self.variables(), self.folder.path());
        let (ended, output, complaint) = process.ended().await;
        if code.into().is_some_and(|code| ended != Some(code)) {
            self.surprises.lock().unwrap().push(format!("{arguments:?}: {ended:?} {output} {complaint}"));
        }
        self.outputs.take_with("a command's result", output, allowed);
        self.outputs.take("a command's log", complaint);
    }

    /// A JWT of `user`'s.
    pub(crate) fn jwt(&self, user: &str) -> String {
        let mut jwts = self.jwts.lock().unwrap();
        let made = jwts.entry(user.to_owned()).or_insert_with(|| {
            let claims = json!({ "sub": user, "exp": jsonwebtoken::get_current_timestamp() + 3600 });
            let key = EncodingKey::from_secret(self.settings.jwt_secret.as_ref().unwrap().as_bytes());
            self.secrets.plant(Kind::Jwt, encode(&Header::default(), &claims, &key).unwrap())
        });
        made.clone()
    }

    /// A code of `account`'s, and the host that the service knows it by.
    pub(crate) fn code(&self, account: u64) -> IssuedCode {
        let people = self.sandbox.accounts();
        let user = people.iter().find(|known| known.id.get() == account).unwrap().users[0].id;
        let issued = self.sandbox.issue_code_for(account, user, CLIENT).unwrap();
        let code = self.secrets.plant(Kind::Code, issued.code);
        IssuedCode { code, referer: self.wire.name_of(&issued.referer) }
    }

    /// Sends a request. Its answer may hold the texts of `own`, and secrets that are `allowed`.
    pub(crate) async fn send(&self, request: RequestBuilder, own: &[&str], allowed: &[Kind]) -> Answer {
        let answer = Answer::to(request).await;
        let own = own.iter().filter(|own| !own.is_empty());
        let shown = own.fold(format!("{}\n{answer:?}", answer.text), |shown, own| shown.replace(own, "…"));
        self.outputs.take_with("an answer", shown, allowed);
        answer
    }

    /// A request to the app's API.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.service().http().request(method, self.service().url(path))
    }

    /// A request of `user`'s, whose answer may hold what is in the CRM.
    pub(crate) async fn ask(&self, user: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path).bearer_auth(self.jwt(user));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        self.send(request, &[], &[Kind::Content]).await
    }

    /// `GET` as `user`.
    pub(crate) async fn get(&self, user: &str, path: &str) -> Answer {
        self.ask(user, Method::GET, path, None).await
    }

    /// `POST` as `user`.
    pub(crate) async fn post(&self, user: &str, path: &str, body: Value) -> Answer {
        self.ask(user, Method::POST, path, Some(body)).await
    }

    /// Notes an answer that has another status: it is looked into, too, before the test fails.
    pub(crate) fn expect(&self, status: u16, answer: &Answer) {
        if answer.status != status {
            let text: String = answer.text.chars().take(400).collect();
            self.surprises.lock().unwrap().push(format!("{} instead of {status}: {text}", answer.status));
        }
    }

    /// Has amoCRM fail so.
    pub(crate) fn faults(&self, faults: Faults) {
        self.sandbox.set_faults(faults).unwrap();
    }

    /// Ends the access tokens of the first account: the next read has to refresh.
    pub(crate) fn expire(&self) {
        self.sandbox.expire_access(ACCOUNT).unwrap();
    }

    /// Has the administrator of `account` switch the integration off, with the hook.
    pub(crate) async fn disable(&self, account: u64) {
        let url = format!("http://{}/_sandbox/disable", self.sandbox.host(account).unwrap());
        let disable = json!({ "account": account, "client_id": CLIENT });
        let answer = self.service().http().post(url).json(&disable).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
}
