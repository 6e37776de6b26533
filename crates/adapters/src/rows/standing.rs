//! How many connections there are of each standing, as a row of the count.

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
    /// What the connections' own reading says of them.
    pub(super) fn standing(&self) -> Result<Standing, Failure> {
        Ok(match self.state.as_str() {
            CONNECTED => Standing::Connected(self.problem.as_deref().and_then(ProblemCode::from_code)),
            "needs_reauth" => {
                let reason = ReauthReason::from_code(needed(self.reason.as_deref())?);
                Standing::NeedsReauth(reason.ok_or(Failure::Corrupt("a reason to connect again is unknown"))?)
            }
            "revoked" => Standing::Revoked,
            "disconnected" => Standing::Disconnected,
            _ => return Err(Failure::Corrupt("a connection's state is unknown")),
        })
    }
}
