//! What only a clock that moves, a store that is down or a CRM that is silent can show, over HTTP.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod clock;
mod jumps;
mod kept_reads;
mod moves;
mod outages;
mod reads;
mod refused_access;
mod refused_contacts;
mod revocation_checks;
mod slow_amo;

use amo_connect_contract::fixtures::host;
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, MemoryTokenStore};
use amo_connect_domain::token::{AuthorizationCode, CodeHash};
use amo_connect_tests::{Answer, Begun, RunningApp};
use serde_json::Value;

/// A CRM with an account at `host(1)`.
fn crm() -> FakeAmo {
    FakeAmo::new().with_account(&host(1), FakeAccount::empty(1))
}

/// Somebody presses *Allow* there: the code.
fn allowed(amo: &FakeAmo) -> String {
    amo.allow(&host(1)).expose().to_owned()
}

/// The browser comes back with `code` and the state of `attempt`.
async fn return_with(app: &RunningApp, code: &str, attempt: &Begun) -> Answer {
    app.callback(&[("code", code), ("state", &attempt.state), ("referer", host(1).as_str())]).await
}

fn error_of(page: &Answer) -> Option<String> {
    page.link_parameter("error")
}

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
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
    app.get("olena", "/status").await.data()["problem"]["code"].clone()
}

/// What is on record of `code`, for what HTTP does not show.
async fn on_record(store: &MemoryTokenStore, code: &str) -> amo_connect_domain::authorization::code::ExchangeStatus {
    use amo_connect_domain::ports::TokenStore as _;
    store.exchange(CodeHash::of(&AuthorizationCode::new(code))).await.unwrap().unwrap().status
}
