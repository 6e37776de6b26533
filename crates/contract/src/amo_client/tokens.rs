//! Token requests: a pair, a certain refusal, or doubt.

use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AuthorizationCode, Issued, RefreshToken};

use super::call::{CODE, Call, REFRESH};
use super::calls::{answered, assert_fail};
use super::feature::Feature;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Dress, Reply};
use crate::fingerprint::assert_issued;
use crate::fixtures::{issued, issued_in, permit};

async fn exchanged(harness: &dyn AmoClientHarness, code: &AuthorizationCode) -> Result<Issued, AmoError> {
    let client = harness.client();
    client.exchange(permit(&client.token_host(&harness.host())), code).await
}

async fn refreshed(harness: &dyn AmoClientHarness, token: &RefreshToken) -> Result<Issued, AmoError> {
    let client = harness.client();
    client.refresh(permit(&client.token_host(&harness.host())), token).await
}

/// What both calls buy where the CRM answers `reply`.
async fn bought(harness: &dyn AmoClientHarness, reply: &Reply) -> [Result<Issued, AmoError>; 2] {
    harness.will(reply.clone()).await;
    let exchanged = exchanged(harness, &AuthorizationCode::new(CODE)).await;
    harness.will(reply.clone()).await;
    [exchanged, refreshed(harness, &RefreshToken::new(REFRESH)).await]
}

pub(super) async fn a_code_buys_a_pair_at_its_account(harness: &dyn AmoClientHarness) {
    let code = AuthorizationCode::new("def502_/+=&%20 код");
    let life = Duration::from_secs(86_399);
    let pair = Issued { expires_in: life, ..issued("new") };
    harness.will(Reply::Issues(pair.clone())).await;
    assert_issued(&exchanged(harness, &code).await, &pair, "a code");
    let host = harness.client().token_host(&harness.host());
    assert_eq!(harness.asked().await, [Asked::Exchange { host, code }]);
}

pub(super) async fn a_refresh_token_buys_a_pair_at_its_account(harness: &dyn AmoClientHarness) {
    let token = RefreshToken::new("def502_/+=&%20 токен");
    harness.will(Reply::Issues(issued("new"))).await;
    assert_issued(&refreshed(harness, &token).await, &issued("new"), "a refresh token");
    let host = harness.client().token_host(&harness.host());
    assert_eq!(harness.asked().await, [Asked::Refresh { host, token }]);
}

pub(super) async fn the_account_is_told_with_the_pair(harness: &dyn AmoClientHarness) {
    let pair = issued_in(31_920_194, "new");
    for bought in bought(harness, &Reply::Issues(pair.clone())).await {
        assert_issued(&bought, &names::pair(harness, &pair), "a pair of an account");
    }
}

pub(super) async fn a_host_that_is_named_with_a_pair_is_told(harness: &dyn AmoClientHarness) {
    for named in [harness.host(), harness.foreign_host()] {
        let pair = Issued { host: Some(named.as_str().to_owned()), ..issued("new") };
        for bought in bought(harness, &Reply::Issues(pair.clone())).await {
            assert_issued(&bought, &pair, "a pair with a host: whether it is allowed is the use case's to judge");
        }
    }
}

pub(super) async fn a_life_in_quotes_is_a_life(harness: &dyn AmoClientHarness) {
    for bought in bought(harness, &Reply::IssuesWithQuotedLife(issued("new"))).await {
        assert_issued(&bought, &issued("new"), "a life in quotes");
    }
}

/// Has both calls answered by a pair in each `dress`, and expects it.
async fn assert_kept(harness: &dyn AmoClientHarness, dresses: &[Dress]) {
    for dress in dresses {
        let (pair, before) = (issued_in(31_920_194, "new"), harness.asked().await.len());
        for bought in bought(harness, &Reply::IssuesIn(*dress, pair.clone())).await {
            assert_issued(&bought, &names::pair(harness, &pair), &format!("in {dress:?}"));
        }
        assert_eq!(harness.asked().await.len(), before + 2, "in {dress:?}");
    }
}

pub(super) async fn a_pair_is_kept_under_any_status(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[201, 206, 302, 400, 401, 402, 403, 404, 422, 429, 500, 503].map(Dress::Status)).await;
}

pub(super) async fn a_pair_is_kept_after_a_byte_order_mark(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::ByteOrderMark]).await;
}

pub(super) async fn a_pair_is_kept_between_notices(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::Notices]).await;
}

pub(super) async fn a_pair_is_kept_whose_members_come_twice(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::MembersTwice]).await;
}

pub(super) async fn a_pair_is_kept_in_a_body_that_ends_early(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::EndsEarly]).await;
}

pub(super) async fn a_pair_is_kept_that_came_before_a_reset(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::Reset]).await;
}

pub(super) async fn a_pair_is_kept_in_an_answer_that_stays_open(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::StaysOpen]).await;
}

pub(super) async fn a_pair_is_kept_that_was_compressed_unasked(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::Compressed]).await;
}

pub(super) async fn a_pair_is_kept_under_odd_headers(harness: &dyn AmoClientHarness) {
    assert_kept(harness, &[Dress::OddHeaders]).await;
}

pub(super) async fn the_refresh_token_that_was_sent_makes_no_pair(harness: &dyn AmoClientHarness) {
    let token = RefreshToken::new(REFRESH);
    let old = Issued { refresh: token.clone(), ..issued("new") };
    harness.will(Reply::Issues(old.clone())).await;
    assert_eq!(refreshed(harness, &token).await, Err(AmoError::OutcomeUnknown));
    // A code is compared with nothing.
    harness.will(Reply::Issues(old.clone())).await;
    assert_issued(&exchanged(harness, &AuthorizationCode::new(CODE)).await, &old, "for a code");
}

pub(super) async fn a_refused_code_is_rejected(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &[Call::Exchange], Reply::REFUSED_CODES, AmoError::CodeRejected).await;
}

pub(super) async fn a_refused_refresh_token_is_revoked(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &[Call::Refresh], Reply::REFUSED_GRANTS, AmoError::GrantRevoked).await;
}

/// The refusals of another thing, for a CRM that has words of their own for them.
fn others_of(harness: &dyn AmoClientHarness, refusals: &'static [Reply]) -> &'static [Reply] {
    if harness.lacks().contains(&Feature::RefusalsApart) {
        eprintln!("left out: refusals of the other secret, for the CRM has no {:?}", Feature::RefusalsApart);
        return &[];
    }
    refusals
}

pub(super) async fn nothing_else_rejects_a_code(harness: &dyn AmoClientHarness) {
    let others = [others_of(harness, Reply::REFUSED_GRANTS), Reply::REFUSED_CLIENTS, Reply::OTHER_FAILURES].concat();
    for reply in others {
        let error = answered(harness, Call::Exchange, reply.clone()).await.unwrap_err();
        assert_ne!(error, AmoError::CodeRejected, "{reply:?}");
    }
}

pub(super) async fn nothing_else_revokes_a_grant(harness: &dyn AmoClientHarness) {
    let others = [others_of(harness, Reply::REFUSED_CODES), Reply::REFUSED_CLIENTS, Reply::OTHER_FAILURES].concat();
    for reply in others {
        let error = answered(harness, Call::Refresh, reply.clone()).await.unwrap_err();
        assert_ne!(error, AmoError::GrantRevoked, "{reply:?}");
    }
}

pub(super) async fn a_lost_answer_to_a_code_leaves_its_outcome_unknown(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &[Call::Exchange], Reply::DOUBTS, AmoError::OutcomeUnknown).await;
}

pub(super) async fn a_lost_answer_to_a_refresh_token_leaves_its_outcome_unknown(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &[Call::Refresh], Reply::DOUBTS, AmoError::OutcomeUnknown).await;
}

pub(super) async fn a_host_that_is_not_reached_surely_did_nothing(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::all(), &[Reply::Unreachable], AmoError::Unreachable).await;
}

pub(super) async fn nothing_that_was_sent_surely_did_nothing(harness: &dyn AmoClientHarness) {
    for call in Call::SPENDING {
        for reply in [Reply::DOUBTS, &[Reply::OddRefusal, Reply::Redirects]].concat() {
            let error = answered(harness, call, reply.clone()).await.unwrap_err();
            assert!(
                !matches!(error, AmoError::Unavailable | AmoError::Unreachable),
                "{call:?} answered by {reply:?}: {error:?}"
            );
        }
    }
}

pub(super) async fn an_accused_client_is_misconfigured(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::SPENDING, Reply::REFUSED_CLIENTS, AmoError::Misconfigured).await;
}
