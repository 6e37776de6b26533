//! A ban: the account's calls are refused, and nothing of the connection is lost by it.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, RIVAL, Served, until};
use serde_json::Value;

use crate::stage::Stage;

on_both_databases!(
    a_ban_leaves_the_connection_as_it_is_and_ends_without_a_trace,
    a_ban_of_the_token_endpoint_spends_no_token,
);

async fn a_ban_leaves_the_connection_as_it_is_and_ends_without_a_trace(stage: Stage) {
    let service = stage.serve().await;
    stage.connect("olena", ACCOUNT).await;
    stage.connect("ivan", RIVAL).await;
    ban(&stage, true);
    banned(&service, "olena").await;
    // It is for this account only.
    assert_eq!(service.get("ivan", "/leads?limit=1").await.status, 200);
    assert_eq!(problem(&service, "ivan").await, Value::Null);
    assert_eq!(stage.sandbox.stats().token_requests, 2, "a ban was taken for a token that is no good");

    ban(&stage, false);
    works_again(&service, "olena").await;
    assert_eq!(stage.sandbox.stats().token_requests, 2);
}

async fn a_ban_of_the_token_endpoint_spends_no_token(stage: Stage) {
    let service = stage.serve_when_due().await;
    ban(&stage, true);
    for _ in 0..3 {
        banned(&service, "olena").await;
    }
    assert_eq!((stage.grant().refreshes, stage.sandbox.stats().refused, stage.generation().await), (0, 0, 1));

    ban(&stage, false);
    works_again(&service, "olena").await;
    assert_eq!((stage.grant().refreshes, stage.generation().await), (1, 2));
}

fn ban(stage: &Stage, on: bool) {
    let outage = on.then_some(Failure::Html403);
    let faults = Faults { api_outage: outage, token_outage: outage, ..Faults::default() };
    stage.sandbox.set_account_faults(ACCOUNT, faults).unwrap();
}

async fn banned(service: &Served, user: &str) {
    let leads = service.get(user, "/leads?limit=1").await;
    assert_eq!(leads.problem(), (502, "crm_unavailable"));
    assert_eq!(service.standing(user).await, ("connected".to_owned(), "provider_blocked".into()));
    assert_eq!(service.get(user, "/status").await.data()["connected"], true);
}

async fn works_again(service: &Served, user: &str) {
    let leads = async || service.get(user, "/leads?limit=1").await.status == 200;
    until("amoCRM is asked again and serves", leads).await;
    assert_eq!(problem(service, user).await, Value::Null);
}

async fn problem(service: &Served, user: &str) -> Value {
    service.get(user, "/status").await.data()["problem"].clone()
}
