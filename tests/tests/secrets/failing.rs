//! amoCRM and the database on their worst days.

use amo_connect_sandbox::{Dress, Failure, Faults};
use amo_connect_tests::{ACCOUNT, RIVAL, Way, until};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use serde_json::json;

use crate::connecting::Redirect;
use crate::stage::Stage;

/// What amoCRM does instead of giving a pair.
const TOKEN_FAILURES: [Failure; 8] = [
    Failure::Status(400),
    Failure::Status(302),
    Failure::Status(500),
    Failure::Drop,
    Failure::DropAfter,
    Failure::Cut,
    Failure::BadJson,
    Failure::NoRefreshToken,
];

/// How it gives one.
const DRESSES: [Dress; 6] =
    [Dress::JunkAfter, Dress::Status(503), Dress::Nested, Dress::BadHeader, Dress::Utf16, Dress::LongLength];

/// What it answers with when it repeats what it was asked.
const ECHOES: [u16; 6] = [200, 302, 400, 401, 404, 500];

/// An account without leads.
const EMPTY: u64 = 40_000_002;

/// Exchanges and refreshes of as many users, each with a failure of its own.
pub(crate) async fn tokens(stage: &Stage) {
    let failures = TOKEN_FAILURES.map(|failure| Faults { fail_token: vec![failure], ..Faults::default() });
    let dresses = DRESSES.map(|dress| Faults { dress: vec![dress], ..Faults::default() });
    let faults: Vec<_> = failures.into_iter().chain(dresses).collect();
    for number in 0..faults.len() + ECHOES.len() {
        stage.connect(&format!("r{number}"), ACCOUNT).await;
    }
    stage.expire();
    for (number, faults) in faults.iter().enumerate() {
        stage.faults(faults.clone());
        stage.get(&format!("r{number}"), "/leads?limit=1").await;
        stage.faults(faults.clone());
        brings_a_code(stage, &format!("x{number}")).await;
    }
    stage.faults(Faults::default());
    for (number, status) in ECHOES.into_iter().enumerate() {
        stage.wire.echo(Some(status));
        stage.get(&format!("r{}", faults.len() + number), "/leads?limit=1").await;
        brings_a_code(stage, &format!("e{number}")).await;
    }
    stage.wire.echo(None);
}

/// `user` comes back from amoCRM, and the app asks too.
async fn brings_a_code(stage: &Stage, user: &str) {
    let (attempt, issued) = (stage.attempt(user).await, stage.code(ACCOUNT));
    let redirect = [("code", &*issued.code), ("state", &*attempt.state), ("referer", &*issued.referer)];
    stage.callback(Redirect(&redirect)).await;
    stage.exchange(user, json!({ "code": issued.code })).await;
    stage.get(user, "/status").await;
}

/// Reads and writes that amoCRM spoils.
pub(crate) async fn calls(stage: &Stage, lead: &str) {
    let failures = [
        Failure::Status(302),
        Failure::Status(402),
        Failure::Status(404),
        Failure::Status(500),
        Failure::Drop,
        Failure::Cut,
        Failure::BadJson,
    ];
    for failure in failures {
        stage.faults(Faults { fail_api: vec![failure; 4], fail_lookup: vec![failure], ..Faults::default() });
        stage.get("olena", &format!("{lead}?include=notes,tasks,events")).await;
        stage.get("olena", "/users").await;
    }
    stage.faults(Faults::default());
    for status in ECHOES {
        stage.wire.echo(Some(status));
        stage.get("olena", "/leads?limit=1").await;
        stage.get("olena", "/me").await;
        stage.post("olena", &format!("{lead}/notes"), json!({ "text": "A note" })).await;
    }
    stage.wire.echo(None);
    // An account seems to have moved, to a host that is a part of its token. Nobody else is in it.
    stage.connect("lesia", EMPTY).await;
    stage.wire.echo(Some(404));
    stage.get("lesia", "/leads").await;
    stage.service().process().until_logged("moved to a host that is not allowed").await;
    stage.wire.echo(None);
    // A ban, and a limit, in another one.
    stage.connect("robert", RIVAL).await;
    stage.wire.echo(Some(429));
    stage.get("robert", "/leads").await;
    stage.wire.echo(None);
    stage.faults(Faults { fail_api: vec![Failure::Html403; 2], ..Faults::default() });
    stage.get("robert", "/tasks").await;
    stage.faults(Faults::default());
}

/// The database is gone while a pair is to be saved, and for everybody else.
pub(crate) async fn database(stage: &Stage) {
    stage.connect("olena", ACCOUNT).await;
    let (attempt, issued) = (stage.attempt("sofia").await, stage.code(ACCOUNT));
    stage.expire();
    stage.faults(Faults { token_latency_ms: 1_500, ..Faults::default() });
    let asked = stage.sandbox.stats().token_requests;
    let gone = async {
        until("the refresh is on its way", async || stage.sandbox.stats().token_requests > asked).await;
        let lock = lock(stage);
        stage.service().process().until_logged("not saved").await;
        stage.faults(Faults::default());
        let redirect = [("code", &*issued.code), ("state", &*attempt.state), ("referer", &*issued.referer)];
        let asks = async |path, body| stage.expect(503, &stage.post("sofia", path, body).await);
        // On a file it waits for its own 15 s.
        let doctor = async {
            if stage.postgres.is_some() {
                stage.command(&["doctor"], 1, &[]).await;
            }
        };
        // Each waits for the lock on a file, as long as that is waited for.
        tokio::join!(
            async { stage.expect(503, &stage.callback(Redirect(&redirect)).await) },
            asks("/authorize", json!({})),
            asks("/exchange-code", json!({ "code": issued.code, "referer": issued.referer })),
            asks("/disconnect", json!({})),
            stage.scrape(),
            stage.command(&["connections", "list"], None, &[]),
            stage.command(&["connections", "disconnect", "sofia"], 1, &[]),
            doctor,
        );
        drop(lock);
        if let Some((_, proxy)) = &stage.postgres {
            proxy.set(Way::Open);
        }
    };
    tokio::join!(stage.get("olena", "/leads?limit=1"), gone);
    let ready = async || stage.service().http().get(format!("{}/readyz", stage.service().base)).send().await.unwrap();
    until("the database is good again", async || ready().await.status() == 200).await;
    stage.expect(200, &stage.get("olena", "/leads?limit=2").await);
}

/// Takes the database away: PostgreSQL cannot be reached, and a file is locked until the value is dropped.
fn lock(stage: &Stage) -> Option<SqliteConnection> {
    if let Some((_, proxy)) = &stage.postgres {
        proxy.set(Way::Cut);
        return None;
    }
    let url = stage.settings.database_url.as_ref().unwrap();
    let mut file = SqliteConnection::establish(url.strip_prefix("sqlite:").unwrap()).unwrap();
    file.batch_execute("PRAGMA busy_timeout = 20000; BEGIN IMMEDIATE").unwrap();
    Some(file)
}
