//! Standings: what `/status` says of connections, without whose and since when, so that they can be
//! counted.

use super::{ConnectionState, CrmConnection, ProblemCode, ReauthReason};

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// It can be used, unless the problem hinders it.
    Connected(Option<ProblemCode>),
    /// The user has to connect again.
    NeedsReauth(ReauthReason),
    /// An administrator switched the integration off.
    Revoked,
    /// The user ended it.
    Disconnected,
}

impl Standing {
    /// Every standing that a connection can have.
    pub fn all() -> impl Iterator<Item = Self> {
        let problems = ProblemCode::ALL.iter().map(|problem| Self::Connected(Some(*problem)));
        let reasons = ReauthReason::ALL.iter().map(|reason| Self::NeedsReauth(*reason));
        let rest = [Self::Connected(None), Self::Revoked, Self::Disconnected];
        rest.into_iter().chain(problems).chain(reasons)
    }

    /// Whether there are tokens.
    pub fn is_connected(self) -> bool {
        matches!(self, Self::Connected(_))
    }

    /// A stable code for the state, and one for the problem or the reason, if there is one.
    pub fn codes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Connected(problem) => ("connected", problem.map(ProblemCode::code)),
            Self::NeedsReauth(reason) => ("needs_reauth", Some(reason.code())),
            Self::Revoked => ("revoked", None),
            Self::Disconnected => ("disconnected", None),
        }
    }
}

impl CrmConnection {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        match &self.state {
            ConnectionState::Connected(_) => Standing::Connected(self.problem.map(|problem| problem.code)),
            ConnectionState::NeedsReauth { reason, .. } => Standing::NeedsReauth(*reason),
            ConnectionState::Revoked(_) => Standing::Revoked,
            ConnectionState::Disconnected => Standing::Disconnected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_standing_has_its_codes_and_one_has_tokens() {
        for (standing, codes) in [
            (Standing::Connected(None), ("connected", None)),
            (Standing::Connected(Some(ProblemCode::ProviderDown)), ("connected", Some("provider_down"))),
            (Standing::NeedsReauth(ReauthReason::RotationLost), ("needs_reauth", Some("rotation_lost"))),
            (Standing::Revoked, ("revoked", None)),
            (Standing::Disconnected, ("disconnected", None)),
        ] {
            assert_eq!(standing.codes(), codes);
            assert_eq!(standing.is_connected(), codes.0 == "connected", "{standing:?}");
        }
    }
}
