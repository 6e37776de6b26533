//! Attacks that aim at amoCRM's turns: garbage codes, strangers, accounts that are banned.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use amo_connect_sandbox::{Failure, Faults};
use serde_json::json;

use super::{Answers, Attack, gate};
use crate::accounts::{self, BANNED, Person, VICTIM};
use crate::call::client;
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(30);

/// A code that nobody has sent before.
fn new_code() -> String {
    static SENT: AtomicU64 = AtomicU64::new(0);
    format!("garbage-{}", SENT.fetch_add(1, Ordering::Relaxed))
}

/// One user posts codes that amoCRM never gave, with the victim's host.
pub(super) async fn garbage(stage: &Stage, answers: &Answers) {
    let (http, host, jwt) = (client(PATIENCE, 32), stage.host(VICTIM), accounts::jwt("mallory"));
    let address = accounts::address(66, 1);
    gate::send(Attack::GarbageCodes, answers, 8, 500, |number| {
        let serving = stage.instances.serving();
        let base = &serving[number % serving.len()].base;
        let body = json!({ "code": new_code(), "referer": host });
        let post = http.post(format!("{base}/api/amo-crm/exchange-code")).bearer_auth(&jwt);
        post.header("X-Forwarded-For", &address).json(&body)
    })
    .await;
}

/// Strangers without a JWT, each with another code, another host and another address.
pub(super) async fn strangers(stage: &Stage, answers: &Answers) {
    let (http, hosts) = (client(PATIENCE, 200), stage.sandbox.hosts());
    gate::send(Attack::Strangers, answers, 150, 1_000, |number| {
        let serving = stage.instances.serving();
        let base = &serving[number % serving.len()].base;
        let query = [("code", new_code()), ("referer", hosts[number % hosts.len()].clone())];
        let get = http.get(format!("{base}/api/amo-crm/callback")).query(&query);
        get.header("X-Forwarded-For", accounts::address(67, number * 257))
    })
    .await;
}

/// Who is in an account that gets banned.
pub(crate) fn banned_people() -> Vec<Person> {
    BANNED.into_iter().flat_map(|account| (0..2).map(move |place| Person::other(account, place))).collect()
}

/// amoCRM bans three accounts, whose users go on polling.
pub(super) async fn banned(stage: &Stage, answers: &Answers) {
    for account in BANNED {
        let ban = Some(Failure::Html403);
        let faults = Faults { api_outage: ban, token_outage: ban, ..Faults::default() };
        stage.sandbox.set_account_faults(accounts::number(account), faults).unwrap();
    }
    let (http, people) = (client(PATIENCE, 32), banned_people());
    gate::send(Attack::Banned, answers, 20, 500, |number| {
        let serving = stage.instances.serving();
        let (base, person) = (&serving[number % serving.len()].base, &people[number % people.len()]);
        let get = http.get(format!("{base}/api/amo-crm/leads?limit=5&page={}", number % 5 + 1));
        get.bearer_auth(&person.jwt).header("X-Forwarded-For", &person.address)
    })
    .await;
}

/// amoCRM bans nobody any more.
pub(super) fn end_bans(stage: &Stage) {
    for account in BANNED {
        stage.sandbox.set_account_faults(accounts::number(account), Faults::default()).unwrap();
    }
}
