//! The local amoCRM on a normal day.

use amo_connect_sandbox::{AccountId, AccountInfo, Faults, Sandbox, SandboxError, Switches, UserDetails, UserId};
use serde_json::json;

/// What *Back to normal* restores: the hosts of the accounts, the switches, and who may read leads.
pub(super) struct Baseline {
    pub(super) homes: Vec<AccountInfo>,
    people: Vec<(AccountId, UserDetails)>,
    pub(super) switches: Switches,
}

impl Baseline {
    /// The present settings of `sandbox`.
    pub(super) fn of(sandbox: &Sandbox) -> Self {
        let homes = sandbox.accounts();
        let ids = homes.iter().flat_map(|account| account.users.iter().map(|user| (account.id, user.id)));
        let people = ids.filter_map(|(account, user)| Some((account, sandbox.user(account, user).ok()?))).collect();
        Self { homes, people, switches: sandbox.switches() }
    }

    /// Undoes all settings, also those set elsewhere. The clock keeps its time, and runs.
    pub(super) fn restore(&self, sandbox: &Sandbox) -> Result<(), SandboxError> {
        sandbox.set_faults(Faults::default())?;
        for account in &self.homes {
            sandbox.set_account_faults(account.id, Faults::default())?;
        }
        sandbox.set_switches(self.switches.clone())?;
        sandbox.freeze_clock(false);
        for (account, user) in self.without_right(sandbox) {
            self.give_right(sandbox, account, user.id)?;
        }
        bring_home(sandbox, &self.homes)
    }

    /// Gives `user` the right to read those leads that they might read at the start, or all of them if
    /// they might read none.
    pub(super) fn give_right(&self, sandbox: &Sandbox, account: AccountId, user: UserId) -> Result<(), SandboxError> {
        let mut at_start = self.people.iter().filter(|(home, known)| (*home, known.id) == (account, user));
        let rights = match at_start.next() {
            Some((_, known)) if known.may_read_leads() && !known.is_admin => {
                let rights = known.rights();
                json!({ "leads": { "view": rights["leads"]["view"] }, "status_rights": rights["status_rights"] })
            }
            _ => json!({ "leads": { "view": "A" } }),
        };
        sandbox.change_user(account, user, &json!({ "rights": rights })).map(drop)
    }

    /// Those who may read no leads now, and might at the start.
    pub(super) fn without_right(&self, sandbox: &Sandbox) -> Vec<(AccountId, UserDetails)> {
        let might = self.people.iter().filter(|(_, known)| known.may_read_leads());
        let now = might.filter_map(|(account, known)| Some((*account, sandbox.user(*account, known.id).ok()?)));
        now.filter(|(_, user)| !user.may_read_leads()).collect()
    }
}

/// Moves every account until it is where it lives. One can stand in another's place, so the
/// round is made as often as there are accounts.
fn bring_home(sandbox: &Sandbox, homes: &[AccountInfo]) -> Result<(), SandboxError> {
    let places = sandbox.hosts().len();
    for account in homes.iter().cycle().take(homes.len() * homes.len()) {
        for _ in 0..places {
            if sandbox.host(account.id)? == account.host {
                break;
            }
            sandbox.move_account(account.id)?;
        }
    }
    Ok(())
}
