//! A server with almost nothing: what HTTP alone costs, and what HTTP with a JWT costs.

use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use amo_connect::auth::Caller;
use amo_connect::config::Given;
use amo_connect::metrics::Metrics;
use amo_connect::wiring;
use amo_connect_contract::{FakeAmo, MemoryTokenStore, TestRuntime, fixtures};
use amo_connect_domain::ports::{Storage, Stores};
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_tests::{JWT_SECRET, KeptConnection};
use tokio::process::{Child, Command};
use tokio_util::task::TaskTracker;

use crate::instance::{TOKEN_KEYS, free_address};

/// The argument by which this program is that server.
pub(crate) const SERVE: &str = "serve-bare";

/// Such a server as a process of its own.
pub(crate) struct Bare {
    _child: Child,
    address: String,
}

impl Bare {
    pub(crate) async fn start() -> Self {
        let address = free_address();
        let mut command = Command::new(std::env::current_exe().unwrap());
        let child = command.args([SERVE, &address]).stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        answers(&address).await;
        Self { _child: child, address }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Ends when somebody listens at `address`.
pub(crate) async fn answers(address: &str) {
    while KeptConnection::to(address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Serves at `address` until it is killed.
pub(crate) fn serve(address: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(address));
    ExitCode::SUCCESS
}

async fn run(address: &str) {
    let settings = Given {
        amo_client_id: Some("bench".to_owned()),
        amo_client_secret: Some("bench-secret".to_owned()),
        amo_redirect_uri: Some(format!("http://{address}/api/amo-crm/callback")),
        jwt_secret: Some(JWT_SECRET.to_owned()),
        token_keys: Some(TOKEN_KEYS.to_owned()),
        user_rate: Some("0".to_owned()),
        address_rate: Some("0".to_owned()),
        ..Given::default()
    };
    let config = settings.check().unwrap();
    let stores = Stores::from(Arc::new(MemoryTokenStore::new()) as Arc<dyn Storage>);
    let amo = RateLimitedClient::unlimited(Arc::new(FakeAmo::new()));
    let clock = Arc::new(TestRuntime::at(fixtures::at(0)));
    let (tasks, metrics) = (TaskTracker::new(), Metrics::new().unwrap());
    let state = Data::new(wiring::assemble_with(stores, amo, clock, tasks, metrics, &config.service).unwrap());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/bare", web::get().to(async || "ok"))
            .route("/jwt", web::get().to(async |_: Caller| "ok"))
    });
    server.bind(address).unwrap().run().await.unwrap();
}
