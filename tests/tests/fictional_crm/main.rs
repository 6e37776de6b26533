//! Another CRM's client: the worked example of `docs/writing-an-adapter.md`, compiled and run.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

mod answers;
mod crm;
mod harbour;
mod harness;
mod page;
mod wire;

use amo_connect_contract::amo_client::AmoClientHarness as _;
use amo_connect_contract::fixtures::issued_in;
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadPage};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage};
use amo_connect_tests::TestApp;
use harness::HarbourHarness;
use serde_json::json;

mod contract {
    amo_connect_contract::amo_client_contract!(super::HarbourHarness);
}

fn deal() -> LeadPage {
    let lead = AmoLead {
        id: 41,
        name: Some("A flat with a view".to_owned()),
        price: Some(12_500_000.into()),
        pipeline: Some(3),
        stage: Some(7),
        responsible_user: None,
        created_at: None,
        updated_at: None,
        contact: Some(77),
    };
    LeadPage { leads: vec![lead], has_more: false }
}

fn board() -> Pipeline {
    let stages = vec![Stage { id: 7, name: "Viewing".to_owned(), sort: 1, is_editable: true, color: None, kind: None }];
    let (is_main, is_unsorted_on, is_archived) = (true, false, false);
    Pipeline { id: 3, name: "Sales".to_owned(), sort: 1, is_main, is_unsorted_on, is_archived, stages }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_runs_on_it_without_knowing() {
    let crm = HarbourHarness::fresh().await;
    let host = crm.host();
    let app = TestApp::new()
        .amo(crm.client.clone())
        .settings(|settings| settings.amo_allowed_hosts = Some(host.to_string()))
        .start()
        .await;

    crm.will(Reply::Issues(issued_in(7, "first"))).await;
    app.connect_with("olena", "a-harbour-code", host.as_str()).await;
    let status = app.get("olena", "/status").await.data();
    assert_eq!((&status["domain"], &status["accountId"]), (&json!(host.as_str()), &json!("7")));

    crm.will(Reply::Pipelines(vec![board()])).await;
    crm.will(Reply::Leads(deal())).await;
    let olha = Contact { id: 77, name: Some("Olha".to_owned()), phone: None, email: None };
    crm.will(Reply::Contacts(vec![olha])).await;
    let lead = &app.get("olena", "/leads").await.json()["data"][0];
    assert_eq!((&lead["amoLeadId"], &lead["guestName"], &lead["status"]), (&json!(41), &json!("Olha"), &json!("NEW")));

    assert!(!crm.asked().await.iter().any(|asked| matches!(asked, Asked::Unintelligible { .. })));
}
