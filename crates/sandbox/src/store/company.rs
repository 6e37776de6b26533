//! A company, and changing it.

use super::{
    Card, CardDraft, Change, Context, Entity, EntityChange, EntityDraft, EntityPlan, FieldError, Kind, Tables,
    card::entity,
};

/// A company.
#[derive(Debug, Clone)]
pub(crate) struct Company {
    pub(crate) card: Card,
}

impl Entity for Company {
    entity!(Company, companies);

    fn blank(card: Card) -> Self {
        Self { card }
    }
}

/// What a request says about a company; what it does not say stays.
#[derive(Debug, Default)]
pub(crate) struct CompanyDraft {
    pub(crate) card: CardDraft,
}

impl EntityDraft for CompanyDraft {
    type Entity = Company;

    fn card(&self) -> &CardDraft {
        &self.card
    }

    fn change(change: EntityChange<Self>) -> Change {
        Change::Company(change)
    }

    fn check(
        self,
        _: Option<&Company>,
        tables: &Tables,
        _: &Context<'_>,
        errors: &mut Vec<FieldError>,
    ) -> EntityPlan<Company> {
        EntityPlan { card: self.card.check(Kind::Company, tables, errors), own: Box::new(|_, _| {}), links: Vec::new() }
    }
}
