//! Reads that amoCRM answers in part, or loses on their way.

use std::time::Duration;

use amo_connect_adapters::amo::{AmoSettings, OauthAmoClient};
use amo_connect_contract::fixtures::{contact, host, issued_in, pipeline, stage, user};
use amo_connect_contract::wire::{CrmServer, Integration};
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, MemoryTokenStore, Reply};
use amo_connect_domain::connection::audit::AuditEvent;
use amo_connect_domain::crm::lead::{AmoLead, LeadPage};
use amo_connect_domain::crm::pipeline::{Pipeline, StageKind};
use amo_connect_domain::host::AllowedHosts;
use amo_connect_domain::host_look_up::LOOK_UP_TERM;
use amo_connect_domain::ports::AuditLog as _;
use amo_connect_tests::{RunningApp, TestApp};
use serde_json::{Value, json};

use crate::{connected, crm, look_ups, problem, refreshes};

pub(crate) fn lead(id: u64, contact: u64) -> AmoLead {
    AmoLead {
        name: Some(format!("Flat {id}")),
        pipeline: Some(3),
        stage: Some(7),
        contact: Some(contact),
        ..AmoLead::numbered(id)
    }
}

fn sales() -> Pipeline {
    pipeline(3, vec![stage(7, StageKind::Open)])
}

/// A CRM with two leads of two guests.
fn agency() -> FakeAmo {
    let account = FakeAccount {
        leads: vec![lead(1, 11), lead(2, 12)],
        contacts: vec![contact(11), contact(12)],
        pipelines: vec![sales()],
        ..FakeAccount::empty(1)
    };
    FakeAmo::new().with_account(&host(1), account)
}

pub(crate) fn listed() -> Reply {
    Reply::Leads(LeadPage { leads: vec![lead(1, 11), lead(2, 12)], has_more: false })
}

/// Olena, whose pipelines are known for the next minute.
pub(crate) async fn with_pipelines_known() -> (FakeAmo, RunningApp, MemoryTokenStore) {
    let amo = agency();
    let (app, store) = connected(&amo).await;
    assert_eq!(app.get("olena", "/pipelines").await.status, 200);
    (amo, app, store)
}

/// What the app is shown of the guests of `/leads`.
pub(crate) async fn guests(app: &RunningApp) -> Vec<[Value; 3]> {
    let page = app.get("olena", "/leads").await;
    assert_eq!(page.status, 200, "{page:?}");
    let leads = page.json()["data"].as_array().unwrap().clone();
    assert!(leads.iter().all(|lead| lead["status"] == "NEW" && lead["name"].is_string()), "{leads:?}");
    leads.iter().map(|lead| ["guestName", "guestPhone", "guestEmail"].map(|name| lead[name].clone())).collect()
}

pub(crate) fn known(number: u64) -> [Value; 3] {
    let contact = contact(number);
    [contact.name.as_deref(), contact.phone(), contact.email()].map(|text| json!(text))
}

pub(crate) fn unknown() -> [Value; 3] {
    [json!(null), json!(null), json!(null)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_read_costs_no_refresh_and_is_no_ban() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    amo.answer_next(Reply::Forbidden);
    assert_eq!(app.get("olena", "/pipelines").await.problem(), (502, "crm_unavailable"));
    assert_eq!((problem(&app).await, refreshes(&amo)), (json!("provider_down"), 0));
    assert_eq!(app.get("olena", "/pipelines").await.status, 200);
    assert_eq!(problem(&app).await, json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_cannot_be_read_cost_their_names_and_not_the_page() {
    for (failure, noted) in [
        (vec![Reply::OddRefusal], json!(null)),
        (vec![Reply::Forbidden], json!(null)),
        (vec![Reply::Fails(500)], json!(null)),
        (vec![Reply::Fails(504)], json!(null)),
        (vec![Reply::Garbled], json!(null)),
        (vec![Reply::NotFound], json!(null)),
        (vec![Reply::Redirects], json!(null)),
        (vec![Reply::Unreachable], json!(null)),
        (vec![Reply::CutBeforeTheDeed; 2], json!(null)),
        // What concerns all calls is told, though the page is served.
        (vec![Reply::TooManyCalls(None)], json!("rate_limited")),
        (vec![Reply::Banned], json!("provider_blocked")),
        (vec![Reply::PaymentRequired], json!("payment_required")),
    ] {
        let amo = agency();
        let (app, _store) = connected(&amo).await;
        assert_eq!(app.get("olena", "/pipelines").await.status, 200);
        amo.answer_next(listed());
        amo.answer_each(failure.iter().cloned());
        assert_eq!(guests(&app).await, [unknown(), unknown()], "{failure:?}");
        assert_eq!(problem(&app).await, noted, "{failure:?}");
        // They were not taken for people who are not there, and the good page clears the problem.
        assert_eq!(guests(&app).await, [known(11), known(12)], "{failure:?}");
        assert_eq!(problem(&app).await, json!(null), "{failure:?}");

        // One alone, and who is known already stays so.
        app.clock().advance(Duration::from_secs(31));
        assert_eq!(app.get("olena", "/leads/2").await.json()["data"]["guestName"], known(12)[0]);
        amo.answer_next(listed());
        amo.answer_each(failure.iter().cloned());
        assert_eq!(guests(&app).await, [unknown(), known(12)], "{failure:?}");
        amo.answer_next(Reply::Lead(lead(1, 11)));
        amo.answer_each(failure.iter().cloned());
        let one = app.get("olena", "/leads/1").await;
        assert_eq!((one.status, &one.json()["data"]["guestName"]), (200, &json!(null)), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_is_refused_for_contacts_is_renewed() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    app.clock().advance(Duration::from_mins(5));
    assert_eq!(app.get("olena", "/pipelines").await.status, 200);
    amo.answer_each([listed(), Reply::AccessRefused]);
    assert_eq!(guests(&app).await, [known(11), known(12)]);
    assert_eq!((refreshes(&amo), problem(&app).await), (1, json!(null)));
}

/// The statuses of the app are made of pipelines: a page without them would say what is not so.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_pipelines_is_refused() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    for (reply, expected) in [(Reply::OddRefusal, (502, "crm_unavailable")), (Reply::Fails(504), (504, "crm_timeout"))]
    {
        amo.answer_next(reply.clone());
        assert_eq!(app.get("olena", "/leads").await.problem(), expected, "{reply:?}");
    }
    assert_eq!(guests(&app).await, [known(11), known(12)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_404_for_one_lead_is_that_lead_if_the_account_has_not_moved() {
    let amo = agency();
    let (app, store) = connected(&amo).await;
    amo.answer_next(Reply::NotFound);
    assert_eq!(app.get("olena", "/leads/404").await.problem(), (404, "lead_not_found"));
    assert_eq!((look_ups(&amo), problem(&app).await), (1, json!(null)));
    assert!(
        store
            .audit(&user("olena"), 10)
            .await
            .unwrap()
            .iter()
            .all(|entry| !matches!(entry.event, AuditEvent::ProblemBegan(_)))
    );

    // Where it is not known whether the account has moved, nothing is said of the lead.
    for (looked_up, expected) in [
        (Reply::Fails(503), (502, "crm_unavailable")),
        (Reply::Silence, (504, "crm_timeout")),
        (Reply::AccessRefused, (502, "crm_unavailable")),
        (Reply::NotFound, (502, "crm_unavailable")),
    ] {
        store.test_clock().advance(LOOK_UP_TERM);
        amo.answer_each([Reply::NotFound, looked_up.clone()]);
        assert_eq!(app.get("olena", "/leads/404").await.problem(), expected, "{looked_up:?}");
    }

    // The lead is here, so that there are no pipelines makes no sense.
    app.clock().advance(Duration::from_mins(2));
    let before = look_ups(&amo);
    amo.answer_each([Reply::Lead(lead(1, 11)), Reply::NotFound]);
    assert_eq!(app.get("olena", "/leads/1").await.problem(), (502, "crm_unavailable"));
    assert_eq!(look_ups(&amo), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_found_where_its_account_is_now_and_with_the_tokens_of_now() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    app.clock().advance(Duration::from_mins(5));
    amo.move_account(&host(1), &host(2));
    amo.answer_each([Reply::NotFound, Reply::Located(host(2)), Reply::AccessRefused]);
    let found = app.get("olena", "/leads/1").await;
    assert_eq!((found.status, refreshes(&amo)), (200, 1), "{found:?}");
    assert_eq!(app.get("olena", "/status").await.data()["domain"], host(2).as_str());
    // There, too, a 404 is that lead.
    amo.answer_next(Reply::NotFound);
    assert_eq!(app.get("olena", "/leads/404").await.problem(), (404, "lead_not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_not_there_is_no_lead_that_is_not() {
    let amo = crm();
    let (app, _store) = connected(&amo).await;
    for path in ["/leads", "/pipelines"] {
        amo.answer_next(Reply::NotFound);
        assert_eq!(app.get("olena", path).await.problem(), (502, "crm_unavailable"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_whose_kept_connection_is_lost_is_sent_once_more_over_a_new_one() {
    let integration = Integration {
        client_id: "id".to_owned(),
        client_secret: "secret".to_owned(),
        redirect_uri: "https://backend.example.com/api/amo-crm/callback".to_owned(),
    };
    let crm = CrmServer::start(integration.clone()).await.unwrap();
    let at = crm.host();
    let client = OauthAmoClient::new(AmoSettings {
        client_id: integration.client_id,
        client_secret: integration.client_secret.into(),
        redirect_uri: integration.redirect_uri,
        auth_url: "https://www.amocrm.ru/oauth".parse().unwrap(),
        allowed_hosts: AllowedHosts::parse(at.as_str()).unwrap(),
        allow_private_addresses: false,
    });
    let store = MemoryTokenStore::new();
    let app = TestApp::new()
        .amo(client.unwrap())
        .store(store.clone())
        .settings(|settings| settings.amo_allowed_hosts = Some(at.to_string()))
        .start()
        .await;
    crm.will(Reply::Issues(issued_in(1, "first"))).await.unwrap();
    app.connect_with("olena", "a-code", at.as_str()).await;

    // Each of the three calls of a page.
    let answers = [Reply::Pipelines(vec![sales()]), listed(), Reply::Contacts(vec![contact(11), contact(12)])];
    for lost in 0..answers.len() {
        app.clock().advance(Duration::from_mins(2));
        let before = crm.asked().len();
        for (place, answer) in answers.iter().enumerate() {
            if place == lost {
                crm.will(Reply::KeptConnectionsLost).await.unwrap();
            }
            crm.will(answer.clone()).await.unwrap();
        }
        assert_eq!(guests(&app).await, [known(11), known(12)], "{lost}");
        assert_eq!(crm.asked().len() - before, 4, "{lost}");
        assert_eq!(problem(&app).await, json!(null), "{lost}");
    }

    // The second loss counts.
    app.clock().advance(Duration::from_mins(2));
    let before = crm.asked().len();
    for _ in 0..2 {
        crm.will(Reply::KeptConnectionsLost).await.unwrap();
    }
    assert_eq!(app.get("olena", "/leads").await.problem(), (502, "crm_unavailable"));
    assert_eq!(crm.asked().len() - before, 2);
    assert_eq!(problem(&app).await, json!("provider_down"));

    // A refresh token is never sent twice.
    app.clock().advance(Duration::from_hours(25));
    let before = crm.asked().len();
    crm.will(Reply::CutBeforeTheDeed).await.unwrap();
    assert_eq!(app.get("olena", "/leads").await.problem(), (502, "crm_unavailable"));
    assert!(matches!(crm.asked().split_off(before)[..], [Asked::Refresh { .. }]));
}
