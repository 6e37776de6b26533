//! Why leads are lost.

use super::{Checked, Setting, kept_in};
use crate::store::{Context, FieldError, Row, Tables};

/// Why a lead was lost.
#[derive(Debug, Clone)]
pub(crate) struct LossReason {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) sort: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
}

/// What a request says about a loss reason.
#[derive(Debug, Default)]
pub(crate) struct LossReasonDraft {
    pub(crate) name: Option<String>,
    pub(crate) sort: Option<u64>,
}

impl Row for LossReason {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Setting for LossReason {
    kept_in!(loss_reasons, LossReason);

    type Draft = LossReasonDraft;

    fn check(draft: &LossReasonDraft, now: Option<&Self>, _: &Checked<'_, Self>, errors: &mut Vec<FieldError>) {
        FieldError::check_name(draft.name.as_deref(), now.is_some(), errors);
    }

    fn blank(id: u64, (): (), tables: &Tables, context: &Context<'_>) -> Self {
        let last = tables.loss_reasons.iter().map(|reason| reason.sort).max();
        let sort = last.map_or(0, |last| last + 1);
        Self { id, name: String::new(), sort, created_at: context.now, updated_at: context.now }
    }

    fn apply(&mut self, draft: LossReasonDraft, (): (), _: &mut Tables, context: &Context<'_>) {
        if let Some(name) = draft.name {
            self.name = name;
        }
        self.sort = draft.sort.unwrap_or(self.sort);
        self.updated_at = context.now;
    }
}
