//! Adding unsorted leads, and deciding about them.

use serde_json::{Map, Value};

use super::{Category, Fate, Unsorted, call};
use crate::{
    UserId,
    store::{
        Action, CardDraft, ComplexDraft, Contact, Context, EntityChange, FieldError, Kind, Lead, LeadDraft, Pipeline,
        Refusal, Tables, Written,
        change::Plan,
        edit,
        feed::{ChangeKind, Snapshot},
        links,
    },
};

/// What can be done with unsorted leads.
pub(crate) enum UnsortedChange {
    Add(Box<UnsortedDraft>),
    /// Makes it a lead like any other, of this user and in this stage.
    Accept {
        id: u64,
        user_id: Option<u64>,
        status_id: Option<u64>,
    },
    /// Puts the lead and the contacts that came with it into the bin.
    Decline {
        id: u64,
        user_id: Option<u64>,
    },
    /// Puts what came to an entity that is there; the lead goes to the bin.
    Link {
        id: u64,
        user_id: Option<u64>,
        to: (Kind, u64),
    },
}

/// What a request says about an unsorted lead.
#[derive(Debug)]
pub(crate) struct UnsortedDraft {
    pub(crate) category: Category,
    pub(crate) source_uid: String,
    pub(crate) source_name: String,
    pub(crate) pipeline_id: Option<u64>,
    pub(crate) created_at: Option<u64>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) entities: ComplexDraft,
    /// Where in the item its lead is: `_embedded.leads.0.`, or nowhere else if the item is the lead.
    pub(crate) lead_path: &'static str,
}

impl UnsortedChange {
    pub(in crate::store) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        match self {
            Self::Add(draft) => draft.plan(tables, context),
            Self::Accept { id, user_id, status_id } => accept(id, user_id, status_id, tables, context),
            Self::Decline { id, user_id } => {
                waiting(id, tables, context)?;
                check_user(user_id, tables)?;
                Ok(Box::new(move |tables, context| {
                    let Some(row) = tables.unsorted.get(id).cloned() else { return Written::default() };
                    for &contact in &row.new_contacts {
                        edit::edit(tables, context, contact, |contact: &mut Contact, _| contact.card.discard(context));
                    }
                    edit::edit(tables, context, row.lead, |lead: &mut Lead, _| lead.card.discard(context));
                    decide(row, Fate::Declined, tables, context)
                }))
            }
            Self::Link { id, user_id, to } => {
                let row = waiting(id, tables, context)?;
                check_user(user_id, tables)?;
                let mut errors = Vec::new();
                if !row.category.can_be_linked() {
                    errors.push(FieldError::not_supported_choice("uid"));
                }
                if !tables.permissions(context.author).may_see(to.0, to.1) {
                    errors.push(FieldError::not_supported_choice("link.entity_id"));
                }
                Refusal::of(errors)?;
                Ok(Box::new(move |tables, context| {
                    let Some(row) = tables.unsorted.get(id).cloned() else { return Written::default() };
                    for &contact in row.contacts.iter().filter(|_| to.0 != Kind::Contact) {
                        links::link(tables, context, to, (Kind::Contact, contact), false);
                    }
                    edit::edit(tables, context, row.lead, |lead: &mut Lead, _| lead.card.discard(context));
                    decide(row, Fate::Linked(to.0, to.1), tables, context)
                }))
            }
        }
    }
}

impl UnsortedDraft {
    /// The lead, its contact and its company are added as everywhere, but the lead is in the stage
    /// of the unsorted.
    fn plan(mut self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let pipeline = match self.pipeline_id.or(self.entities.lead.pipeline_id) {
            Some(id) => tables.pipeline(id),
            None => tables.main_pipeline(),
        };
        let stage = pipeline.and_then(Pipeline::unsorted_stage);
        let Some(stage) = stage else {
            return Err(Refusal::not_supported("pipeline_id"));
        };
        let lead = &mut self.entities.lead;
        (lead.pipeline_id, lead.status_id) = (Some(stage.pipeline_id), Some(stage.id));
        let pipeline_id = stage.pipeline_id;
        let is_new_contact = self.entities.has_new_contact();
        let lead_path = self.lead_path;
        let plan = self.entities.plan(tables, context).map_err(|refusal| below(lead_path, refusal))?;
        let Self { category, source_uid, source_name, created_at, metadata, .. } = self;
        Ok(Box::new(move |tables, context| {
            let written = plan(tables, context);
            let contacts: Vec<_> = written.contact_id.into_iter().collect();
            let row = Unsorted {
                id: tables.unsorted.next_id(),
                category,
                source_uid,
                source_name,
                pipeline_id,
                created_at: created_at.unwrap_or(context.now),
                updated_at: context.now,
                metadata,
                lead: written.id,
                new_contacts: if is_new_contact { contacts.clone() } else { Vec::new() },
                contacts,
                companies: written.company_id.into_iter().collect(),
                fate: Fate::Waits,
            };
            let unsorted_id = Some(row.id);
            tell(&row, ChangeKind::Add, tables, context);
            tables.unsorted.push(row);
            Written { unsorted_id, ..written }
        }))
    }
}

/// A refusal whose errors are those of the lead, except for those of what came with it.
fn below(path: &str, refusal: Refusal) -> Refusal {
    let Refusal::Invalid(errors) = refusal else { return refusal };
    let is_other = |error: &FieldError| {
        ["_embedded.contacts", "_embedded.companies"].into_iter().any(|other| error.path.starts_with(other))
    };
    let place = |error: FieldError| {
        let path = if is_other(&error) { error.path.clone() } else { format!("{path}{}", error.path) };
        FieldError { path, ..error }
    };
    Refusal::Invalid(errors.into_iter().map(place).collect())
}

/// The one with this id, if it waits and the author may change its lead.
fn waiting<'t>(id: u64, tables: &'t Tables, context: &Context<'_>) -> Result<&'t Unsorted, Refusal> {
    let row = tables.unsorted.get(id).filter(|row| row.waiting_lead(tables).is_some()).ok_or(Refusal::Missing)?;
    context.find::<Lead>(Action::Edit, row.lead, tables)?;
    Ok(row)
}

/// 0 is nobody in particular.
fn check_user(user_id: Option<u64>, tables: &Tables) -> Result<(), Refusal> {
    let is_good = |id| id == 0 || tables.user(UserId::from(id)).is_some_and(|user| user.is_active);
    match user_id {
        Some(id) if !is_good(id) => Err(Refusal::not_supported("user_id")),
        _ => Ok(()),
    }
}

fn accept(
    id: u64,
    user_id: Option<u64>,
    status_id: Option<u64>,
    tables: &Tables,
    context: &Context<'_>,
) -> Result<Plan, Refusal> {
    let row = waiting(id, tables, context)?;
    check_user(user_id, tables)?;
    let pipeline = tables.pipeline(row.pipeline_id);
    let stage = match status_id {
        None => pipeline.and_then(Pipeline::first_stage),
        Some(id) => {
            let home = pipeline.into_iter().flat_map(|pipeline| &pipeline.stages);
            home.chain(tables.stages()).find(|stage| stage.id == id && !stage.is_unsorted())
        }
    };
    let Some(stage) = stage else {
        return Err(Refusal::not_supported("status_id"));
    };
    let draft = LeadDraft {
        card: CardDraft { responsible_user_id: user_id.filter(|&id| id != 0), ..CardDraft::default() },
        pipeline_id: Some(stage.pipeline_id),
        status_id: Some(stage.id),
        ..LeadDraft::default()
    };
    let plan = EntityChange::Edit { id: row.lead, draft: Box::new(draft) }.plan(tables, context)?;
    Ok(Box::new(move |tables, context| {
        let Some(row) = tables.unsorted.get(id).cloned() else { return Written::default() };
        plan(tables, context);
        call::note(&row, tables, context);
        decide(row, Fate::Accepted, tables, context)
    }))
}

/// Writes down what became of `row`; to webhooks it is gone.
fn decide(row: Unsorted, fate: Fate, tables: &mut Tables, context: &Context<'_>) -> Written {
    let row = Unsorted { fate, updated_at: context.now, ..row };
    tell(&row, ChangeKind::Delete, tables, context);
    let written = Written { id: row.id, updated_at: row.updated_at, ..Written::default() };
    tables.unsorted.replace(row);
    written
}

/// Tells webhooks that a lead was changed which nobody has decided about yet.
pub(in crate::store) fn lead_changed(lead: u64, tables: &mut Tables, context: &Context<'_>) {
    // Most leads are elsewhere, and the table of the unsorted may be long.
    if tables.leads.live(lead).is_none_or(|lead| !lead.is_unsorted(tables)) {
        return;
    }
    let waits = |row: &&Unsorted| row.lead == lead && row.fate == Fate::Waits;
    let Some(row) = tables.unsorted.iter().find(waits).cloned() else { return };
    let row = Unsorted { updated_at: context.now, ..row };
    tell(&row, ChangeKind::Update, tables, context);
    tables.unsorted.replace(row);
}

/// Tells webhooks.
fn tell(row: &Unsorted, kind: ChangeKind, tables: &mut Tables, context: &Context<'_>) {
    let snapshot = Snapshot::Unsorted(Box::new(row.clone()));
    tables.feed.add(context, snapshot, None, vec![kind], Vec::new());
}
