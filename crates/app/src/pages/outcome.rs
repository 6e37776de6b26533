//! What each outcome of a redirect means in HTTP and in the deep link.

use amo_connect_domain::token::State;
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

/// What its deep link tells the app, given the `code`, the `state` and the account host of the redirect. A code
/// of which nothing was recorded is the app's to bring, with all that the redirect had: except where the state is ours.
/// Nothing ties such a code to its attempt's user yet, and another app that took the link could bring it for its own.
pub fn deep_link_parameters<'a>(
    outcome: CallbackOutcome,
    code: Option<&'a str>,
    state: Option<&'a State>,
    host: Option<&'a str>,
) -> Vec<(&'static str, &'a str)> {
    let is_for_the_app = outcome == CallbackOutcome::TryAgain && code.is_some() && !state.is_some_and(State::is_ours);
    let success = (outcome == CallbackOutcome::Connected).then_some(("success", "true"));
    let error = error(outcome).map(|error| ("error", error));
    let code = code.filter(|_| is_success(outcome) || is_for_the_app).map(|code| ("code", code));
    let state = state.map(|state| ("state", state.expose()));
    let referer = host.filter(|_| is_for_the_app).map(|host| ("referer", host));
    [success, error, code, state, referer].into_iter().flatten().collect()
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
        let state = State::new("s");
        let parameters = |outcome| deep_link_parameters(outcome, Some("c"), Some(&state), Some("h"));
        assert_eq!(parameters(CallbackOutcome::Connected), [("success", "true"), ("code", "c"), ("state", "s")]);
        assert_eq!(parameters(CallbackOutcome::AwaitingClaim), [("code", "c"), ("state", "s")]);
        assert_eq!(parameters(CallbackOutcome::AwaitingOwner), [("code", "c"), ("state", "s")]);
        assert_eq!(parameters(CallbackOutcome::WidgetInstall), [("state", "s")]);
    }

    #[test]
    fn a_failure_brings_its_word_and_the_state_and_no_code_that_was_seen() {
        for (outcome, word, code) in [
            (CallbackOutcome::Declined, "access_denied", 200),
            (CallbackOutcome::Failed, "authorization_failed", 400),
            (CallbackOutcome::MissingCode, "missing_code", 400),
            (CallbackOutcome::LinkExpired, "state_expired", 400),
            (CallbackOutcome::InvalidAccountHost, "invalid_account_host", 400),
            (CallbackOutcome::InvalidCode, "invalid_code", 400),
            (CallbackOutcome::CrmUnavailable, "crm_unavailable", 502),
            (CallbackOutcome::StorageUnavailable, "storage_unavailable", 503),
        ] {
            let state = State::new("s");
            let parameters = deep_link_parameters(outcome, Some("c"), Some(&state), Some("h"));
            assert_eq!(parameters, [("error", word), ("state", "s")]);
            assert_eq!(deep_link_parameters(outcome, None, None, None), [("error", word)]);
            assert_eq!(status(outcome), code, "{outcome:?}");
        }
    }

    #[test]
    fn a_refusal_that_recorded_nothing_brings_all_that_the_app_needs_to_finish() {
        let state = State::new("s");
        let parameters = |code, host| deep_link_parameters(CallbackOutcome::TryAgain, code, Some(&state), host);
        let all = [("error", "try_again"), ("code", "c"), ("state", "s"), ("referer", "h")];
        assert_eq!(parameters(Some("c"), Some("h")), all);
        assert_eq!(parameters(Some("c"), None), all[..3], "the host that is used where none is named");
        assert_eq!(parameters(None, Some("h")), [("error", "try_again"), ("state", "s")]);
        assert_eq!(status(CallbackOutcome::TryAgain), 429);
    }

    #[test]
    fn a_code_of_an_attempt_is_nobodys_to_bring_before_it_is_on_record() {
        let state = State::new("ac1_s");
        let parameters = deep_link_parameters(CallbackOutcome::TryAgain, Some("c"), Some(&state), Some("h"));
        assert_eq!(parameters, [("error", "try_again"), ("state", "ac1_s")]);
    }
}
