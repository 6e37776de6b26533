//! The local amoCRM on threads of its own, the service in a process of its own, and a client.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use amo_connect_sandbox::{Options, Sandbox, Switches};
use amo_connect_tests::{ACCOUNT, jwt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{LEADS_A_ROUND, cpu};

const REDIRECT_URI: &str = "http://127.0.0.1:8080/api/amo-crm/callback";

/// All that takes part.
pub(crate) struct Stage {
    sandbox: Sandbox,
    amo_runtime: Option<tokio::runtime::Runtime>,
    service: Child,
    base: String,
    host: String,
    token: String,
    http: reqwest::Client,
    addresses: Mutex<HashMap<u64, Vec<String>>>,
    folder: TempDir,
}

impl Stage {
    /// Olena is connected to an account with as many leads as a round reads.
    pub(crate) async fn set(database: Option<&str>) -> Self {
        let amo_runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
        let leads = usize::try_from(LEADS_A_ROUND).unwrap();
        let redirect_uri = REDIRECT_URI.to_owned();
        let options = Options { leads, switches, redirect_uri, ..Options::default() };
        let sandbox = amo_runtime.spawn(Sandbox::start(options)).await.unwrap().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("bench.db").display());
        let bind = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let service = Command::new(amo_connect_tests::binary())
            .arg("serve")
            .env_clear()
            .envs([
                ("AMO_CLIENT_ID", "sandbox"),
                ("AMO_CLIENT_SECRET", "sandbox-secret"),
                ("AMO_REDIRECT_URI", REDIRECT_URI),
                ("AMO_AUTH_URL", &sandbox.auth_url()),
                ("AMO_ALLOWED_HOSTS", &sandbox.hosts().join(",")),
                ("AMO_RATE_LIMIT", "1000000"),
                ("JWT_SECRET", amo_connect_tests::JWT_SECRET),
                ("TOKEN_KEYS", "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                ("DATABASE_URL", database.unwrap_or(&file)),
                ("USER_RATE", "0"),
                ("ADDRESS_RATE", "0"),
                ("RUST_LOG", "warn"),
                ("BIND", &bind),
            ])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (host, base) = (sandbox.host(ACCOUNT).unwrap(), format!("http://{bind}"));
        let token = String::new();
        let addresses = Mutex::default();
        let mut stage =
            Self { sandbox, amo_runtime: Some(amo_runtime), service, base, host, token, http, addresses, folder };
        stage.connect().await;
        stage
    }

    async fn connect(&mut self) {
        while self.http.get(format!("{}/readyz", self.base)).send().await.is_err() {
            assert!(self.service.try_wait().unwrap().is_none(), "the service ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let issued = self.sandbox.issue_code(ACCOUNT).unwrap();
        let claim = self.http.post(format!("{}/api/amo-crm/exchange-code", self.base)).bearer_auth(jwt("olena"));
        let claimed = claim.json(&json!({ "code": issued.code, "referer": issued.referer })).send().await.unwrap();
        assert_eq!(claimed.status(), 200);

        let form = [
            ("client_id", "sandbox"),
            ("client_secret", "sandbox-secret"),
            ("grant_type", "authorization_code"),
            ("redirect_uri", REDIRECT_URI),
            ("code", &self.sandbox.issue_code(ACCOUNT).unwrap().code),
        ];
        let pair = self.http.post(format!("http://{}/oauth2/access_token", self.host)).form(&form);
        let pair: Value = pair.send().await.unwrap().json().await.unwrap();
        pair["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    /// What the service has used of the processors.
    pub(crate) fn service_cpu(&self) -> Duration {
        cpu::of_process(self.service.id().unwrap())
    }

    /// One page as the app gets it.
    pub(crate) async fn through_the_service(&self, page: u64, size: u64) {
        let address = format!("{}/api/amo-crm/leads?page={page}&limit={size}", self.base);
        let answer = self.http.get(address).bearer_auth(jwt("olena")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
    }

    /// One answer of amoCRM's, read and thrown away.
    pub(crate) async fn past_the_service(&self, address: &str) {
        let answer = self.http.get(address).bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
    }

    /// What the service asks amoCRM for when it reads every page of this size.
    pub(crate) async fn addresses(&self, size: u64) -> Vec<String> {
        if let Some(known) = self.addresses.lock().unwrap().get(&size) {
            return known.clone();
        }
        let mut addresses = Vec::new();
        for page in 1..=LEADS_A_ROUND / size {
            let leads = format!(
                "http://{}/api/v4/leads?page={page}&limit={size}&with=contacts&order[updated_at]=desc",
                self.host
            );
            let answer = self.http.get(&leads).bearer_auth(&self.token).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            let leads_of = answer["_embedded"]["leads"].as_array().unwrap();
            let mut ids: Vec<u64> =
                leads_of.iter().filter_map(|lead| lead["_embedded"]["contacts"][0]["id"].as_u64()).collect();
            ids.sort_unstable();
            ids.dedup();
            let filters: Vec<String> = ids.iter().map(|id| format!("filter[id][]={id}")).collect();
            addresses.push(leads);
            addresses.push(format!("http://{}/api/v4/contacts?limit=250&{}", self.host, filters.join("&")));
        }
        self.addresses.lock().unwrap().insert(size, addresses.clone());
        addresses
    }

    pub(crate) async fn strike(mut self) {
        self.service.kill().await.unwrap();
        self.sandbox.stop().await;
        if let Some(runtime) = self.amo_runtime.take() {
            runtime.shutdown_background();
        }
        self.folder.close().unwrap();
    }
}
