//! What each outcome of a redirect means in HTTP and in the deep link.

use amo_connect_domain::usecase::CallbackOutcome;

/// The status code of its answer.
pub fn status(outcome: CallbackOutcome) -> u16 {
    match outcome {
        CallbackOutcome::Connected
        | CallbackOutcome::AwaitingClaim
        | CallbackOutcome::AwaitingOwner
        | CallbackOutcome::WidgetInstall
        | CallbackOutcome::Declined => 200,
        CallbackOutcome::Failed
        | CallbackOutcome::MissingCode
        | CallbackOutcome::LinkExpired
        | CallbackOutcome::InvalidAccountHost
        | CallbackOutcome::InvalidCode => 400,
        CallbackOutcome::TryAgain => 429,
        CallbackOutcome::CrmUnavailable => 502,
        CallbackOutcome::StorageUnavailable => 503,
    }
}

/// What its deep link tells the app, given the `code` and the `state` of the redirect.
pub fn deep_link_parameters<'a>(
    outcome: CallbackOutcome,
    code: Option<&'a str>,
    state: Option<&'a str>,
) -> Vec<(&'static str, &'a str)> {
    let success = (outcome == CallbackOutcome::Connected).then_some(("success", "true"));
    let code = code.filter(|_| is_success(outcome)).map(|code| ("code", code));
    let error = error(outcome).map(|error| ("error", error));
    let state = state.map(|state| ("state", state));
    [success, code, error, state].into_iter().flatten().collect()
}

/// Whether tokens were saved.
pub(super) fn is_success(outcome: CallbackOutcome) -> bool {
    matches!(outcome, CallbackOutcome::Connected | CallbackOutcome::AwaitingClaim | CallbackOutcome::AwaitingOwner)
}

/// Whether loading the page again can mend it.
pub(super) fn is_mendable(outcome: CallbackOutcome) -> bool {
    matches!(outcome, CallbackOutcome::CrmUnavailable | CallbackOutcome::StorageUnavailable | CallbackOutcome::TryAgain)
}

fn error(outcome: CallbackOutcome) -> Option<&'static str> {
    match outcome {
        CallbackOutcome::Connected
        | CallbackOutcome::AwaitingClaim
        | CallbackOutcome::AwaitingOwner
        | CallbackOutcome::WidgetInstall => None,
        CallbackOutcome::Declined => Some("access_denied"),
        CallbackOutcome::Failed => Some("authorization_failed"),
        CallbackOutcome::MissingCode => Some("missing_code"),
        CallbackOutcome::LinkExpired => Some("state_expired"),
        CallbackOutcome::InvalidAccountHost => Some("invalid_account_host"),
        CallbackOutcome::InvalidCode => Some("invalid_code"),
        CallbackOutcome::CrmUnavailable => Some("crm_unavailable"),
        CallbackOutcome::StorageUnavailable => Some("storage_unavailable"),
        CallbackOutcome::TryAgain => Some("try_again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_users_own_connection_says_success_and_only_saved_tokens_bring_the_code() {
        let parameters = |outcome| deep_link_parameters(outcome, Some("c"), Some("s"));
        assert_eq!(parameters(CallbackOutcome::Connected), [("success", "true"), ("code", "c"), ("state", "s")]);
        assert_eq!(parameters(CallbackOutcome::AwaitingClaim), [("code", "c"), ("state", "s")]);
        assert_eq!(parameters(CallbackOutcome::AwaitingOwner), [("code", "c"), ("state", "s")]);
        assert_eq!(parameters(CallbackOutcome::WidgetInstall), [("state", "s")]);
    }

    #[test]
    fn a_failure_brings_its_word_and_the_state_and_never_the_code() {
        for (outcome, word, code) in [
            (CallbackOutcome::Declined, "access_denied", 200),
            (CallbackOutcome::Failed, "authorization_failed", 400),
            (CallbackOutcome::MissingCode, "missing_code", 400),
            (CallbackOutcome::LinkExpired, "state_expired", 400),
            (CallbackOutcome::InvalidAccountHost, "invalid_account_host", 400),
            (CallbackOutcome::InvalidCode, "invalid_code", 400),
            (CallbackOutcome::TryAgain, "try_again", 429),
            (CallbackOutcome::CrmUnavailable, "crm_unavailable", 502),
            (CallbackOutcome::StorageUnavailable, "storage_unavailable", 503),
        ] {
            assert_eq!(deep_link_parameters(outcome, Some("c"), Some("s")), [("error", word), ("state", "s")]);
            assert_eq!(deep_link_parameters(outcome, None, None), [("error", word)]);
            assert_eq!(status(outcome), code, "{outcome:?}");
        }
    }
}
