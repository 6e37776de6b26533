//! What a CRM was asked.

use std::fmt;

use amo_connect_domain::crm::lead::LeadFilter;
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::crm::task::TaskFilter;
use amo_connect_domain::crm::write::{NewLead, Write};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, RefreshToken};

use crate::fingerprint::Fingerprint;

/// One request as it reached the CRM. Its secrets can be compared, and only their fingerprints are shown; of what a user
/// writes nothing is.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the arguments of the port's methods")]
pub enum Asked {
    /// For a pair, with a code.
    Exchange { host: AccountHost, code: AuthorizationCode },
    /// For the next pair.
    Refresh { host: AccountHost, token: RefreshToken },
    /// For the host where the account of this token answers.
    Locate { host: AccountHost, token: RefreshToken },
    /// For the account.
    Account { host: AccountHost, token: AccessToken },
    /// For users.
    Users { host: AccountHost, token: AccessToken, page: PageRequest },
    /// For leads.
    Leads { host: AccountHost, token: AccessToken, filter: LeadFilter },
    /// For one lead.
    Lead { host: AccountHost, token: AccessToken, id: u64 },
    /// For notes of a lead.
    Notes { host: AccountHost, token: AccessToken, lead: u64, page: PageRequest },
    /// For tasks.
    Tasks { host: AccountHost, token: AccessToken, filter: TaskFilter },
    /// For events of a lead.
    Events { host: AccountHost, token: AccessToken, lead: u64, page: PageRequest },
    /// For a note of a lead.
    Note { host: AccountHost, token: AccessToken, lead: u64, id: u64 },
    /// For a task.
    Task { host: AccountHost, token: AccessToken, id: u64 },
    /// For contacts.
    Contacts { host: AccountHost, token: AccessToken, ids: Vec<u64> },
    /// For pipelines.
    Pipelines { host: AccountHost, token: AccessToken },
    /// To do this. A lead has the name that it is to be called by, whether that is its own or its guest's.
    Write { host: AccountHost, token: AccessToken, write: Write },
    /// For something that the CRM cannot make sense of.
    Unintelligible {
        host: AccountHost,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Asked {
    /// `write`, as it is asked for.
    pub fn to_write(host: &AccountHost, token: &AccessToken, write: &Write) -> Self {
        let write = match write {
            Write::Lead(lead) => Write::Lead(NewLead { name: lead.title().map(str::to_owned), ..lead.clone() }),
            write => write.clone(),
        };
        Self::Write { host: host.clone(), token: token.clone(), write }
    }

    /// Where it was asked.
    pub fn host(&self) -> &AccountHost {
        match self {
            Self::Exchange { host, .. }
            | Self::Refresh { host, .. }
            | Self::Locate { host, .. }
            | Self::Account { host, .. }
            | Self::Users { host, .. }
            | Self::Leads { host, .. }
            | Self::Lead { host, .. }
            | Self::Notes { host, .. }
            | Self::Tasks { host, .. }
            | Self::Events { host, .. }
            | Self::Note { host, .. }
            | Self::Task { host, .. }
            | Self::Contacts { host, .. }
            | Self::Pipelines { host, .. }
            | Self::Write { host, .. }
            | Self::Unintelligible { host, .. } => host,
        }
    }

    /// Whether it was a token request, which spends what it is sent.
    pub fn is_for_tokens(&self) -> bool {
        matches!(self, Self::Exchange { .. } | Self::Refresh { .. })
    }

    /// What it was to do, if it was a write.
    pub fn write(&self) -> Option<&Write> {
        match self {
            Self::Write { write, .. } => Some(write),
            _ => None,
        }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = |name: &str, secret: Option<&str>, more: Option<(&str, &dyn fmt::Debug)>| {
            let mut shown = f.debug_struct(name);
            shown.field("host", self.host());
            if let Some(secret) = secret {
                shown.field("secret", &Fingerprint::of(secret));
            }
            if let Some((name, value)) = more {
                shown.field(name, value);
            }
            shown.finish()
        };
        match self {
            Self::Exchange { code, .. } => shown("Exchange", Some(code.expose()), None),
            Self::Refresh { token, .. } => shown("Refresh", Some(token.expose()), None),
            Self::Locate { token, .. } => shown("Locate", Some(token.expose()), None),
            Self::Account { token, .. } => shown("Account", Some(token.expose()), None),
            Self::Users { token, page, .. } => shown("Users", Some(token.expose()), Some(("page", page))),
            Self::Leads { token, filter, .. } => shown("Leads", Some(token.expose()), Some(("filter", filter))),
            Self::Lead { token, id, .. } => shown("Lead", Some(token.expose()), Some(("id", id))),
            Self::Notes { token, lead, page, .. } => {
                shown("Notes", Some(token.expose()), Some(("lead and page", &(lead, page))))
            }
            Self::Tasks { token, filter, .. } => shown("Tasks", Some(token.expose()), Some(("filter", filter))),
            Self::Events { token, lead, page, .. } => {
                shown("Events", Some(token.expose()), Some(("lead and page", &(lead, page))))
            }
            Self::Note { token, lead, id, .. } => {
                shown("Note", Some(token.expose()), Some(("lead and id", &(lead, id))))
            }
            Self::Task { token, id, .. } => shown("Task", Some(token.expose()), Some(("id", id))),
            Self::Contacts { token, ids, .. } => shown("Contacts", Some(token.expose()), Some(("ids", ids))),
            Self::Pipelines { token, .. } => shown("Pipelines", Some(token.expose()), None),
            Self::Write { token, write, .. } => shown("Write", Some(token.expose()), Some(("kind", &write.kind()))),
            Self::Unintelligible { why, .. } => shown("Unintelligible", None, Some(("why", why))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_requests_that_differ_in_a_secret_are_told_apart_without_it() {
        let shown = |code: &str| {
            let (host, code) = (AccountHost::stored("account1.amocrm.ru"), AuthorizationCode::new(code));
            format!("{:?}", Asked::Exchange { host, code })
        };
        assert_ne!(shown("code-one"), shown("code-other"));
        assert!(shown("code-one").contains("secret: #") && !shown("code-one").contains("code-one"));
    }
}
