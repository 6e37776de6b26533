//! What an answer means for who asked.

use amo_connect_domain::crm::account::AmoAccount;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::Issued;

use super::account::page_of;
use super::{Asked, Reply};

impl Reply {
    /// What it is once it is known what was asked.
    pub(crate) fn to(self, asked: &Asked) -> Self {
        match (self, asked) {
            (Self::PageOf(leads), Asked::Leads { filter, .. }) => Self::Leads(page_of(&leads, filter)),
            (Self::Account(number), _) => Self::AccountCard(AmoAccount::numbered(number)),
            (Self::Lead(lead), _) => Self::LeadDetails(lead.into()),
            (reply, _) => reply,
        }
    }

    /// The pair it brings.
    pub(super) fn into_issued(self) -> Option<Issued> {
        match self {
            Self::Issues(issued) | Self::IssuesWithQuotedLife(issued) | Self::IssuesIn(_, issued) => Some(issued),
            _ => None,
        }
    }

    /// Whether it refuses what it is shown, in words.
    fn refuses(&self) -> bool {
        let others: &[Self] = &[Self::OddRefusal, Self::Forbidden];
        let refusals = [Self::REFUSED_CODES, Self::REFUSED_GRANTS, Self::REFUSED_CLIENTS, others];
        refusals.into_iter().flatten().any(|refusal| refusal == self)
    }

    /// Whether the CRM has done what it was asked, though nobody is told.
    pub(super) fn is_lost_after_the_deed(&self) -> bool {
        matches!(
            self,
            Self::CutAfterTheDeed
                | Self::CutWithinTheAnswer
                | Self::Silence
                | Self::Endless
                | Self::Garbled
                | Self::Incomplete
        )
    }

    /// What it means as an answer to `asked`; `None` if it is good news.
    pub(super) fn error(&self, asked: &Asked) -> Option<AmoError> {
        if matches!(asked, Asked::Locate { .. }) && self.refuses() {
            return Some(AmoError::AccessRefused);
        }
        let (for_tokens, is_write) = (asked.is_for_tokens(), asked.write().is_some());
        let either = |of_tokens, of_the_api| Some(if for_tokens { of_tokens } else { of_the_api });
        // A read is asked again; what works once may have been done.
        let lost = |of_reads| Some(if for_tokens || is_write { AmoError::OutcomeUnknown } else { of_reads });
        let refused = |field| if is_write { AmoError::Refused { field } } else { AmoError::Protocol };
        match self {
            Self::Issues(_)
            | Self::IssuesWithQuotedLife(_)
            | Self::IssuesIn(..)
            | Self::Located(_)
            | Self::Account(_)
            | Self::AccountCard(_)
            | Self::Users(_)
            | Self::Leads(_)
            | Self::PageOf(_)
            | Self::Lead(_)
            | Self::LeadDetails(_)
            | Self::DeletedLead(_)
            | Self::Notes(_)
            | Self::Tasks(_)
            | Self::Events(_)
            | Self::Note(_)
            | Self::Task(_)
            | Self::Contacts(_)
            | Self::Pipelines(_)
            | Self::Made(_)
            | Self::Changed
            | Self::Nothing => None,
            Self::CodeUsed | Self::CodeExpired | Self::CodeUnreadable | Self::CodeOfAnotherAccount => {
                Some(if matches!(asked, Asked::Exchange { .. }) { AmoError::CodeRejected } else { refused(None) })
            }
            Self::GrantRevoked | Self::GrantExpired | Self::GrantUnreadable | Self::GrantInvalid => {
                Some(if matches!(asked, Asked::Refresh { .. }) { AmoError::GrantRevoked } else { refused(None) })
            }
            Self::ClientRefused
            | Self::ClientIdMissing
            | Self::RedirectUriUnknown
            | Self::TokenOfAnotherClient
            | Self::HostOfNoAccount => either(AmoError::Misconfigured, refused(None)),
            Self::OddRefusal => Some(refused(None)),
            Self::Refuses(field) => Some(refused(Some(*field))),
            Self::AccessRefused => either(AmoError::Misconfigured, AmoError::AccessRefused),
            Self::Forbidden => either(AmoError::Protocol, AmoError::Forbidden),
            Self::PaymentRequired => Some(AmoError::PaymentRequired),
            Self::NotFound | Self::TargetMissing => Some(AmoError::NotFound),
            Self::TooManyCalls(retry_after) => Some(AmoError::RateLimited { retry_after: *retry_after }),
            Self::Banned => Some(AmoError::Blocked),
            Self::Redirects | Self::Fails(410 | 421) => Some(AmoError::Moved),
            Self::Fails(504) | Self::Silence => lost(AmoError::TimedOut),
            Self::Fails(_) => lost(AmoError::Unavailable),
            Self::CutBeforeTheDeed | Self::CutAfterTheDeed | Self::CutWithinTheAnswer | Self::KeptConnectionsLost => {
                lost(AmoError::ConnectionLost)
            }
            Self::Unreachable => Some(AmoError::Unreachable),
            Self::Endless | Self::Garbled | Self::Incomplete => lost(AmoError::Protocol),
        }
    }
}
