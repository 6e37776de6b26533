//! A contact, and changing it.

use super::{
    Card, CardDraft, Change, Context, Entity, EntityChange, EntityDraft, EntityPlan, FieldError, Kind, Tables,
    card::entity,
};

/// A contact.
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    pub(crate) card: Card,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
}

impl Entity for Contact {
    entity!(Contact, contacts);

    fn blank(card: Card) -> Self {
        Self { card, first_name: String::new(), last_name: String::new() }
    }
}

/// What a request says about a contact; what it does not say stays.
#[derive(Debug, Default)]
pub(crate) struct ContactDraft {
    pub(crate) card: CardDraft,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
}

impl EntityDraft for ContactDraft {
    type Entity = Contact;

    fn card(&self) -> &CardDraft {
        &self.card
    }

    fn change(change: EntityChange<Self>) -> Change {
        Change::Contact(change)
    }

    fn check(
        mut self,
        known: Option<&Contact>,
        tables: &Tables,
        _: &Context<'_>,
        errors: &mut Vec<FieldError>,
    ) -> EntityPlan<Contact> {
        self.complete_names(known);
        let Self { card, first_name, last_name } = self;
        EntityPlan {
            card: card.check(Kind::Contact, tables, errors),
            own: Box::new(|contact, _| {
                contact.first_name = first_name.unwrap_or_else(|| std::mem::take(&mut contact.first_name));
                contact.last_name = last_name.unwrap_or_else(|| std::mem::take(&mut contact.last_name));
            }),
            links: Vec::new(),
        }
    }
}

impl ContactDraft {
    /// A whole name alone leaves no first and last name; these alone make the whole name.
    fn complete_names(&mut self, known: Option<&Contact>) {
        match (&self.card.name, &self.first_name, &self.last_name) {
            (Some(_), None, None) => (self.first_name, self.last_name) = (Some(String::new()), Some(String::new())),
            (None, first, last) if first.is_some() || last.is_some() => {
                let first = first.as_deref().or(known.map(|known| known.first_name.as_str()));
                let last = last.as_deref().or(known.map(|known| known.last_name.as_str()));
                let whole = format!("{} {}", first.unwrap_or_default(), last.unwrap_or_default());
                self.card.name = Some(whole.trim().to_owned());
            }
            _ => {}
        }
    }
}
