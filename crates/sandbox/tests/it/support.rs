//! A sandbox with its limits off, and a client that follows no redirect.

use amo_connect_sandbox::{AccountId, Options, RequestRecord, Sandbox, Switches};
use reqwest::{Certificate, Client, StatusCode, redirect::Policy};
use serde_json::{Value, json};

/// The registered redirect URI.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:8080/api/amo-crm/callback";
/// The agency with hundreds of leads.
pub(crate) const AGENCY: AccountId = AccountId::FOR_YOU;
/// The account whose leads nobody else may see.
pub(crate) const RIVAL: AccountId = AccountId::RIVAL_HOMES;

/// A running sandbox and a client of it.
pub(crate) struct Amo {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
}

/// A pair of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn hint(&self) -> String {
        self.json()["hint"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn pair(&self) -> Pair {
        assert_eq!(self.status, 200, "{self:?}");
        let pair = self.json();
        let text = |name: &str| pair[name].as_str().unwrap().to_owned();
        Pair { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// Options with the limits off.
pub(crate) fn unlimited() -> Options {
    let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
    Options { switches, ..Options::default() }
}

impl Amo {
    pub(crate) async fn start() -> Self {
        Self::with(unlimited()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        Self::of(Sandbox::start(options).await.unwrap())
    }

    /// A client that finds the names of `sandbox` and trusts its authority.
    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let mut http = Client::builder().redirect(Policy::none()).no_proxy();
        for name in sandbox.names() {
            // Port 0 is the one of the address.
            http = http.resolve(name, ([127, 0, 0, 1], 0).into());
        }
        if let Some(file) = sandbox.ca_file() {
            http = http.tls_certs_only([Certificate::from_pem(&std::fs::read(file).unwrap()).unwrap()]);
        }
        Self { sandbox, http: http.build().unwrap() }
    }

    pub(crate) fn url(&self, account: AccountId, path: &str) -> String {
        self.sandbox.url(account, path).unwrap()
    }

    /// Turns the switches.
    pub(crate) fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        let mut switches = self.sandbox.switches();
        turn(&mut switches);
        self.sandbox.set_switches(switches).unwrap();
    }

    /// The fields of a good exchange of `code`.
    pub(crate) fn exchange_fields(code: &str) -> Value {
        json!({
            "client_id": "sandbox", "client_secret": "sandbox-secret", "redirect_uri": REDIRECT_URI,
            "grant_type": "authorization_code", "code": code,
        })
    }

    /// The fields of a good refresh with `token`.
    pub(crate) fn refresh_fields(token: &str) -> Value {
        json!({
            "client_id": "sandbox", "client_secret": "sandbox-secret", "redirect_uri": REDIRECT_URI,
            "grant_type": "refresh_token", "refresh_token": token,
        })
    }

    /// Sends `fields` as JSON to the token endpoint of `account`.
    pub(crate) async fn token(&self, account: AccountId, fields: &Value) -> Answer {
        let url = self.url(account, "/oauth2/access_token");
        read(self.http.post(url).json(fields).send().await.unwrap()).await
    }

    /// Issues a code and exchanges it.
    pub(crate) async fn connect(&self, account: AccountId) -> Pair {
        let code = self.sandbox.issue_code(account).unwrap().code;
        self.token(account, &Self::exchange_fields(&code)).await.pair()
    }

    pub(crate) async fn refresh(&self, account: AccountId, token: &str) -> Answer {
        self.token(account, &Self::refresh_fields(token)).await
    }

    /// Asks the API of `account` with an access token.
    pub(crate) async fn get(&self, account: AccountId, path: &str, token: &str) -> Answer {
        self.get_url(&self.url(account, path), token).await
    }

    pub(crate) async fn get_url(&self, url: &str, token: &str) -> Answer {
        read(self.http.get(url).bearer_auth(token).send().await.unwrap()).await
    }

    /// Opens an address as a browser does.
    pub(crate) async fn open(&self, url: &str) -> Answer {
        read(self.http.get(url).send().await.unwrap()).await
    }

    /// Sends `body` to the API of the agency.
    pub(crate) async fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let request = self.http.request(method.parse().unwrap(), self.url(AGENCY, path));
        read(request.bearer_auth(token).json(body).send().await.unwrap()).await
    }

    /// The last entry of the request journal.
    pub(crate) fn last_request(&self) -> RequestRecord {
        self.sandbox.requests().pop().unwrap()
    }

    /// Sends `body` to a control.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Answer {
        let url = self.url(AGENCY, &format!("/_sandbox{path}"));
        let method = method.parse().unwrap();
        read(self.http.request(method, url).json(&body).send().await.unwrap()).await
    }
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    Answer {
        status: response.status(),
        content_type: header("content-type"),
        location: header("location"),
        body: response.text().await.unwrap(),
    }
}

/// The numbers `id` of a list's entries.
pub(crate) fn ids(list: &Value, name: &str) -> Vec<u64> {
    let entries = list["_embedded"][name].as_array().unwrap_or_else(|| panic!("no {name}: {list}"));
    entries.iter().map(|entry| entry["id"].as_u64().unwrap()).collect()
}
