//! Links between entities: both sides have them.

use super::{
    Action, Author, Card, Company, Contact, Context, FieldError, Kind, Lead, Refusal, Tables, Written, change::Plan,
    edit,
};
use crate::UserId;

/// A link that is made or ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkChange {
    pub(crate) from: (Kind, u64),
    pub(crate) to: (Kind, u64),
    /// Whether it is there afterwards.
    pub(crate) is_linked: bool,
    /// Whether the contact becomes the main one of the lead.
    pub(crate) is_main: bool,
    /// Who does it instead of the author of the request.
    pub(crate) updated_by: Option<u64>,
}

impl LinkChange {
    pub(super) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let permissions = tables.permissions(context.author);
        match permissions.may_with(Action::Edit, self.from) {
            None => return Err(Refusal::Missing),
            Some(false) => return Err(Refusal::Forbidden),
            Some(true) => {}
        }
        let mut errors = Vec::new();
        if self.to.0 == self.from.0 {
            errors.push(FieldError::not_supported_choice("to_entity_type"));
        } else if !permissions.may_see(self.to.0, self.to.1) {
            errors.push(FieldError::not_supported_choice("to_entity_id"));
        }
        if self.updated_by.is_some_and(|user| user != 0 && !tables.is_active_user(user)) {
            errors.push(FieldError::not_supported_choice("metadata.updated_by"));
        }
        Refusal::of(errors)?;
        Ok(Box::new(move |tables, context| {
            let user = self.updated_by.map_or(context.author.user, UserId::from);
            let author = Author { user, ..context.author.clone() };
            let context = &Context { author: &author, ..*context };
            if self.is_linked {
                link(tables, context, self.from, self.to, self.is_main);
            } else {
                unlink(tables, context, self.from, self.to);
            }
            let updated_at = tables.card(self.from).map_or(0, |card| card.updated_at);
            Written { id: self.from.1, updated_at, ..Written::default() }
        }))
    }
}

/// Links two entities; both sides have it. The main contact of a lead is its first. A lead and a
/// contact have one company: another one takes its place.
pub(super) fn link(tables: &mut Tables, context: &Context<'_>, one: (Kind, u64), other: (Kind, u64), is_main: bool) {
    for (owner, company) in [(one, other), (other, one)] {
        if company.0 == Kind::Company {
            let others = tables.card(owner).map_or(Vec::new(), |card| card.links.companies.clone());
            for id in others.into_iter().filter(|&id| id != company.1) {
                unlink(tables, context, owner, (Kind::Company, id));
            }
        }
    }
    for (from, to) in [(one, other), (other, one)] {
        let is_main = is_main && (from.0, to.0) == (Kind::Lead, Kind::Contact);
        let is_there = |card: &Card| card.is_linked(to) && !(is_main && card.links.contacts.first() != Some(&to.1));
        if !tables.card(from).is_some_and(is_there) {
            edit_card(tables, context, from, |card| card.link(to, is_main));
        }
    }
}

/// Ends the link of two entities, if there is one.
fn unlink(tables: &mut Tables, context: &Context<'_>, one: (Kind, u64), other: (Kind, u64)) {
    for (from, to) in [(one, other), (other, one)] {
        if tables.card(from).is_some_and(|card| card.is_linked(to)) {
            edit_card(tables, context, from, |card| card.unlink(to));
        }
    }
}

/// Lets `change` change the card of an entity of any kind.
fn edit_card(tables: &mut Tables, context: &Context<'_>, entity: (Kind, u64), change: impl FnOnce(&mut Card)) {
    let (kind, id) = entity;
    match kind {
        Kind::Lead => edit::edit(tables, context, id, |lead: &mut Lead, _| change(&mut lead.card)),
        Kind::Contact => edit::edit(tables, context, id, |contact: &mut Contact, _| change(&mut contact.card)),
        Kind::Company => edit::edit(tables, context, id, |company: &mut Company, _| change(&mut company.card)),
    }
}
