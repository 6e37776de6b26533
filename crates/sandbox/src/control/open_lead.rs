//! Which lead somebody could move on in amoCRM's own pages, and to which stage.

use crate::{
    AccountId, GrantInfo, SandboxError, UserId,
    store::{Action, Author, Lead, Stage, Tables, is_closed},
    world::World,
};

/// A lead that has not ended, where it is and where it goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLead {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The name of its stage.
    pub stage: String,
    /// The number of the stage after that one; after the last ordinary one leads are won.
    pub next_status_id: u64,
    /// The name of that stage.
    pub next_stage: String,
}

impl World {
    /// The newest open lead of those that `user` may change and, where a grant is given, that are read with it.
    pub(crate) fn newest_open_lead(
        &self,
        account: AccountId,
        user: UserId,
        seen_by: Option<&GrantInfo>,
    ) -> Result<Option<OpenLead>, SandboxError> {
        let tables = self.account(account)?.store.read();
        let may_change = tables.permissions(&Author { user, is_full: false, client_id: None });
        let may_see = seen_by.map(|grant| {
            let client_id = Some(grant.client_id.clone());
            tables.permissions(&Author { user: grant.user, is_full: grant.is_full, client_id })
        });
        let fits = |lead: &&Lead| {
            let is_seen = may_see.as_ref().is_none_or(|may_see| may_see.may(Action::View, *lead));
            !lead.card.is_deleted && is_seen && may_change.may(Action::Edit, *lead)
        };
        Ok(tables.leads.rows().iter().rev().filter(fits).find_map(|lead| open(lead, &tables)))
    }
}

/// `lead` with its next stage, unless it has ended or is unsorted.
fn open(lead: &Lead, tables: &Tables) -> Option<OpenLead> {
    let stages = &tables.pipeline(lead.pipeline_id)?.stages;
    let mut from_here = stages.iter().skip_while(|stage| stage.id != lead.status_id);
    let is_open = |stage: &&Stage| stage.kind == 0 && !is_closed(stage.id);
    let (stage, next) = (from_here.next().filter(is_open)?, from_here.next()?);
    Some(OpenLead {
        id: lead.card.id,
        name: lead.card.name.clone(),
        stage: stage.name.clone(),
        next_status_id: next.id,
        next_stage: next.name.clone(),
    })
}
