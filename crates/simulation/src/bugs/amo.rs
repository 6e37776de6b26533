//! What a client with a planted bug makes of amoCRM's answers.

use amo_connect_domain::ports::{AmoError, Located};
use amo_connect_domain::token::Issued;

use super::Bug;
use crate::crm::is_odd_answer;

impl Bug {
    /// What it takes the answer to a refresh for.
    pub(crate) fn misread(self, answer: Result<Issued, AmoError>) -> Result<Issued, AmoError> {
        match (self, answer) {
            (Self::UnknownTakenForUnavailable, Err(AmoError::OutcomeUnknown)) => Err(AmoError::Unavailable),
            (Self::BanTakenForDeadGrant, Err(AmoError::Blocked)) => Err(AmoError::GrantRevoked),
            (Self::OddAnswerDropped, Ok(issued)) if is_odd_answer(&issued) => Err(AmoError::OutcomeUnknown),
            (_, answer) => answer,
        }
    }

    /// What it takes the answer to a look-up for.
    pub(crate) fn mislocate(self, located: Located) -> Located {
        let at = located.at.filter(|_| self != Self::MoveTakenForDeadGrant);
        Located { at, by_authority: located.by_authority || self == Self::AuthorityIgnored }
    }
}
