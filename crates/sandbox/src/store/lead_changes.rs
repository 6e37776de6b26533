//! Changing leads: their stage, price and loss reason, and whom a new one is linked with.

use serde_json::Number;

use super::{
    CardDraft, Change, Context, EntityChange, EntityDraft, EntityPlan, FieldError, Kind, LOST, Lead, NewLink, Nullable,
    Permissions, Setting as _, Source, StageRef, Tables, pipeline::is_closed, required_fields,
};
use crate::{FractionalPrice, Reopening};

/// What a request says about a lead; what it does not say stays.
#[derive(Debug, Default)]
pub(crate) struct LeadDraft {
    pub(crate) card: CardDraft,
    /// Its whole part, and all of it if it has a fraction.
    pub(crate) price: Option<(u64, Option<Number>)>,
    pub(crate) pipeline_id: Option<u64>,
    pub(crate) status_id: Option<u64>,
    pub(crate) closed_at: Nullable<u64>,
    pub(crate) loss_reason_id: Nullable<u64>,
    /// Only for a new lead: where it came from, as the integration calls it.
    pub(crate) source: Option<String>,
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

/// The members that only leads have.
struct Own {
    place: Option<StageRef>,
    price: Option<(u64, Option<Number>)>,
    closed_at: Nullable<u64>,
    loss_reason_id: Nullable<u64>,
    source_id: Option<u64>,
}

impl EntityDraft for LeadDraft {
    type Entity = Lead;

    fn card(&self) -> &CardDraft {
        &self.card
    }

    fn change(change: EntityChange<Self>) -> Change {
        Change::Lead(change)
    }

    fn check(
        mut self,
        known: Option<&Lead>,
        tables: &Tables,
        context: &Context<'_>,
        errors: &mut Vec<FieldError>,
    ) -> EntityPlan<Lead> {
        let source = self.find_source(tables, context, errors);
        self.pipeline_id =
            self.pipeline_id.or(source.map(|source| source.pipeline_id).filter(|_| self.status_id.is_none()));
        let links = self.links(&tables.permissions(context.author), errors);
        let now = known.map(|lead| StageRef { pipeline_id: lead.pipeline_id, status_id: lead.status_id });
        let start = || {
            let stage = tables.main_pipeline()?.first_stage()?;
            Some(StageRef { pipeline_id: stage.pipeline_id, status_id: stage.id })
        };
        let place = self.place(now, tables, errors).or_else(|| now.is_none().then(start).flatten());
        if let Nullable::Is(id) = self.loss_reason_id
            && tables.loss_reasons.iter().all(|reason| reason.id != id)
        {
            errors.push(FieldError::not_supported_choice("loss_reason_id"));
        }
        let is_lost = place.is_some_and(|place| place.status_id == LOST && now != Some(place));
        let has_reason =
            matches!(self.loss_reason_id, Nullable::Is(_)) || known.is_some_and(|lead| lead.loss_reason_id.is_some());
        if context.switches.loss_reason_required && is_lost && !has_reason {
            errors.push(FieldError::missing("loss_reason_id"));
        }
        let has_fraction = self.price.as_ref().is_some_and(|(_, exact)| exact.is_some());
        if has_fraction && context.switches.fractional_price == FractionalPrice::Refused {
            errors.push(FieldError::invalid_type("price", "int"));
        }
        let Self { card, price, closed_at, loss_reason_id, .. } = self;
        let own = Own { place, price, closed_at, loss_reason_id, source_id: source.map(|source| source.id) };
        let card = card.check(Kind::Lead, tables, errors);
        if let Some(place) = place.filter(|_| context.switches.required_fields && now != place) {
            required_fields::check(place, (known, &card), &links, tables, errors);
        }
        EntityPlan { card, own: Box::new(|lead, context| own.apply(lead, context)), links }
    }
}

impl LeadDraft {
    /// The source, of which an integration knows its own.
    fn find_source<'t>(
        &self,
        tables: &'t Tables,
        context: &Context<'_>,
        errors: &mut Vec<FieldError>,
    ) -> Option<&'t Source> {
        let external_id = self.source.as_deref()?;
        let mut own = tables.sources.iter().filter(|source| source.is_known_to(context.author));
        let found = own.find(|source| source.external_id == external_id);
        if found.is_none() {
            errors.push(FieldError::not_supported_choice("_embedded.source.external_id"));
        }
        found
    }

    /// Where the lead goes. A stage says of which pipeline it is, except for those of all pipelines;
    /// a pipeline without a stage means its first one.
    fn place(&self, now: Option<StageRef>, tables: &Tables, errors: &mut Vec<FieldError>) -> Option<StageRef> {
        let pipeline = self.pipeline_id.and_then(|id| tables.pipeline(id));
        if pipeline.is_none() && self.pipeline_id.is_some() {
            errors.push(FieldError::not_supported_choice("pipeline_id"));
            return None;
        }
        let stage = match (self.status_id, pipeline) {
            (None, None) => return None,
            (None, Some(pipeline)) if now.is_some_and(|now| now.pipeline_id == pipeline.id) => return None,
            (None, Some(pipeline)) => pipeline.first_stage(),
            (Some(id), Some(pipeline)) => pipeline.stage(id),
            (Some(id), None) => {
                let home = now.and_then(|now| tables.pipeline(now.pipeline_id));
                let first = home.or(tables.main_pipeline()).into_iter().flat_map(|pipeline| &pipeline.stages);
                first.chain(tables.stages()).find(|stage| stage.id == id)
            }
        };
        if stage.is_none() {
            errors.push(FieldError::not_supported_choice("status_id"));
        }
        stage.map(|stage| StageRef { pipeline_id: stage.pipeline_id, status_id: stage.id })
    }

    /// Whom a new lead is linked with; the first contact is the main one unless another is.
    fn links(&self, permissions: &Permissions<'_>, errors: &mut Vec<FieldError>) -> Vec<NewLink> {
        let mut links = Vec::new();
        for (place, contact) in self.contacts.iter().enumerate() {
            if !permissions.may_see(Kind::Contact, contact.id) {
                errors.push(FieldError::not_supported_choice(format!("_embedded.contacts.{place}.id")));
            }
            links.push(NewLink { to: (Kind::Contact, contact.id), is_main: contact.is_main });
        }
        for (place, &id) in self.companies.iter().enumerate() {
            if place > 0 || !permissions.may_see(Kind::Company, id) {
                errors.push(FieldError::not_supported_choice(format!("_embedded.companies.{place}.id")));
            }
            links.push(NewLink { to: (Kind::Company, id), is_main: false });
        }
        links
    }
}

impl Own {
    fn apply(self, lead: &mut Lead, context: &Context<'_>) {
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
        lead.source_id = self.source_id.or(lead.source_id);
        if let Some(price) = self.price {
            (lead.price, lead.exact_price) = price;
        }
    }
}
