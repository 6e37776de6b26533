//! Why the token endpoint refuses.

/// What is wrong with a request at the token endpoint, as amoCRM tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A parameter is missing or not a string.
    Parameter(&'static str),
    /// The client is unknown, or its secret or redirect URI is not the registered one; also an
    /// account that does not pay.
    Client,
    /// The redirect URI is not the registered one, where a switch tells it apart.
    RedirectUri,
    /// The code was exchanged before.
    CodeSpent,
    /// The code is older than it may be.
    CodeExpired,
    /// It is no code.
    CodeGarbage,
    /// The code was issued to another integration.
    CodeOfAnotherClient,
    /// The refresh token was used, or its grant was revoked.
    RefreshSpent,
    /// The integration was disabled in the account.
    Disabled,
    /// The refresh token is older than it may be.
    RefreshExpired,
    /// It is no refresh token.
    RefreshGarbage,
    /// The refresh token was issued to another integration.
    RefreshOfAnotherClient,
    /// The code or token belongs to an account on another host.
    Account,
    /// The host is nobody's account but the site itself.
    NotAnAccountHost,
}
