//! The drawer's fault scenarios: each sets controls of the local amoCRM.

use amo_connect_sandbox::{AccountId, AccountInfo, Failure, Faults, HookOutcome, Sandbox, SandboxError};

use super::baseline::Baseline;

/// How long an answer takes in [`Slow`]. A page of leads takes three calls, which is within the
/// service's timeout.
const SLOW_MS: u64 = 4_000;

/// A fault scenario, or the end of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultScenario {
    Slow,
    Down,
    Banned,
    Limit,
    Lost,
    Unheard,
    Expired,
    Revoked,
    Moved,
    Normal,
}

use FaultScenario::{Banned, Down, Expired, Limit, Lost, Moved, Normal, Revoked, Slow, Unheard};

impl FaultScenario {
    /// All of them, in the drawer's order.
    pub(super) const ALL: [Self; 10] = [Slow, Down, Banned, Limit, Lost, Unheard, Expired, Revoked, Moved, Normal];

    /// Its code in the URL.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Slow => "slow",
            Down => "down",
            Banned => "banned",
            Limit => "limit",
            Lost => "lost",
            Unheard => "unheard",
            Expired => "expired",
            Revoked => "revoked",
            Moved => "moved",
            Normal => "normal",
        }
    }

    /// The text of its button.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Slow => "Slow",
            Down => "Down",
            Banned => "Banned",
            Limit => "Limit reached",
            Lost => "Answer lost",
            Unheard => "All answers lost",
            Expired => "Access token expired",
            Revoked => "Access revoked",
            Moved => "Account moved",
            Normal => "Back to normal",
        }
    }

    /// What amoCRM does then.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Slow => "Every answer takes 4 seconds",
            Down => "Every call of the service gets a 503",
            Banned => "Every call of the service gets a 403, an HTML page",
            Limit => "Every call of the service gets a 429",
            Lost => "The next token answer is lost after the token was rotated",
            Unheard => "Every call of the API is done, and its answer is lost",
            Expired => "The refresh token is still good",
            Revoked => "An administrator switches the integration off, and the hook is sent",
            Moved => "It answers on another address",
            Normal => "What has ended stays ended",
        }
    }

    /// Whether it lasts until it is ended.
    pub(super) fn lasts(self) -> bool {
        self.faults().is_some()
    }

    /// What the local amoCRM is told, of a scenario that lasts.
    pub(super) fn faults(self) -> Option<Faults> {
        let every = |failure| Faults { token_outage: Some(failure), api_outage: Some(failure), ..Faults::default() };
        match self {
            Slow => Some(Faults { latency_ms: SLOW_MS, ..Faults::default() }),
            Down => Some(every(Failure::Status(503))),
            Banned => Some(every(Failure::Html403)),
            Limit => Some(every(Failure::Status(429))),
            Lost => Some(Faults { fail_token: vec![Failure::DropAfter], ..Faults::default() }),
            Unheard => Some(Faults { api_outage: Some(Failure::DropAfter), ..Faults::default() }),
            Expired | Revoked | Moved | Normal => None,
        }
    }
}

/// Starts `scenario` for `account`, or for everyone if it concerns amoCRM itself. Returns a sentence
/// about its effect where [`super::now`] does not show it.
pub(super) async fn start(
    scenario: FaultScenario,
    sandbox: &Sandbox,
    baseline: &Baseline,
    account: &AccountInfo,
) -> Result<Option<String>, SandboxError> {
    let name = &account.name;
    if let Some(faults) = scenario.faults() {
        sandbox.set_faults(faults)?;
    }
    Ok(Some(match scenario {
        Slow | Down | Banned | Limit | Unheard => return Ok(None),
        Expired => expired(sandbox.expire_access(account.id)?, name),
        // The answer is missed at the next refresh, and an expired token asks for one.
        Lost => format!("{} The next token answer gets lost.", expired(sandbox.expire_access(account.id)?, name)),
        Revoked => {
            let ended = grants_of(sandbox, account.id);
            let hook = sandbox.disable(account.id).await?;
            format!("{} of {name} ended. {}", counted(ended, "grant"), hook_outcome(hook))
        }
        Moved => {
            sandbox.move_account(account.id)?;
            return Ok(None);
        }
        Normal => {
            baseline.restore(sandbox)?;
            format!("{}.", scenario.meaning())
        }
    }))
}

fn expired(ended: usize, name: &str) -> String {
    match ended {
        0 => format!("Nobody is connected to {name}, so no access token ended."),
        ended => format!("The access token of {} of {name} ended.", counted(ended, "grant")),
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn hook_outcome(hook: HookOutcome) -> String {
    match (hook.attempts, hook.status) {
        (0, _) => "No hook was sent.".to_owned(),
        (_, Some(status)) => format!("The hook was answered with {status}."),
        (_, None) => "The hook was not answered.".to_owned(),
    }
}

fn grants_of(sandbox: &Sandbox, account: AccountId) -> usize {
    sandbox.grants().iter().filter(|grant| grant.account == account).count()
}
