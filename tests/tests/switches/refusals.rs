//! Positions of amoCRM's refusals, and what our client takes each for.

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, Issued, RefreshToken};
use amo_connect_domain::usecase::rate_limited::Urgency;
use amo_connect_sandbox::{DisabledGrant, GarbageRefresh, Unauthorized, WrongRedirectUri};
use amo_connect_tests::ACCOUNT;

use crate::crm::Crm;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_too_old_is_refused_by_either_status() {
    let crm = Crm::start().await;
    assert!(crm.exchange(ACCOUNT).await.is_ok());
    crm.turn(|switches| switches.code_ttl = 0);
    for status in [400, 401] {
        crm.turn(|switches| switches.expired_code_status = status);
        assert_eq!(crm.exchange(ACCOUNT).await, Err(AmoError::CodeRejected), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_redirect_uri_is_the_operators_mistake_however_amocrm_says_it() {
    let crm = Crm::known_as("https://elsewhere.example/api/amo-crm/callback").await;
    for says in [WrongRedirectUri::Client, WrongRedirectUri::NotAssociated] {
        crm.turn(|switches| switches.wrong_redirect_uri = says);
        assert_eq!(crm.exchange(ACCOUNT).await, Err(AmoError::Misconfigured), "{says:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_is_none_ends_the_grant_however_amocrm_says_it() {
    let crm = Crm::start().await;
    let garbage = RefreshToken::new("def50200ab");
    for says in [GarbageRefresh::CannotDecrypt, GarbageRefresh::Invalid] {
        crm.turn(|switches| switches.garbage_refresh = says);
        assert_eq!(crm.refresh(&garbage).await, Err(AmoError::GrantRevoked), "{says:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_is_too_old_ends_the_grant() {
    let crm = Crm::start().await;
    for (seconds, expected) in [(1, None), (0, Some(AmoError::GrantRevoked))] {
        crm.turn(|switches| switches.refresh_ttl = seconds);
        let issued = crm.connect().await;
        assert_eq!(crm.refresh(&issued.refresh).await.err(), expected, "{seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_integration_is_a_dead_grant_or_a_refused_client() {
    let crm = Crm::start().await;
    let issued = crm.connect().await;
    crm.sandbox.disable(ACCOUNT).await.unwrap();
    for (says, expected) in
        [(DisabledGrant::Revoked, AmoError::GrantRevoked), (DisabledGrant::Client, AmoError::Misconfigured)]
    {
        crm.turn(|switches| switches.disabled_grant = says);
        assert_eq!(crm.refresh(&issued.refresh).await, Err(expected), "{says:?}");
        assert_eq!(crm.account(&issued).await, Err(AmoError::AccessRefused), "{says:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_access_token_is_one_with_a_body_and_without() {
    let crm = Crm::start().await;
    let stale = Issued { access: AccessToken::new("stale"), ..crm.connect().await };
    for body in [Unauthorized::Problem, Unauthorized::Empty] {
        crm.turn(|switches| switches.unauthorized = body);
        assert_eq!(crm.account(&stale).await, Err(AmoError::AccessRefused), "{body:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_left_is_never_taken_for_a_dead_grant() {
    let crm = Crm::start().await;
    let issued = crm.connect().await;
    let left = crm.host(ACCOUNT);
    crm.sandbox.move_account(ACCOUNT).unwrap();
    for (status, of_refresh, of_read) in
        [(404, AmoError::NotFound, AmoError::NotFound), (401, AmoError::Misconfigured, AmoError::AccessRefused)]
    {
        crm.turn(|switches| switches.moved_status = status);
        assert_eq!(crm.client.refresh(&left, &issued.refresh, Urgency::Urgent).await, Err(of_refresh), "{status}");
        assert_eq!(crm.client.account(&left, &issued.access).await, Err(of_read), "{status}");
        let found = crm.client.locate(&left, &issued.access, &issued.refresh).await;
        assert_eq!(found.map(|found| found.at.unwrap().host), Ok(crm.host(ACCOUNT)), "{status}");
    }
    assert!(crm.refresh(&issued.refresh).await.is_ok(), "where it lives now, the token is good");
}
