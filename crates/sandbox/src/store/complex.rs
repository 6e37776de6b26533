//! A lead that is added with its contact and its company in one change.

use super::{
    CompanyDraft, ContactDraft, ContactRef, Context, EntityDraft, EntityPlan, FieldError, Kind, Lead, LeadDraft,
    NewLink, Refusal, Tables, Written,
    change::Plan,
    entity_changes::{plan_add, written},
    links,
};

/// A lead with the contact and the company that it is linked with.
#[derive(Debug, Default)]
pub(crate) struct ComplexDraft {
    pub(crate) lead: LeadDraft,
    pub(crate) contact: Option<Other<ContactDraft>>,
    pub(crate) company: Option<Other<CompanyDraft>>,
}

/// An entity that a new lead is linked with.
#[derive(Debug)]
pub(crate) enum Other<D> {
    /// It is there already.
    Known(u64),
    New(Box<D>),
}

impl ComplexDraft {
    /// Whether it brings a contact that is not there yet.
    pub(super) const fn has_new_contact(&self) -> bool {
        matches!(self.contact, Some(Other::New(_)))
    }

    pub(super) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let Self { mut lead, contact, company } = self;
        let mut errors = Vec::new();
        let contact = Part::plan(contact, "_embedded.contacts.0", tables, context, &mut errors)?;
        let company = Part::plan(company, "_embedded.companies.0", tables, context, &mut errors)?;
        let known = (contact.known, company.known);
        lead.contacts.extend(known.0.map(|id| ContactRef { id, is_main: true }));
        lead.companies.extend(known.1);
        let mut lead = plan_add(lead, tables, context, &mut errors)?;
        Refusal::of(errors)?;
        Ok(Box::new(move |tables, context| {
            let contact = contact.new.map(|plan| plan.add(tables, context));
            let company = company.new.map(|plan| plan.add(tables, context));
            if let (Some(contact), Some(company)) = (contact, company) {
                links::link(tables, context, (Kind::Contact, contact), (Kind::Company, company), false);
            }
            let contact_link = contact.map(|id| NewLink { to: (Kind::Contact, id), is_main: true });
            let company_link = company.map(|id| NewLink { to: (Kind::Company, id), is_main: false });
            lead.links.extend(contact_link.into_iter().chain(company_link));
            let id = lead.add(tables, context);
            Written { contact_id: contact.or(known.0), company_id: company.or(known.1), ..written::<Lead>(tables, id) }
        }))
    }
}

/// What a new lead is linked with: an entity that is there, one that is planned, or none.
struct Part<E> {
    known: Option<u64>,
    new: Option<EntityPlan<E>>,
}

impl<E> Part<E> {
    /// Checks a new entity; its errors are at `path`.
    fn plan<D: EntityDraft<Entity = E>>(
        other: Option<Other<D>>,
        path: &str,
        tables: &Tables,
        context: &Context<'_>,
        errors: &mut Vec<FieldError>,
    ) -> Result<Self, Refusal> {
        let draft = match other {
            None => return Ok(Self { known: None, new: None }),
            Some(Other::Known(id)) => return Ok(Self { known: Some(id), new: None }),
            Some(Other::New(draft)) => draft,
        };
        let mut own = Vec::new();
        let plan = plan_add(*draft, tables, context, &mut own)?;
        errors.extend(own.into_iter().map(|error| FieldError { path: format!("{path}.{}", error.path), ..error }));
        Ok(Self { known: None, new: Some(plan) })
    }
}
