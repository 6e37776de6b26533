//! What one answer, and all calls together, may take of the process.

use std::time::Duration;

use amo_connect_adapters::amo::AmoLimits;
use amo_connect_domain::crm::lead::LeadFilter;
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::ports::{AmoError, CrmApi as _};
use tokio::task::JoinSet;
use tokio::time::{advance, pause, resume};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::bench::{Ask, RudeServer, Then, access, answering, client_with, host, patient_client, permit};

const BUSY: AmoError = AmoError::QueueFull { retry_after: Duration::from_secs(1) };

fn page(list: &str, entries: usize, entry: &str) -> ResponseTemplate {
    let entries = vec![entry; entries].join(",");
    let body = format!(r#"{{"_embedded":{{"{list}":[{entries}]}}}}"#);
    ResponseTemplate::new(200).set_body_raw(body, "application/hal+json")
}

#[tokio::test]
async fn an_answer_of_nothing_but_empty_objects_is_refused_before_anything_is_made_of_it() {
    let server = answering(page("leads", 3_000_000, "{}")).await;
    let client = patient_client(*server.address());
    let leads = client.leads(permit(&host(*server.address())), &access(), &LeadFilter::default()).await;
    assert_eq!(leads, Err(AmoError::Protocol));
}

#[tokio::test]
async fn a_page_has_no_more_entries_than_were_asked_for() {
    let server = answering(page("leads", 300, r#"{"id":1}"#)).await;
    let (client, host) = (patient_client(*server.address()), host(*server.address()));
    let filter = LeadFilter { limit: 7, ..LeadFilter::default() };
    assert_eq!(client.leads(permit(&host), &access(), &filter).await.unwrap().leads.len(), 7);
    let server = answering(page("users", 300, r#"{"id":1}"#)).await;
    let (client, host) = (patient_client(*server.address()), crate::bench::host(*server.address()));
    let asked = PageRequest { page: 1, limit: 9 };
    assert_eq!(client.users(permit(&host), &access(), asked).await.unwrap().items.len(), 9);
    let server = answering(page("contacts", 300, r#"{"id":1}"#)).await;
    let (client, host) = (patient_client(*server.address()), crate::bench::host(*server.address()));
    assert_eq!(client.contacts(permit(&host), &access(), &[1, 2]).await.unwrap().len(), 2);
}

/// A silent amoCRM holds on to what it is asked, and the next call is told so at once. Reads leave room for tokens.
#[tokio::test]
async fn calls_beyond_the_budget_are_not_sent_and_reads_leave_room_for_token_requests() {
    let server = RudeServer::start("", Then::Hang).await;
    let limits = AmoLimits { calls: 8, ..AmoLimits::default() };
    let client = std::sync::Arc::new(client_with(&server.address.to_string(), limits));
    let host = host(server.address);
    let (mut reads, budgets) = (JoinSet::new(), client.budgets());
    for _ in 0..6 {
        let (client, host) = (std::sync::Arc::clone(&client), host.clone());
        reads.spawn(async move { client.account(permit(&host), &access()).await.err() });
    }
    while budgets.api.usage().calls < 6 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.account(permit(&host), &access()).await.err(), Some(BUSY));
    assert_eq!(budgets.api.usage().refused_calls, 1);
    while server.requests() < 6 {
        tokio::task::yield_now().await;
    }

    let refresh = {
        let (client, host) = (std::sync::Arc::clone(&client), host.clone());
        tokio::spawn(async move { Ask::Refresh.of(&client, &host).await.err() })
    };
    while server.requests() < 7 {
        tokio::task::yield_now().await;
    }
    refresh.abort();
    reads.abort_all();
    while reads.join_next().await.is_some() {}
    assert_eq!(budgets.api.usage().calls, 0, "who goes away gives back what they had");
}

/// So many seconds pass, though nothing is waited for.
async fn pass(seconds: u64) {
    pause();
    advance(Duration::from_secs(seconds)).await;
    resume();
}

#[tokio::test]
async fn a_host_that_answers_nothing_for_five_seconds_has_few_calls_until_it_does() {
    let server = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_mins(10));
    Mock::given(path("/api/v4/account")).respond_with(late).mount(&server).await;
    Mock::given(path("/api/v4/leads")).respond_with(page("leads", 1, r#"{"id":1}"#)).mount(&server).await;
    let (client, host) = (std::sync::Arc::new(patient_client(*server.address())), host(*server.address()));
    let leads =
        async || client.leads(permit(&host), &access(), &LeadFilter::default()).await.map(|page| page.leads.len());
    let mut unanswered = JoinSet::new();
    for _ in 0..8 {
        let (client, host) = (std::sync::Arc::clone(&client), host.clone());
        unanswered.spawn(async move { client.account(permit(&host), &access()).await.err() });
    }
    while client.budgets().api.usage().calls < 8 {
        tokio::task::yield_now().await;
    }
    pass(4).await;
    assert_eq!(leads().await, Ok(1));
    pass(4).await;
    assert_eq!(leads().await, Ok(1), "its last answer is four seconds old");
    pass(5).await;
    assert_eq!(leads().await, Err(BUSY));
    let usage = client.budgets().api.usage();
    assert_eq!((usage.refused_to_silent_hosts, usage.refused_calls), (1, 0));
    unanswered.abort_all();
    while unanswered.join_next().await.is_some() {}
    assert_eq!(leads().await, Ok(1), "eight may be under way");
}
