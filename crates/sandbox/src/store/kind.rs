//! The kinds of entities, and what there is one of for each.

/// The kinds of entities that have a card in the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Lead,
    Contact,
    Company,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Lead, Self::Contact, Self::Company];

    /// The kind that has this plural.
    pub(crate) fn of_plural(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == plural)
    }

    /// As events and the settings of webhooks name it.
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Contact => "contact",
            Self::Company => "company",
        }
    }

    /// Its number in webhooks and in API v2.
    pub(crate) const fn element_type(self) -> u8 {
        match self {
            Self::Contact => 1,
            Self::Lead => 2,
            Self::Company => 3,
        }
    }

    /// As paths and `_embedded` name it.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Lead => "leads",
            Self::Contact => "contacts",
            Self::Company => "companies",
        }
    }
}

/// One `T` for each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PerKind<T> {
    pub(crate) leads: T,
    pub(crate) contacts: T,
    pub(crate) companies: T,
}

impl<T> PerKind<T> {
    pub(crate) fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Lead => &self.leads,
            Kind::Contact => &self.contacts,
            Kind::Company => &self.companies,
        }
    }

    pub(crate) fn of_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Lead => &mut self.leads,
            Kind::Contact => &mut self.contacts,
            Kind::Company => &mut self.companies,
        }
    }
}
