//! How connections stand, by their columns, and how many of each standing there are, as a row of the count.

use amo_connect_domain::connection::{ProblemCode, ReauthReason, Standing};

use super::columns::needed;
use super::connection::CONNECTED;
use super::failure::Failure;

/// The connections that are alike in these columns.
pub(crate) struct StandingRow {
    pub(crate) state: String,
    pub(crate) problem: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) count: i64,
}

impl StandingRow {
    pub(super) fn standing(&self) -> Result<Standing, Failure> {
        standing(&self.state, self.problem.as_deref(), self.reason.as_deref())
    }
}

/// What a connection's own reading says of these columns.
pub(super) fn standing(state: &str, problem: Option<&str>, reason: Option<&str>) -> Result<Standing, Failure> {
    Ok(match state {
        CONNECTED => Standing::Connected(problem.and_then(ProblemCode::from_code)),
        "needs_reauth" => {
            let reason = ReauthReason::from_code(needed(reason)?);
            Standing::NeedsReauth(reason.ok_or(Failure::Corrupt("a reason to connect again is unknown"))?)
        }
        "revoked" => Standing::Revoked,
        "disconnected" => Standing::Disconnected,
        _ => return Err(Failure::Corrupt("a connection's state is unknown")),
    })
}
