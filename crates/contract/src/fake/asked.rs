//! What a CRM was asked.

use amo_connect_domain::crm::lead::LeadFilter;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, RefreshToken};

/// One request as it reached the CRM. Its secrets can be compared, and are not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the arguments of the port's methods")]
pub enum Asked {
    /// For a pair, with a code.
    Exchange { host: AccountHost, code: AuthorizationCode },
    /// For the next pair.
    Refresh { host: AccountHost, token: RefreshToken },
    /// For the host where the account of this token answers.
    Locate { host: AccountHost, token: RefreshToken },
    /// For the account's number.
    Account { host: AccountHost, token: AccessToken },
    /// For leads.
    Leads { host: AccountHost, token: AccessToken, filter: LeadFilter },
    /// For one lead.
    Lead { host: AccountHost, token: AccessToken, id: u64 },
    /// For contacts.
    Contacts { host: AccountHost, token: AccessToken, ids: Vec<u64> },
    /// For pipelines.
    Pipelines { host: AccountHost, token: AccessToken },
    /// For something that the CRM cannot make sense of.
    Unintelligible {
        host: AccountHost,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Asked {
    /// Where it was asked.
    pub fn host(&self) -> &AccountHost {
        match self {
            Self::Exchange { host, .. }
            | Self::Refresh { host, .. }
            | Self::Locate { host, .. }
            | Self::Account { host, .. }
            | Self::Leads { host, .. }
            | Self::Lead { host, .. }
            | Self::Contacts { host, .. }
            | Self::Pipelines { host, .. }
            | Self::Unintelligible { host, .. } => host,
        }
    }

    /// Whether it was a token request, which spends what it is sent.
    pub fn is_for_tokens(&self) -> bool {
        matches!(self, Self::Exchange { .. } | Self::Refresh { .. })
    }
}
