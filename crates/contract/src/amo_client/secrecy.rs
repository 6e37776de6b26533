//! Secrets: nowhere but on the wire.

use std::error::Error;

use amo_connect_domain::crm::write::WriteField;

use super::AmoClientHarness;
use super::call::{ACCESS, CODE, Call, REFRESH, TEXT};
use super::calls::answered;
use crate::fake::Reply;
use crate::fixtures::issued;

/// Words of the CRM's that a refusal of ours never repeats.
const ITS_WORDS: &[&str] =
    &["revoked\"", "has been", "Некорректный", "hint", "nginx", "<html", "OAuthProblemJson", "not a valid choice"];

pub(super) async fn no_error_shows_a_secret_or_the_crms_words(harness: &dyn AmoClientHarness) {
    let refusals =
        [Reply::REFUSED_CODES, Reply::REFUSED_GRANTS, Reply::REFUSED_CLIENTS, Reply::OTHER_FAILURES].concat();
    for reply in refusals.into_iter().chain([Reply::Garbled, Reply::Refuses(WriteField::Name)]) {
        for call in Call::every(harness) {
            let Err(error) = answered(harness, call, reply.clone()).await else {
                assert_eq!(call, Call::Locate, "{reply:?}");
                continue;
            };
            let sources = std::iter::successors(error.source(), |error| Error::source(*error));
            let shown = sources.fold(format!("{error} {error:?}"), |all, error| format!("{all} {error} {error:?}"));
            assert_shows_nothing(harness, &shown);
            assert!(!ITS_WORDS.iter().any(|words| shown.contains(words)), "{shown}");
        }
    }
}

pub(super) async fn no_debug_shows_a_secret(harness: &dyn AmoClientHarness) {
    let fresh = format!("{:?} {:#?}", harness.client(), harness.client());
    assert_shows_nothing(harness, &fresh);
    for call in [Call::Exchange, Call::Refresh] {
        answered(harness, call, Reply::Issues(issued("new"))).await.unwrap();
    }
    if Call::every(harness).any(|call| call == Call::Locate) {
        answered(harness, Call::Locate, Reply::Located(harness.host())).await.unwrap();
    }
    let used = format!("{:?} {:#?} {:?}", harness.client(), harness.client(), harness.asked().await);
    assert_shows_nothing(harness, &used);
    for call in Call::WRITES {
        answered(harness, call, call.good_answer(&harness.host())).await.unwrap();
    }
    assert_shows_nothing(harness, &format!("{:?} {:#?}", harness.client(), harness.client()));
}

fn assert_shows_nothing(harness: &dyn AmoClientHarness, shown: &str) {
    let secrets = [CODE, REFRESH, ACCESS, TEXT, "access-new", "refresh-new"].map(str::to_owned);
    for secret in secrets.into_iter().chain(harness.secrets()) {
        assert!(!shown.contains(&secret), "a secret shows in {shown}");
    }
}
