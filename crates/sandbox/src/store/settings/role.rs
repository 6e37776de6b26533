//! Roles: rights that several users have together.

use super::{Checked, RightsDraft, Setting, kept_in};
use crate::store::{Context, FieldError, Letter, Rights, Row, Tables};

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) rights: Rights,
}

/// What a request says about a role.
#[derive(Debug, Default)]
pub(crate) struct RoleDraft {
    pub(crate) name: Option<String>,
    pub(crate) rights: RightsDraft,
}

impl Row for Role {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Setting for Role {
    kept_in!(roles, Role);

    type Draft = RoleDraft;

    fn check(draft: &RoleDraft, now: Option<&Self>, checked: &Checked<'_, Self>, errors: &mut Vec<FieldError>) {
        FieldError::check_name(draft.name.as_deref(), now.is_some(), errors);
        draft.rights.check(checked.tables, errors);
    }

    /// What a request does not say, a new role does not allow.
    fn blank(id: u64, (): (), _: &Tables, _: &Context<'_>) -> Self {
        Self { id, name: String::new(), rights: Rights::all(Letter::D) }
    }

    fn apply(&mut self, draft: RoleDraft, (): (), _: &mut Tables, _: &Context<'_>) {
        if let Some(name) = draft.name {
            self.name = name;
        }
        draft.rights.apply(&mut self.rights);
    }

    /// Who had the role keeps its rights as their own.
    fn deleted(self, (): (), tables: &mut Tables) {
        tables.users.each_mut(|user| {
            if user.role_id == Some(self.id) {
                user.role_id = None;
                user.rights = self.rights.clone();
            }
        });
    }
}
