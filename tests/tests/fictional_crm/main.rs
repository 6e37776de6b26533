//! Another CRM's client: the worked example of `docs/writing-an-adapter.md`, compiled and run.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

mod answers;
mod api;
mod crm;
mod entities;
mod harbour;
mod harness;
mod ledger;
mod logbook;
mod page;
mod pages;
mod wire;
mod writes;

use std::time::Duration;

use amo_connect_contract::amo_client::{AmoClientHarness as _, Entity, left_out};
use amo_connect_contract::fixtures::{issued_in, pipeline, stage};
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::{Pipeline, StageKind};
use amo_connect_domain::token::Issued;
use amo_connect_tests::TestApp;
use harness::HarbourHarness;
use serde_json::json;

mod contract {
    amo_connect_contract::amo_client_contract!(super::HarbourHarness);
}

fn deal() -> LeadPage {
    let lead = AmoLead {
        name: Some("A flat with a view".to_owned()),
        price: Some(12_500_000.into()),
        pipeline: Some(3),
        stage: Some(7),
        contact: Some(77),
        ..AmoLead::numbered(41)
    };
    LeadPage { leads: vec![lead], has_more: false }
}

fn board() -> Pipeline {
    pipeline(3, vec![stage(7, StageKind::Open)])
}

#[test]
fn what_is_left_out_of_the_suite_is_what_harbour_has_not() {
    let harness = amo_connect_contract::suite::run(HarbourHarness::fresh());
    let expected = [
        "an_unsorted_stage_is_told_apart",
        "pipelines_that_are_put_away_are_listed",
        "an_account_is_found_where_it_answers",
        "a_refused_look_up_finds_nothing",
        "a_look_up_that_was_not_answered_is_told_apart",
        "an_account_is_followed_to_no_host_that_is_not_allowed",
        "a_hook_is_believed_if_all_of_it_is_right",
        "a_lead_that_was_put_together_with_another_is_not_new",
    ];
    assert_eq!(left_out(harness.lacks()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_runs_on_it_without_knowing() {
    let crm = HarbourHarness::fresh().await;
    let (host, tokens) = (crm.crm.host(), crm.tokens.host());
    let app = TestApp::new()
        .amo(crm.client.clone())
        .settings(|settings| settings.amo_allowed_hosts = Some(format!("{host},{tokens}")))
        .start()
        .await;

    let attempt = app.attempt("olena").await;
    crm.will(Reply::Issues(Issued { host: Some(host.to_string()), ..issued_in(7, "first") })).await;
    let page = app.callback(&[("ticket", "a-harbour-ticket"), ("state", &attempt.state)]).await;
    assert_eq!((page.status, app.progress("olena", &attempt).await.0.as_str()), (200, "connected"));
    let status = app.get("olena", "/status").await.data();
    let account = crm.number_of(Entity::Account, 7).to_string();
    assert_eq!((&status["domain"], &status["accountId"]), (&json!(host.as_str()), &json!(account)));

    crm.will(Reply::Pipelines(vec![board()])).await;
    crm.will(Reply::Leads(deal())).await;
    let olha = Contact { name: Some("Olha".to_owned()), ..Contact::numbered(77) };
    crm.will(Reply::Contacts(vec![olha])).await;
    let lead = &app.get("olena", "/leads?status=NEW").await.json()["data"][0];
    assert_eq!((&lead["amoLeadId"], &lead["guestName"], &lead["status"]), (&json!(41), &json!("Olha"), &json!("NEW")));
    assert_eq!(lead["stageId"], crm.number_of(Entity::Stage, 7));

    app.clock().advance(Duration::from_hours(24));
    crm.will(Reply::Issues(issued_in(7, "second"))).await;
    crm.will(Reply::Pipelines(vec![board()])).await;
    assert_eq!(app.get("olena", "/pipelines").await.status, 200);
    crm.will(Reply::Nothing).await;
    assert_eq!(app.get("olena", "/leads/42").await.status, 404);
    let note = Note { text: Some("Call back".to_owned()), ..Note::numbered(5) };
    crm.will(Reply::Notes(Page { items: vec![note], has_more: false })).await;
    assert_eq!(app.get("olena", "/leads/41/notes").await.json()["data"][0]["text"], "Call back");

    let asked = crm.asked().await;
    let at: Vec<_> = asked.iter().map(Asked::host).collect();
    assert_eq!(at, [&tokens, &host, &host, &host, &tokens, &host, &host, &host], "{asked:?}");
    assert!(!asked.iter().any(|asked| matches!(asked, Asked::Unintelligible { .. })), "{asked:?}");
}
