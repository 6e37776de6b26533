//! The drawer's people: what somebody does at the local amoCRM while the phone's user works.

use amo_connect_sandbox::{AccountInfo, GrantInfo, OpenLead, Sandbox, SandboxError, UserDetails};
use serde_json::json;

use super::baseline::Baseline;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeopleAction {
    AddLead,
    MoveLead,
    TakeRight,
}

use PeopleAction::{AddLead, MoveLead, TakeRight};

impl PeopleAction {
    /// All of them, in the drawer's order.
    pub(super) const ALL: [Self; 3] = [AddLead, MoveLead, TakeRight];

    /// Its code in the URL, and the id of its button.
    pub(super) const fn code(self) -> &'static str {
        match self {
            AddLead => "add-lead",
            MoveLead => "move-lead",
            TakeRight => "take-right",
        }
    }

    /// The text of its button.
    pub(super) const fn label(self) -> &'static str {
        match self {
            AddLead => "A colleague adds a lead",
            MoveLead => "A colleague moves a lead",
            TakeRight => "This user loses the right to read",
        }
    }

    /// What happens then.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            AddLead => "In AMO CRM’s own pages",
            MoveLead => "The newest open one, to its next stage",
            TakeRight => "Of leads; a second click gives it back",
        }
    }

    /// Whether a second click takes it back.
    pub(super) const fn is_toggle(self) -> bool {
        matches!(self, TakeRight)
    }
}

/// Why nothing was done.
pub(super) enum NotDone {
    /// It cannot be, as things are: a code and a sentence.
    Impossible(&'static str, String),
    /// The local amoCRM did not do it.
    Failed(SandboxError),
}

impl From<SandboxError> for NotDone {
    fn from(error: SandboxError) -> Self {
        Self::Failed(error)
    }
}

/// What colleagues add, with prices.
const NEW_LEADS: [(&str, u32); 5] = [
    ("2-room flat, Shevchenko Street 14", 84_000),
    ("House with a garden, Sadova 3", 215_000),
    ("Studio by the station", 39_500),
    ("Office, 120 m², second floor", 148_000),
    ("3-room flat, Lisova 27", 112_000),
];

/// An account, and who in it has connected the phone.
pub(super) struct Scene<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) baseline: &'a Baseline,
    /// As it is now.
    pub(super) account: AccountInfo,
    /// The grant that the service reads with; none if nobody is connected.
    pub(super) grant: Option<GrantInfo>,
}

impl Scene<'_> {
    /// Whether the phone's user may read leads, if one is connected.
    pub(super) fn may_read(&self) -> Result<Option<bool>, SandboxError> {
        let grant = self.grant.as_ref();
        let may = grant.map(|grant| Ok(grant.is_full || self.user_of(grant)?.may_read_leads()));
        may.transpose()
    }

    /// Does it, and says what was done.
    pub(super) fn play(&self, action: PeopleAction) -> Result<String, NotDone> {
        match action {
            AddLead => self.add_lead(),
            MoveLead => self.move_lead(),
            TakeRight => self.take_right(),
        }
    }

    fn add_lead(&self) -> Result<String, NotDone> {
        let colleagues = self.colleagues()?;
        let colleague = colleagues.iter().find(|one| one.may_add_leads());
        let colleague = colleague.ok_or_else(|| self.no_colleague("No colleague may add leads"))?;
        let (name, price) = NEW_LEADS[self.account.leads % NEW_LEADS.len()];
        let mut lead = json!({ "name": name, "price": price });
        // Who sees only their own leads would see nothing of another's.
        let owner = match &self.grant {
            Some(grant) if !grant.is_full => Some(self.user_of(grant)?).filter(|user| user.is_active),
            _ => None,
        };
        if let Some(owner) = &owner {
            lead["responsible_user_id"] = owner.id.get().into();
        }
        self.sandbox.add_lead_as(self.account.id, colleague.id, &lead)?;
        let whose = owner.map(|owner| format!(" for {}", owner.name)).unwrap_or_default();
        Ok(format!("{} added “{name}”{whose}.", colleague.name))
    }

    fn move_lead(&self) -> Result<String, NotDone> {
        let colleagues = self.colleagues()?;
        let seen = self.movable(&colleagues, self.grant.as_ref())?;
        // If the phone shows none of those, it is one that the phone does not show.
        let found = if seen.is_none() { self.movable(&colleagues, None)? } else { seen };
        let (colleague, lead) = found.ok_or_else(|| self.no_colleague("No colleague has an open lead to move"))?;
        let change = json!({ "id": lead.id, "status_id": lead.next_status_id });
        self.sandbox.change_lead_as(self.account.id, colleague.id, &change)?;
        let OpenLead { name, stage, next_stage, .. } = lead;
        Ok(format!("{} moved “{}” from “{stage}” to “{next_stage}”.", colleague.name, shortened(&name)))
    }

    /// The first of `colleagues` who can move a lead, and that lead.
    fn movable<'c>(
        &self,
        colleagues: &'c [UserDetails],
        seen_by: Option<&GrantInfo>,
    ) -> Result<Option<(&'c UserDetails, OpenLead)>, SandboxError> {
        for colleague in colleagues {
            if let Some(lead) = self.sandbox.newest_open_lead(self.account.id, colleague.id, seen_by)? {
                return Ok(Some((colleague, lead)));
            }
        }
        Ok(None)
    }

    fn take_right(&self) -> Result<String, NotDone> {
        let Some(grant) = &self.grant else {
            return Err(NotDone::Impossible("not_connected", format!("Nobody is connected to {}.", self.account.name)));
        };
        let user = self.user_of(grant)?;
        let name = &user.name;
        if grant.is_full || user.is_admin {
            let why = format!("{name} is connected as an administrator, and an administrator may always read.");
            return Err(NotDone::Impossible("administrator", why));
        }
        if user.may_read_leads() {
            let none = json!({ "rights": { "leads": { "view": "D" }, "status_rights": [] } });
            self.sandbox.change_user(self.account.id, user.id, &none)?;
            return Ok(format!("{name} has lost the right to read leads."));
        }
        self.baseline.give_right(self.sandbox, self.account.id, user.id)?;
        Ok(format!("{name} has the right to read leads again."))
    }

    /// Who else can log in to the account.
    fn colleagues(&self) -> Result<Vec<UserDetails>, NotDone> {
        let me = self.grant.as_ref().map(|grant| grant.user);
        let others = self.account.users.iter().filter(|user| Some(user.id) != me);
        let others = others.map(|user| self.sandbox.user(self.account.id, user.id));
        let others = others.collect::<Result<Vec<_>, _>>()?;
        if others.is_empty() { Err(self.no_colleague("Nobody else works")) } else { Ok(others) }
    }

    fn no_colleague(&self, why: &str) -> NotDone {
        NotDone::Impossible("no_colleague", format!("{why} at {}.", self.account.name))
    }

    fn user_of(&self, grant: &GrantInfo) -> Result<UserDetails, SandboxError> {
        self.sandbox.user(self.account.id, grant.user)
    }
}

/// A name that leaves room for the rest of the sentence.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
