//! Why the sandbox did not start or did not do what it was asked.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::{AccountId, FixtureMistakes, UserId};

/// Everything that can go wrong between the sandbox and whoever steers it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// Anyone who reaches the sandbox may log in as anyone, so it stays on this machine.
    #[error(
        "{address} is not a loopback address: the sandbox lets anyone in, so it listens on this \
         machine only unless `allow_non_loopback` is set (`--i-know-this-is-not-amocrm`)"
    )]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The first port leaves no room for those of the other accounts.
    #[error("the sandbox needs {needed} ports in a row from {first}, and there are none after 65535")]
    PortsExhausted {
        /// The first port asked for.
        first: u16,
        /// How many are needed.
        needed: u16,
    },
    /// A port is taken, or may not be used.
    #[error("cannot listen on {address}: {source}; {}choose another with `amo_bind` (`--amo-bind`)", row(*first, *needed))]
    Bind {
        /// The address that failed.
        address: SocketAddr,
        /// The first of the ports.
        first: SocketAddr,
        /// How many ports in a row are needed.
        needed: u16,
        /// What the system said.
        source: io::Error,
    },
    /// What a host is to be called cannot be the name of one, or not of this one.
    #[error("{name:?} cannot be the name of a host here: {detail}")]
    HostName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A file for TLS is missing, or cannot be used.
    #[error("{}: {detail}", file.display())]
    Tls {
        /// The file or folder.
        file: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The server could not be set up on ports that were free.
    #[error("the sandbox's server did not start: {0}")]
    Server(#[source] io::Error),
    /// The integration's redirect URI is not an absolute URL.
    #[error("the redirect URI {uri:?} is not a URL: {source}")]
    RedirectUri {
        /// What was given.
        uri: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// The accounts of a file cannot be as they are.
    #[error(transparent)]
    Fixtures(#[from] FixtureMistakes),
    /// The disconnect hook would leave this machine.
    #[error(
        "the hook {0:?} does not lead to this machine: it goes to a loopback address or localhost only unless \
         `allow_non_loopback` is set (`--i-know-this-is-not-amocrm`)"
    )]
    HookNotLoopback(String),
    /// The machine gave no random bytes.
    #[error("no random bytes for tokens: {0}")]
    Entropy(#[source] getrandom::Error),
    /// The sender of the disconnect hook could not be set up.
    #[error("the sender of the disconnect hook: {0}")]
    HookSender(#[source] reqwest::Error),
    /// No account has this number.
    #[error("no account {0}; those of the sandbox are listed by `GET /_sandbox`")]
    UnknownAccount(AccountId),
    /// The account has no such user.
    #[error("account {account} has no user {user}")]
    UnknownUser {
        /// The account.
        account: AccountId,
        /// The number that none of its users has.
        user: UserId,
    },
    /// No integration has this `client_id`.
    #[error("no integration {0:?}")]
    UnknownIntegration(String),
    /// A fault, a switch or another value that the sandbox does not have or allow.
    #[error("{field}: {detail}")]
    Invalid {
        /// The field, a list's entry with its index.
        field: String,
        /// What is wrong with it.
        detail: String,
    },
    /// There is no host left to move to.
    #[error("no spare host to move to: start the sandbox with `spare_hosts` of at least 1")]
    NoSpareHost,
}

impl SandboxError {
    /// The field of a request that is to blame, where one is.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::UnknownAccount(_) | Self::NoSpareHost => Some("account"),
            Self::UnknownUser { .. } => Some("user"),
            Self::UnknownIntegration(_) => Some("client_id"),
            Self::Invalid { field, .. } => Some(field),
            _ => None,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), detail: detail.into() }
    }
}

fn row(first: SocketAddr, needed: u16) -> String {
    if needed == 1 { String::new() } else { format!("the sandbox takes {needed} ports in a row from {first}, ") }
}
