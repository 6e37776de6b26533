//! Looking up where an account answers: the refresh token is shown, and not spent.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, RefreshToken};

use super::AmoClientHarness;
use super::call::{ACCESS, REFRESH};
use crate::fake::{Asked, Reply};
use crate::fixtures::permit;

async fn located(harness: &dyn AmoClientHarness, reply: Reply) -> Result<Option<AccountHost>, AmoError> {
    let before = harness.asked().await.len();
    let reached = reply != Reply::Unreachable;
    harness.will(reply).await;
    let (access, refresh) = (AccessToken::new(ACCESS), RefreshToken::new(REFRESH));
    let (client, host) = (harness.client(), harness.host());
    let locator = client.locator(&host, &access).unwrap();
    let outcome = client.locate(permit(&locator), &access, &refresh).await;
    let asked = harness.asked().await.split_off(before);
    let seen = Asked::Locate { host: locator, token: refresh };
    assert_eq!(asked, if reached { vec![seen] } else { vec![] }, "exactly one request");
    outcome.map(|located| located.at.map(|found| found.host))
}

pub(super) async fn an_account_is_found_where_it_answers(harness: &dyn AmoClientHarness) {
    let here = harness.host();
    assert_eq!(located(harness, Reply::Located(here.clone())).await, Ok(Some(here)));
}

pub(super) async fn a_refused_look_up_finds_nothing(harness: &dyn AmoClientHarness) {
    for reply in
        [Reply::REFUSED_GRANTS, Reply::REFUSED_CLIENTS, &[Reply::AccessRefused, Reply::Forbidden, Reply::NotFound]]
            .concat()
    {
        assert_eq!(located(harness, reply.clone()).await, Ok(None), "{reply:?}");
    }
}

pub(super) async fn a_look_up_that_was_not_answered_is_told_apart(harness: &dyn AmoClientHarness) {
    let retry_after = Some(Duration::from_secs(7));
    for (reply, error) in [
        (Reply::Banned, AmoError::Blocked),
        (Reply::PaymentRequired, AmoError::PaymentRequired),
        (Reply::TooManyCalls(retry_after), AmoError::RateLimited { retry_after }),
        (Reply::Fails(503), AmoError::Unavailable),
        (Reply::Unreachable, AmoError::Unreachable),
        (Reply::CutBeforeTheDeed, AmoError::ConnectionLost),
        (Reply::Silence, AmoError::TimedOut),
        (Reply::Endless, AmoError::Protocol),
        (Reply::Garbled, AmoError::Protocol),
        (Reply::Incomplete, AmoError::Protocol),
        (Reply::Redirects, AmoError::Moved),
        (Reply::Fails(410), AmoError::Moved),
    ] {
        assert_eq!(located(harness, reply.clone()).await, Err(error), "{reply:?}");
    }
}

pub(super) async fn an_account_is_followed_to_no_host_that_is_not_allowed(harness: &dyn AmoClientHarness) {
    for host in [harness.foreign_host(), AccountHost::stored(""), AccountHost::stored("www.amocrm.ru")] {
        assert_eq!(located(harness, Reply::Located(host.clone())).await, Err(AmoError::HostNotAllowed), "{host}");
    }
}
