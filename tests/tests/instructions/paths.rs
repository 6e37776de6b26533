//! The hot paths in this process, on one thread: HTTP without its sockets, the store and the CRM in memory.

use std::sync::Arc;

use actix_web::App;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_and_read_body, init_service};
use actix_web::web::Data;
use amo_connect::config::Given;
use amo_connect::metrics::Metrics;
use amo_connect::metrics::http::count;
use amo_connect::state::AppState;
use amo_connect::{routes, telemetry, wiring};
use amo_connect_contract::{FakeAccount, FakeAmo, MemoryTokenStore, TestRuntime, fixtures};
use amo_connect_domain::crm::lead::AmoLead;
use amo_connect_domain::crm::pipeline::StageKind;
use amo_connect_domain::ports::{Storage, Stores};
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_tests::{JWT_SECRET, jwt};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

/// Each path is taken so often while it is counted.
pub(crate) const TIMES: usize = 10;

/// The paths, in the order in which they are counted.
pub(crate) const PATHS: [&str; 3] = ["GET /status", "GET /callback", "GET /leads?limit=50"];

const LEADS: u64 = 50;
const STAGES: [(u64, StageKind); 2] = [(11, StageKind::Unsorted), (12, StageKind::Open)];

/// The one function that is counted: valgrind knows it by its name.
#[inline(never)]
fn counted<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    runtime.block_on(work)
}

/// Takes each path once to warm up, and then [`TIMES`] times in [`counted`].
pub(crate) fn take() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let amo = FakeAmo::new().with_account(&fixtures::host(1), account());
    let state = runtime.block_on(async { state(&amo) });
    let app = App::new().app_data(Data::new(state)).configure(|config| routes::configure(config, &[]));
    let service = runtime.block_on(init_service(app.wrap(from_fn(count)).wrap(from_fn(telemetry::observe))));
    let ask = async |request: TestRequest| {
        let request = request.peer_addr("127.0.0.1:4711".parse().unwrap()).to_request();
        String::from_utf8(call_and_read_body(&service, request).await.to_vec()).unwrap()
    };
    let as_olena = |path: &str| TestRequest::get().uri(path).insert_header((AUTHORIZATION, bearer("olena")));

    let redirects: Vec<String> = (0..=TIMES)
        .map(|number| {
            let user = if number == 0 { "olena".to_owned() } else { format!("user-{number:02}") };
            let request =
                TestRequest::post().uri("/api/amo-crm/authorize").insert_header((AUTHORIZATION, bearer(&user)));
            let begun: Value = serde_json::from_str(&runtime.block_on(ask(request))).unwrap();
            let (host, state) = (fixtures::host(1), begun["data"]["state"].as_str().unwrap());
            format!("/api/amo-crm/callback?code={}&state={state}&referer={host}", amo.allow(&host).expose())
        })
        .collect();
    let (first, others) = redirects.split_first().unwrap();
    let (status, leads) = ("/api/amo-crm/status", "/api/amo-crm/leads?limit=50");
    let page = runtime.block_on(ask(TestRequest::get().uri(first)));
    assert!(page.contains("Authorization successful!"), "{page}");
    let standing = runtime.block_on(ask(as_olena(status)));
    assert!(standing.contains(r#""state":"connected""#), "{standing}");
    let list = runtime.block_on(ask(as_olena(leads)));
    assert_eq!(list.matches(r#""guestPhone":"+380"#).count(), 50, "{list}");

    let requests = [
        (0..TIMES).map(|_| as_olena(status)).collect(),
        others.iter().map(|redirect| TestRequest::get().uri(redirect)).collect::<Vec<_>>(),
        (0..TIMES).map(|_| as_olena(leads)).collect(),
    ];
    for requests in requests {
        counted(&runtime, async {
            for request in requests {
                ask(request).await;
            }
        });
    }
}

fn bearer(user: &str) -> String {
    format!("Bearer {}", jwt(user))
}

/// The account of everybody.
fn account() -> FakeAccount {
    let lead = |id: u64| AmoLead {
        name: Some(format!("Квартира {id}")),
        pipeline: Some(1),
        stage: Some(12),
        created_at: Some(fixtures::at(0)),
        updated_at: Some(fixtures::at(0)),
        contact: Some(1000 + id),
        ..AmoLead::numbered(id)
    };
    FakeAccount {
        leads: (1..=LEADS).map(lead).collect(),
        contacts: (1..=LEADS).map(|id| fixtures::contact(1000 + id)).collect(),
        pipelines: vec![fixtures::pipeline(1, STAGES.map(|(id, kind)| fixtures::stage(id, kind)).into())],
        ..FakeAccount::empty(1)
    }
}

/// What the handlers share, with the store and the CRM in memory.
fn state(amo: &FakeAmo) -> AppState {
    let settings = Given {
        amo_client_id: Some("count".to_owned()),
        amo_client_secret: Some("count-secret".to_owned()),
        amo_redirect_uri: Some("http://127.0.0.1:8080/api/amo-crm/callback".to_owned()),
        jwt_secret: Some(JWT_SECRET.to_owned()),
        token_keys: Some("one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        ..Given::default()
    };
    let config = settings.check().unwrap();
    let stores = Stores::from(Arc::new(MemoryTokenStore::new()) as Arc<dyn Storage>);
    let client = RateLimitedClient::unlimited(Arc::new(amo.clone()));
    let clock = Arc::new(TestRuntime::at(fixtures::at(0)));
    let (tasks, metrics) = (TaskTracker::new(), Metrics::new().unwrap());
    wiring::assemble_with(stores, client, clock, tasks, metrics, &config.service).unwrap()
}
