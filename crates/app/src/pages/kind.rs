//! What can have happened by the time the browser is back, and what each means in HTTP and in
//! the deep link.

use amo_connect_domain::usecase::CallbackOutcome;

/// What the page reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// The tokens are the user's.
    Connected,
    /// The tokens are saved and wait for their user's claim.
    AwaitingClaim,
    /// The tokens are saved and wait for the app of whoever authorized.
    AwaitingOwner,
    /// An installation from amoCRM's marketplace.
    WidgetInstall,
    /// The user declined.
    Declined,
    /// amoCRM reported another error.
    Failed,
    /// There was no usable code.
    MissingCode,
    /// The link is used up, or too old.
    LinkExpired,
    /// The account host is not amoCRM's.
    InvalidAccountHost,
    /// amoCRM refused the code.
    InvalidCode,
    /// amoCRM did not answer; a reload asks again.
    CrmUnavailable,
    /// Our database did not answer; a reload tries again.
    StorageUnavailable,
    /// Too many calls; a reload tries again.
    TryAgain,
}

impl From<CallbackOutcome> for PageKind {
    fn from(outcome: CallbackOutcome) -> Self {
        match outcome {
            CallbackOutcome::Connected => Self::Connected,
            CallbackOutcome::AwaitingClaim => Self::AwaitingClaim,
            CallbackOutcome::AwaitingOwner => Self::AwaitingOwner,
            CallbackOutcome::WidgetInstall => Self::WidgetInstall,
            CallbackOutcome::Declined => Self::Declined,
            CallbackOutcome::Failed => Self::Failed,
            CallbackOutcome::MissingCode => Self::MissingCode,
            CallbackOutcome::LinkExpired => Self::LinkExpired,
            CallbackOutcome::InvalidAccountHost => Self::InvalidAccountHost,
            CallbackOutcome::InvalidCode => Self::InvalidCode,
            CallbackOutcome::CrmUnavailable => Self::CrmUnavailable,
            CallbackOutcome::StorageUnavailable => Self::StorageUnavailable,
            CallbackOutcome::TryAgain => Self::TryAgain,
        }
    }
}

impl PageKind {
    /// The status code of its answer.
    pub fn status(self) -> u16 {
        match self {
            Self::Connected | Self::AwaitingClaim | Self::AwaitingOwner | Self::WidgetInstall | Self::Declined => 200,
            Self::Failed | Self::MissingCode | Self::LinkExpired | Self::InvalidAccountHost | Self::InvalidCode => 400,
            Self::TryAgain => 429,
            Self::CrmUnavailable => 502,
            Self::StorageUnavailable => 503,
        }
    }

    /// What its deep link tells the app, given the `code` and the `state` of the redirect.
    pub fn deep_link_parameters<'a>(
        self,
        code: Option<&'a str>,
        state: Option<&'a str>,
    ) -> Vec<(&'static str, &'a str)> {
        let success = (self == Self::Connected).then_some(("success", "true"));
        let code = code.filter(|_| self.is_success()).map(|code| ("code", code));
        let error = self.error().map(|error| ("error", error));
        let state = state.map(|state| ("state", state));
        [success, code, error, state].into_iter().flatten().collect()
    }

    /// Whether tokens were saved.
    pub(super) fn is_success(self) -> bool {
        matches!(self, Self::Connected | Self::AwaitingClaim | Self::AwaitingOwner)
    }

    /// Whether loading the page again can mend it.
    pub(super) fn is_mendable(self) -> bool {
        matches!(self, Self::CrmUnavailable | Self::StorageUnavailable | Self::TryAgain)
    }

    fn error(self) -> Option<&'static str> {
        match self {
            Self::Connected | Self::AwaitingClaim | Self::AwaitingOwner | Self::WidgetInstall => None,
            Self::Declined => Some("access_denied"),
            Self::Failed => Some("authorization_failed"),
            Self::MissingCode => Some("missing_code"),
            Self::LinkExpired => Some("state_expired"),
            Self::InvalidAccountHost => Some("invalid_account_host"),
            Self::InvalidCode => Some("invalid_code"),
            Self::CrmUnavailable => Some("crm_unavailable"),
            Self::StorageUnavailable => Some("storage_unavailable"),
            Self::TryAgain => Some("try_again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_users_own_connection_says_success_and_only_saved_tokens_bring_the_code() {
        let parameters = |kind: PageKind| kind.deep_link_parameters(Some("c"), Some("s"));
        assert_eq!(parameters(PageKind::Connected), [("success", "true"), ("code", "c"), ("state", "s")]);
        assert_eq!(parameters(PageKind::AwaitingClaim), [("code", "c"), ("state", "s")]);
        assert_eq!(parameters(PageKind::AwaitingOwner), [("code", "c"), ("state", "s")]);
        assert_eq!(parameters(PageKind::WidgetInstall), [("state", "s")]);
    }

    #[test]
    fn a_failure_brings_its_word_and_the_state_and_never_the_code() {
        for (kind, word, status) in [
            (PageKind::Declined, "access_denied", 200),
            (PageKind::Failed, "authorization_failed", 400),
            (PageKind::MissingCode, "missing_code", 400),
            (PageKind::LinkExpired, "state_expired", 400),
            (PageKind::InvalidAccountHost, "invalid_account_host", 400),
            (PageKind::InvalidCode, "invalid_code", 400),
            (PageKind::TryAgain, "try_again", 429),
            (PageKind::CrmUnavailable, "crm_unavailable", 502),
            (PageKind::StorageUnavailable, "storage_unavailable", 503),
        ] {
            assert_eq!(kind.deep_link_parameters(Some("c"), Some("s")), [("error", word), ("state", "s")]);
            assert_eq!(kind.deep_link_parameters(None, None), [("error", word)]);
            assert_eq!(kind.status(), status, "{kind:?}");
        }
    }
}
