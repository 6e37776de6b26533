//! An amoCRM that answers token requests at once, at many hosts: a limit of one account is none of all.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Json};
use actix_web::{App, HttpServer};
use amo_connect_tests::signed;
use serde_json::{Value, json};

use crate::instance::free_address;
use crate::users::TOKEN_LENGTH;

/// So many accounts there are.
const HOSTS: usize = 250;

/// The tokens of one answer are none of another's.
static ISSUED: AtomicUsize = AtomicUsize::new(0);

/// The accounts' hosts, on loopback addresses of their own. Dropping it stops them.
pub(crate) struct Crm {
    hosts: Vec<String>,
    allowed: String,
    page: String,
    server: ServerHandle,
}

impl Crm {
    pub(crate) fn start() -> Self {
        let address = free_address();
        let (_, port) = address.split_once(':').unwrap();
        let hosts: Vec<String> = (0..HOSTS).map(|number| format!("127.0.1.{}:{port}", number + 1)).collect();
        let app = || App::new().route("/oauth2/access_token", web::post().to(issue));
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = hosts.iter().fold(server, |server, host| server.bind(host).unwrap()).run();
        let handle = server.handle();
        tokio::spawn(server);
        let page = format!("http://{}/oauth", hosts[0]);
        Self { allowed: hosts.join(","), page, hosts, server: handle }
    }

    /// The host of the account of user `number`.
    pub(crate) fn host(&self, number: usize) -> &str {
        &self.hosts[number % HOSTS]
    }

    /// What tells a service of them.
    pub(crate) fn settings(&self) -> [(&'static str, &str); 2] {
        [("AMO_ALLOWED_HOSTS", &self.allowed), ("AMO_AUTH_URL", &self.page)]
    }

    pub(crate) async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn issue() -> Json<Value> {
    let number = ISSUED.fetch_add(1, Relaxed);
    let rest = "x".repeat(TOKEN_LENGTH);
    // amoCRM's access tokens are JWTs that tell the account.
    let access = signed(&json!({ "account_id": 31_920_194, "jti": number, "rest": rest }));
    Json(json!({
        "token_type": "Bearer", "expires_in": 86_400,
        "access_token": access, "refresh_token": format!("refresh-{number}-{rest}"),
    }))
}
