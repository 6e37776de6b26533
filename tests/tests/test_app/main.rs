//! What only a clock that moves, a store that is down or a CRM that is silent can show, over HTTP.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod cached_reads;
mod clock;
mod clock_jumps;

mod lead_details;
mod moves;
mod outages;
mod reads;
mod refused_access;
mod refused_contacts;
mod revocation_checks;
mod users;
mod writes;
mod writes_in_doubt;

use amo_connect_contract::fake::Gate;
use amo_connect_contract::fixtures::host;
use amo_connect_contract::{Asked, FakeAmo, MemoryTokenStore};
use amo_connect_domain::token::{AuthorizationCode, CodeHash};
use amo_connect_tests::{Answer, Begun, RunningApp, TestApp};
use serde_json::Value;

/// A CRM with an account at `host(1)`.
fn crm() -> FakeAmo {
    FakeAmo::new().with_accounts([1])
}

/// Somebody presses *Allow* there: the code.
fn allowed(amo: &FakeAmo) -> String {
    amo.allow(&host(1)).expose().to_owned()
}

/// The app on this CRM and a store of its own, with olena connected at `host(1)`, at 2026-11-23T10:00Z.
async fn connected(amo: &FakeAmo) -> (RunningApp, MemoryTokenStore) {
    let store = MemoryTokenStore::new();
    let app = TestApp::new().amo(amo.clone()).store(store.clone()).start().await;
    app.connect("olena", amo, 1).await;
    (app, store)
}

/// The same behind a gate that every further request has to pass.
async fn connected_behind_a_gate(amo: &FakeAmo) -> (RunningApp, MemoryTokenStore, Gate) {
    let (gated, gate) = amo.gated();
    gate.let_go(1);
    let (app, store) = connected(&gated).await;
    gate.arrival().await;
    (app, store, gate)
}

/// The browser comes back with `code` and the state of `attempt`.
async fn return_with(app: &RunningApp, code: &str, attempt: &Begun) -> Answer {
    app.callback(&[("code", code), ("state", &attempt.state), ("referer", host(1).as_str())]).await
}

fn error_of(page: &Answer) -> Option<String> {
    page.link_parameter("error")
}

fn exchanges(amo: &FakeAmo) -> usize {
    amo.asked().iter().filter(|asked| matches!(asked, Asked::Exchange { .. })).count()
}

fn refreshes(amo: &FakeAmo) -> usize {
    amo.asked().iter().filter(|asked| matches!(asked, Asked::Refresh { .. })).count()
}

fn look_ups(amo: &FakeAmo) -> usize {
    amo.asked().iter().filter(|asked| matches!(asked, Asked::Locate { .. })).count()
}

/// The code of what `/status` tells olena of, or null.
async fn problem(app: &RunningApp) -> Value {
    app.standing("olena").await.1
}

/// What is on record of `code`, for what HTTP does not show.
async fn on_record(store: &MemoryTokenStore, code: &str) -> amo_connect_domain::authorization::code::ExchangeStatus {
    use amo_connect_domain::ports::TokenStore as _;
    store.exchange(CodeHash::of(&AuthorizationCode::new(code))).await.unwrap().unwrap().status
}
