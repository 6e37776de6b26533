//! How the local amoCRM differs from a normal day.

use amo_connect_sandbox::{Faults, Sandbox};

use super::baseline::Baseline;
use super::fault_scenario::FaultScenario;

/// The present state of the local amoCRM.
pub(super) struct Now {
    /// The scenario that lasts, if it is one of the drawer's.
    pub(super) scenario: Option<FaultScenario>,
    /// The state in a line.
    pub(super) line: String,
}

/// The present state, also where it was set elsewhere.
pub(super) fn now(sandbox: &Sandbox, baseline: &Baseline) -> Now {
    let report = sandbox.report();
    let scenario = FaultScenario::ALL.into_iter().find(|one| one.faults().as_ref() == Some(&report.faults));
    let quiet = Faults::default();
    let mut parts: Vec<String> = scenario.iter().map(|one| format!("{}.", one.meaning())).collect();
    let elsewhere = (scenario.is_none() && report.faults != quiet)
        || report.account_faults.values().any(|faults| *faults != quiet)
        || report.switches != baseline.switches
        || report.clock.frozen;
    if elsewhere {
        parts.push("Something was set at /_sandbox.".to_owned());
    }
    let moved = report
        .accounts
        .iter()
        .filter(|now| baseline.homes.iter().any(|home| home.id == now.id && home.host != now.host));
    parts.extend(moved.map(|account| format!("{} answers on {}.", account.name, account.host)));
    let blind = baseline.without_right(sandbox);
    parts.extend(blind.iter().map(|(_, user)| format!("{} may not read leads.", user.name)));
    if parts.is_empty() {
        parts.push("A normal day.".to_owned());
    }
    Now { scenario, line: parts.join(" ") }
}
