//! The database can be read, and the rate limiter cannot write its reservations: its disk is full, or
//! a standby has taken its place. amoCRM is not asked, so it is not blamed.

use amo_connect_tests::{ACCOUNT, Served};
use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};

use crate::stage::Stage;

const LOGGED: &str = "no permit: the rate limit store failed";

/// Makes every write of a reservation fail from now on. Returns the cause as the log must have it.
async fn refuse_reservations(stage: &Stage) -> &'static str {
    if let Some(database) = &stage.postgres {
        let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                      $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'read_only_sql_transaction'; END $$;
                      CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON turns FOR EACH ROW EXECUTE FUNCTION refuse()";
        database.execute(refuse).await;
        return "the transaction is read-only (SQLSTATE 25006)";
    }
    for change in ["INSERT", "UPDATE"] {
        let refuse = "SELECT RAISE(ABORT, 'database or disk is full')";
        let trigger = format!("CREATE TRIGGER refuse_{change} BEFORE {change} ON turns BEGIN {refuse}; END");
        stage.sqlite().batch_execute(&trigger).unwrap();
    }
    "database or disk is full"
}

async fn allow_reservations(stage: &Stage) {
    match &stage.postgres {
        Some(database) => database.execute("DROP TRIGGER refuse ON turns").await,
        None => stage.sqlite().batch_execute("DROP TRIGGER refuse_INSERT; DROP TRIGGER refuse_UPDATE").unwrap(),
    }
}

async fn is_refused(service: &Served, path: &str) {
    assert_eq!(service.get("olena", path).await.problem(), (503, "storage_unavailable"), "{path}");
}

async fn audit(stage: &Stage) -> Vec<String> {
    stage.texts("SELECT event AS text FROM audit ORDER BY id").await
}

on_both_databases! {
    a_read_is_refused_and_amocrm_is_not_blamed,
    a_code_is_not_sent_and_a_reload_sends_it,
    a_refresh_token_is_not_sent_and_nothing_is_in_doubt,
}

async fn a_read_is_refused_and_amocrm_is_not_blamed(stage: Stage) {
    let service = stage.serve().await;
    stage.connect_by(&service, "olena", ACCOUNT).await;
    assert_eq!(service.get("olena", "/leads?limit=5").await.status, 200);
    let (entries, sent) = (audit(&stage).await, stage.sandbox.stats().api_requests);

    let cause = refuse_reservations(&stage).await;
    for path in ["/leads?limit=5", "/leads/1"] {
        is_refused(&service, path).await;
    }
    let line = service.process().until_logged(LOGGED).await;
    assert!(line.contains(&format!("the database is not available: {cause}")), "{line}");
    assert_eq!((audit(&stage).await, stage.sandbox.stats().api_requests), (entries, sent));
    assert_eq!(service.get("olena", "/status").await.data()["problem"], Value::Null);

    allow_reservations(&stage).await;
    assert_eq!(service.get("olena", "/leads?limit=5").await.status, 200);
    let log = service.into_process().stop().await;
    let lines: Vec<_> = log.lines().filter(|line| line.contains(LOGGED)).collect();
    assert!(lines.len() == 2 && lines[1].contains("\"repeated.times\":1"), "one line, and one is counted: {lines:?}");
}

async fn a_code_is_not_sent_and_a_reload_sends_it(stage: Stage) {
    let service = stage.serve().await;
    refuse_reservations(&stage).await;
    let attempt = service.attempt("olena").await;
    let (code, referer) = stage.code(ACCOUNT);
    let parameters = [("code", code.as_str()), ("state", &attempt.state), ("referer", &referer)];
    let page = service.callback(&parameters).await;
    assert_eq!((page.status, page.link_parameter("error").as_deref()), (503, Some("storage_unavailable")));
    assert_eq!(service.progress("olena", &attempt).await, ("pending".to_owned(), json!("storage_unavailable")));

    let (his, referer_of_his) = stage.code(ACCOUNT);
    let body = json!({ "code": his, "referer": referer_of_his });
    let claimed = service.post("ivan", "/exchange-code", body.clone()).await;
    assert_eq!(claimed.problem(), (503, "storage_unavailable"));
    assert_eq!(stage.sandbox.stats().token_requests, 0);

    allow_reservations(&stage).await;
    assert_eq!(service.callback(&parameters).await.status, 200);
    assert_eq!(service.post("ivan", "/exchange-code", body).await.status, 200);
    assert_eq!(stage.sandbox.stats().token_requests, 2);
}

async fn a_refresh_token_is_not_sent_and_nothing_is_in_doubt(stage: Stage) {
    let service = stage.serve_when_due().await;
    let entries = audit(&stage).await;
    refuse_reservations(&stage).await;
    for _ in 0..3 {
        is_refused(&service, "/leads?limit=5").await;
    }
    assert_eq!((audit(&stage).await, stage.sandbox.stats().token_requests), (entries, 1));
    assert_eq!(service.get("olena", "/status").await.data()["problem"], Value::Null);

    allow_reservations(&stage).await;
    // No backoff either: it was not amoCRM that failed.
    assert_eq!(service.get("olena", "/leads?limit=5").await.status, 200);
    assert_eq!(stage.grant().refreshes, 1);
}
