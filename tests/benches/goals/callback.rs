//! `callback`: from the redirect to the page, with an amoCRM that answers at once, beside two durable writes.

use std::time::{Duration, Instant};

use amo_connect_tests::jwt;
use serde_json::{Value, json};

use crate::crm::Crm;
use crate::database::Database;
use crate::durable::Durable;
use crate::figures::{figure, median, milliseconds, percentile};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::table::{self, Goal, Table, verdict};
use crate::users::{self, USERS};

/// So many redirects a round.
const REDIRECTS: usize = 150;

/// The most above two durable writes, in milliseconds.
const GOAL: f64 = 3.0;

pub(crate) async fn measure(plan: &Plan) {
    let crm = Crm::start();
    let mut table =
        Table::new(["redirect to page", "p50, ms", "p99, ms", "two durable writes, p50, ms", "above them, ms"]);
    let mut verdicts = Vec::new();
    for database in Database::each().await {
        let instance = Instance::start(&plan.binary, &database.url(), &crm.settings()).await;
        let mut durable = Durable::beside(&database).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (mut callbacks, mut writes) = (Vec::new(), Vec::new());
        for number in 0..REDIRECTS * (plan.rounds + 1) {
            let callback = milliseconds(redirect(&http, &instance, &crm, number).await);
            let written = milliseconds(durable.two(number).await);
            // The first ones warm up.
            if number >= REDIRECTS {
                callbacks.push(callback);
                writes.push(written);
            }
        }
        let kind = database.kind();
        let (p50, two) = (median(callbacks.iter().copied()), median(writes));
        table.row([kind.to_owned(), figure(p50), figure(percentile(callbacks, 99)), figure(two), figure(p50 - two)]);
        verdicts.push(verdict(&format!("{kind}, above two durable writes"), p50 - two, " ms", Goal::AtMost(GOAL)));
    }
    table::print(&table, &verdicts);
    crm.stop().await;
}

/// A browser comes back with a code; returns how long its page took.
async fn redirect(http: &reqwest::Client, instance: &Instance, crm: &Crm, number: usize) -> Duration {
    let request = http.post(instance.url("/api/amo-crm/authorize")).bearer_auth(jwt(&users::name(number % USERS)));
    let begun: Value = request.json(&json!({})).send().await.unwrap().json().await.unwrap();
    let (state, code) = (begun["data"]["state"].as_str().unwrap(), format!("code-{number}"));
    let query = [("code", code.as_str()), ("state", state), ("referer", crm.host(number))];
    let redirect = http.get(instance.url("/api/amo-crm/callback")).query(&query).build().unwrap();
    let sent = Instant::now();
    let page = http.execute(redirect).await.unwrap();
    assert_eq!(page.status(), 200);
    page.bytes().await.unwrap();
    sent.elapsed()
}
