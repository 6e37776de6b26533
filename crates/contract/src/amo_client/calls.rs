//! What holds for every call, whatever it asks for.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::AmoError;

use super::AmoClientHarness;
use super::call::Call;
use crate::fake::Reply;

/// Makes `call` against a CRM that answers so. Exactly one request has to reach it, if any can.
pub(super) async fn answered(harness: &dyn AmoClientHarness, call: Call, reply: Reply) -> Result<(), AmoError> {
    let before = harness.asked().await.len();
    let shown = format!("{call:?} answered by {reply:?}");
    let seen = if reply == Reply::Unreachable { vec![] } else { vec![call.seen(harness)] };
    harness.will(reply).await;
    let outcome = call.make(&*harness.client(), &harness.host()).await;
    let asked = harness.asked().await.split_off(before);
    assert_eq!(asked, seen, "{shown}");
    outcome
}

/// Asserts that each of `calls` fails with `error` where the CRM answers with any of `replies`.
pub(super) async fn assert_fail(harness: &dyn AmoClientHarness, calls: &[Call], replies: &[Reply], error: AmoError) {
    for call in calls {
        for reply in replies {
            let outcome = answered(harness, *call, reply.clone()).await;
            assert_eq!(outcome, Err(error), "{call:?} answered by {reply:?}");
        }
    }
}

pub(super) async fn each_call_is_one_request(harness: &dyn AmoClientHarness) {
    for call in Call::every(harness) {
        assert_eq!(answered(harness, call, call.good_answer(&harness.host())).await, Ok(()), "{call:?}");
    }
}

pub(super) async fn no_failure_is_answered_by_a_second_request(harness: &dyn AmoClientHarness) {
    let tempting = [
        Reply::Fails(503),
        Reply::CutBeforeTheDeed,
        Reply::CutWithinTheAnswer,
        Reply::TooManyCalls(Some(Duration::ZERO)),
        Reply::AccessRefused,
        Reply::Garbled,
    ];
    for reply in tempting {
        for call in Call::all() {
            answered(harness, call, reply.clone()).await.unwrap_err();
        }
    }
}

pub(super) async fn a_redirect_is_never_followed(harness: &dyn AmoClientHarness) {
    for call in Call::every(harness) {
        let error = answered(harness, call, Reply::Redirects).await.unwrap_err();
        assert_eq!(error, AmoError::Moved, "{call:?}");
    }
}

pub(super) async fn nothing_is_sent_to_a_host_that_is_not_allowed(harness: &dyn AmoClientHarness) {
    let odd = ["", "www.amocrm.ru", "amocrm.ru", "127.0.0.1:1", "account1.amocrm.ru:8443", "user@account1.amocrm.ru"];
    let hosts = odd.map(AccountHost::stored).into_iter().chain([harness.foreign_host()]);
    for host in hosts {
        for call in Call::every(harness) {
            let refused = call.make_at(&*harness.client(), &host).await;
            assert_eq!(refused, Err(AmoError::HostNotAllowed), "{call:?} to {host}");
        }
    }
    assert_eq!(harness.asked().await, []);
}

pub(super) async fn an_unpaid_account_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::all(), &[Reply::PaymentRequired], AmoError::PaymentRequired).await;
}

pub(super) async fn a_missing_thing_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::all(), &[Reply::NotFound], AmoError::NotFound).await;
}

pub(super) async fn too_many_calls_are_told_apart_with_their_wait(harness: &dyn AmoClientHarness) {
    for retry_after in [None, Some(Duration::from_secs(7))] {
        assert_fail(harness, &Call::all(), &[Reply::TooManyCalls(retry_after)], AmoError::RateLimited { retry_after })
            .await;
    }
}

pub(super) async fn a_ban_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::all(), &[Reply::Banned], AmoError::Blocked).await;
}

pub(super) async fn a_refused_access_token_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::of_the_api(), &[Reply::AccessRefused], AmoError::AccessRefused).await;
}

pub(super) async fn a_missing_right_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::of_the_api(), &[Reply::Forbidden], AmoError::Forbidden).await;
}
