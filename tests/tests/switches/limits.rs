//! Positions of the limits, and what our client hears when one is reached.

use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use amo_connect_sandbox::{RateLimitCovers, RateLimitScope, TooMany};
use amo_connect_tests::RIVAL;

use crate::crm::{Crm, Turn};

const RATE_LIMITED: AmoError = AmoError::RateLimited { retry_after: None };

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_the_integrations_or_the_accounts_or_off() {
    let crm = Crm::start().await;
    let issued = crm.connect().await;
    let turns: [(Turn, Option<usize>); 3] = [
        (|switches| switches.rate_limit = 7, Some(7)),
        (
            |switches| {
                switches.rate_limit = 0;
                switches.account_rate_limit = 5;
            },
            Some(5),
        ),
        (|switches| switches.account_rate_limit = 0, None),
    ];
    for (turn, limit) in turns {
        crm.turn(turn);
        crm.second();
        for call in 0..10 {
            let expected = limit.is_some_and(|limit| call >= limit).then_some(RATE_LIMITED);
            assert_eq!(crm.account(&issued).await.err(), expected, "call {call} of {limit:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_limit_is_over_the_limit_in_every_dress() {
    let crm = Crm::start().await;
    let issued = crm.connect().await;
    crm.turn(|switches| switches.rate_limit = 1);
    crm.second();
    crm.account(&issued).await.unwrap();
    for (dress, retry_after) in
        [(TooMany::Html, None), (TooMany::Empty, None), (TooMany::RetryAfter, Some(Duration::from_secs(1)))]
    {
        crm.turn(|switches| switches.too_many = dress);
        let refused = AmoError::RateLimited { retry_after };
        assert_eq!(crm.account(&issued).await, Err(refused), "{dress:?}");
        assert_eq!(crm.refresh(&issued.refresh).await, Err(refused), "{dress:?}");
    }
    crm.second();
    assert!(crm.refresh(&issued.refresh).await.is_ok(), "no refusal has spent the token");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_share_the_integrations_limit_or_do_not() {
    let crm = Crm::start().await;
    let (ours, theirs) = (crm.connect().await, crm.exchange(RIVAL).await.unwrap());
    crm.turn(|switches| switches.rate_limit = 1);
    for (scope, expected) in [(RateLimitScope::Account, None), (RateLimitScope::Integration, Some(RATE_LIMITED))] {
        crm.turn(|switches| switches.rate_limit_scope = scope);
        crm.second();
        crm.account(&ours).await.unwrap();
        let answer = crm.client.account(&crm.host(RIVAL), &theirs.access).await;
        assert_eq!(answer.err(), expected, "{scope:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_requests_count_or_do_not() {
    let crm = Crm::start().await;
    let issued = crm.connect().await;
    crm.turn(|switches| switches.rate_limit = 1);
    for (covers, expected) in [(RateLimitCovers::Everything, Some(RATE_LIMITED)), (RateLimitCovers::Api, None)] {
        crm.turn(|switches| switches.rate_limit_covers = covers);
        crm.second();
        crm.account(&issued).await.unwrap();
        assert_eq!(crm.refresh(&issued.refresh).await.err(), expected, "{covers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_on_over_the_limit_is_banned_or_is_not() {
    for (ban_after, expected) in [(0, RATE_LIMITED), (2, AmoError::Blocked)] {
        let crm = Crm::start().await;
        let issued = crm.connect().await;
        crm.turn(|switches| switches.rate_limit = 1);
        crm.turn(|switches| switches.ban_after = ban_after);
        crm.second();
        crm.account(&issued).await.unwrap();
        for _ in 0..2 {
            assert_eq!(crm.account(&issued).await, Err(RATE_LIMITED));
        }
        assert_eq!(crm.account(&issued).await, Err(expected), "after {ban_after}");
        assert_eq!(crm.refresh(&issued.refresh).await, Err(expected), "after {ban_after}");
    }
}
