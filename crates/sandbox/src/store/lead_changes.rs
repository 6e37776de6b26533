//! Adding, changing and deleting leads.

use super::{
    Action, Card, Context, FieldError, Kind, LOST, Lead, Nullable, Permissions, Refusal, Tables, Written,
    card_changes::{CardDraft, CardPlan, TagEdit},
    change::Plan,
    edit,
    pipeline::is_closed,
};
use crate::Reopening;

/// What can be done with leads.
pub(crate) enum LeadChange {
    Add(Box<LeadDraft>),
    Edit {
        id: u64,
        draft: Box<LeadDraft>,
    },
    /// Puts a lead into the bin, or takes it out.
    Delete {
        id: u64,
        is_deleted: bool,
    },
}

impl LeadChange {
    pub(super) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        match self {
            Self::Add(draft) => draft.plan_add(tables, context),
            Self::Edit { id, draft } => draft.plan_edit(id, tables, context),
            Self::Delete { id, is_deleted } => plan_delete(id, is_deleted, tables, context),
        }
    }
}

/// What a request says about a lead; what it does not say stays.
#[derive(Debug, Default)]
pub(crate) struct LeadDraft {
    pub(crate) card: CardDraft,
    pub(crate) price: Option<u64>,
    pub(crate) pipeline_id: Option<u64>,
    pub(crate) status_id: Option<u64>,
    pub(crate) closed_at: Nullable<u64>,
    pub(crate) loss_reason_id: Nullable<u64>,
    /// Only for a new lead: whom it is linked with.
    pub(crate) contacts: Vec<ContactRef>,
    /// Only for a new lead: the company it is linked with.
    pub(crate) companies: Vec<u64>,
}

/// A contact that a new lead is linked with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContactRef {
    pub(crate) id: u64,
    pub(crate) is_main: bool,
}

/// A pipeline and a stage of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    pipeline_id: u64,
    status_id: u64,
}

/// A draft whose members were found to be good.
struct LeadPlan {
    card: CardPlan,
    place: Option<Place>,
    price: Option<u64>,
    closed_at: Nullable<u64>,
    loss_reason_id: Nullable<u64>,
}

impl LeadDraft {
    fn plan_add(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let permissions = tables.permissions(context.author);
        if !permissions.may_add(Kind::Lead) {
            return Err(Refusal::Forbidden);
        }
        let mut errors = Vec::new();
        let links = self.links(&permissions, &mut errors);
        let start = tables.pipelines.iter().find(|pipeline| pipeline.is_main).and_then(|main| main.first_stage());
        let start = start.map(|stage| Place { pipeline_id: stage.pipeline_id, status_id: stage.id });
        let mut plan = self.check(None, tables, &mut errors)?;
        plan.place = plan.place.or(start);
        Ok(Box::new(move |tables, context| {
            let tags = plan.card.tags(Kind::Lead, &mut tables.tags);
            let id = edit::add(tables, context, |id, tables| {
                let mut lead = Lead::blank(Card::blank(id, tables, context));
                plan.apply(&mut lead, tags, tables, context);
                if lead.card.name.is_empty() {
                    lead.card.name = format!("Сделка #{id}");
                }
                lead
            });
            for (other, is_main) in links {
                edit::link(tables, context, (Kind::Lead, id), other, is_main);
            }
            written(tables, id)
        }))
    }

    fn plan_edit(self, id: u64, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let lead = context.find::<Lead>(Action::Edit, id, tables)?;
        let now = Place { pipeline_id: lead.pipeline_id, status_id: lead.status_id };
        let mut plan = self.check(Some(now), tables, &mut Vec::new())?;
        Ok(Box::new(move |tables, context| {
            let tags = plan.card.tags(Kind::Lead, &mut tables.tags);
            edit::edit(tables, context, id, |lead: &mut Lead, tables| plan.apply(lead, tags, tables, context));
            written(tables, id)
        }))
    }

    fn check(self, now: Option<Place>, tables: &Tables, errors: &mut Vec<FieldError>) -> Result<LeadPlan, Refusal> {
        let place = self.place(now, tables, errors);
        if let Nullable::Is(id) = self.loss_reason_id
            && tables.loss_reasons.iter().all(|reason| reason.id != id)
        {
            errors.push(FieldError::not_supported_choice("loss_reason_id"));
        }
        let card = self.card.check(Kind::Lead, tables, errors);
        if !errors.is_empty() {
            return Err(Refusal::Invalid(std::mem::take(errors)));
        }
        let Self { price, closed_at, loss_reason_id, .. } = self;
        Ok(LeadPlan { card, place, price, closed_at, loss_reason_id })
    }

    /// Where the lead goes. A stage says of which pipeline it is, except for those of all pipelines;
    /// a pipeline without a stage means its first one.
    fn place(&self, now: Option<Place>, tables: &Tables, errors: &mut Vec<FieldError>) -> Option<Place> {
        let pipeline = self.pipeline_id.and_then(|id| tables.pipeline(id));
        if pipeline.is_none() && self.pipeline_id.is_some() {
            errors.push(FieldError::not_supported_choice("pipeline_id"));
            return None;
        }
        let stage = match (self.status_id, pipeline) {
            (None, None) => return None,
            (None, Some(pipeline)) if now.is_some_and(|now| now.pipeline_id == pipeline.id) => return None,
            (None, Some(pipeline)) => pipeline.first_stage(),
            (Some(id), Some(pipeline)) => pipeline.stages.iter().find(|stage| stage.id == id),
            (Some(id), None) => {
                let home = now.and_then(|now| tables.pipeline(now.pipeline_id));
                let main = tables.pipelines.iter().find(|pipeline| pipeline.is_main);
                let first = home.or(main).into_iter().flat_map(|pipeline| &pipeline.stages);
                first.chain(tables.stages()).find(|stage| stage.id == id)
            }
        };
        if stage.is_none() {
            errors.push(FieldError::not_supported_choice("status_id"));
        }
        stage.map(|stage| Place { pipeline_id: stage.pipeline_id, status_id: stage.id })
    }

    /// Whom a new lead is linked with; the first contact is the main one unless another is.
    fn links(&self, permissions: &Permissions<'_>, errors: &mut Vec<FieldError>) -> Vec<((Kind, u64), bool)> {
        let mut links = Vec::new();
        for (place, contact) in self.contacts.iter().enumerate() {
            if !permissions.may_see(Kind::Contact, contact.id) {
                errors.push(FieldError::not_supported_choice(format!("_embedded.contacts.{place}.id")));
            }
            links.push(((Kind::Contact, contact.id), contact.is_main));
        }
        for (place, &id) in self.companies.iter().enumerate() {
            if place > 0 || !permissions.may_see(Kind::Company, id) {
                errors.push(FieldError::not_supported_choice(format!("_embedded.companies.{place}.id")));
            }
            links.push(((Kind::Company, id), false));
        }
        links
    }
}

impl LeadPlan {
    fn apply(self, lead: &mut Lead, tags: TagEdit, tables: &Tables, context: &Context<'_>) {
        let was = lead.status_id;
        if let Some(place) = self.place {
            (lead.pipeline_id, lead.status_id) = (place.pipeline_id, place.status_id);
        }
        let forgets = context.switches.reopening == Reopening::Forgets;
        match (is_closed(was), is_closed(lead.status_id)) {
            (false, true) => lead.closed_at = Some(context.now),
            (true, false) if forgets => lead.closed_at = None,
            _ => {}
        }
        if was == LOST && lead.status_id != LOST && forgets {
            lead.loss_reason_id = None;
        }
        self.closed_at.put(&mut lead.closed_at);
        self.loss_reason_id.put(&mut lead.loss_reason_id);
        lead.price = self.price.unwrap_or(lead.price);
        self.card.apply(&mut lead.card, tags, tables.fields.of(Kind::Lead), context);
    }
}

/// Puts a lead into the bin, or takes it out.
fn plan_delete(id: u64, is_deleted: bool, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
    if is_deleted {
        context.find::<Lead>(Action::Delete, id, tables)?;
    }
    if tables.leads.get(id).is_none_or(|lead| lead.card.is_deleted == is_deleted) {
        return Err(Refusal::Missing);
    }
    Ok(Box::new(move |tables, context| {
        edit::edit(tables, context, id, |lead: &mut Lead, _| {
            lead.card.is_deleted = is_deleted;
            lead.card.updated_at = context.now;
            lead.card.updated_by = context.author.user.get();
        });
        written(tables, id)
    }))
}

fn written(tables: &Tables, id: u64) -> Written {
    Written { id, updated_at: tables.leads.get(id).map_or(0, |lead| lead.card.updated_at) }
}
