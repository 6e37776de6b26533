//! Sources: where an integration's leads come from.

use serde_json::Value;

use super::{Checked, Setting, kept_in};
use crate::store::{Author, Context, FieldError, Nullable, Row, Tables};

/// A source.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) pipeline_id: u64,
    pub(crate) is_default: bool,
    pub(crate) origin_code: Option<String>,
    /// Buttons of messengers, as they came.
    pub(crate) services: Vec<Value>,
    /// The integration that made it, which alone knows of it; `None` is amoCRM itself.
    pub(crate) client_id: Option<String>,
}

/// What a request says about a source.
#[derive(Debug, Default)]
pub(crate) struct SourceDraft {
    pub(crate) name: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) pipeline_id: Option<u64>,
    pub(crate) is_default: Option<bool>,
    pub(crate) origin_code: Nullable<String>,
    pub(crate) services: Option<Vec<Value>>,
}

impl Row for Source {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Setting for Source {
    kept_in!(sources, Source);

    type Draft = SourceDraft;

    fn is_known_to(&self, author: &Author) -> bool {
        self.client_id == author.client_id
    }

    fn check(draft: &SourceDraft, now: Option<&Self>, checked: &Checked<'_, Self>, errors: &mut Vec<FieldError>) {
        FieldError::check_name(draft.name.as_deref(), now.is_some(), errors);
        if now.is_none() {
            match draft.external_id.as_deref().map(str::trim) {
                None => errors.push(FieldError::missing("external_id")),
                Some("") => errors.push(FieldError::blank("external_id")),
                Some(id) if checked.another(now, |other| other.external_id == id) => {
                    errors.push(FieldError::not_unique("external_id"));
                }
                Some(_) => {}
            }
        }
        if draft.pipeline_id.is_some_and(|id| checked.tables.pipeline(id).is_none()) {
            errors.push(FieldError::not_supported_choice("pipeline_id"));
        }
    }

    fn blank(id: u64, (): (), tables: &Tables, context: &Context<'_>) -> Self {
        Self {
            id,
            name: String::new(),
            external_id: String::new(),
            pipeline_id: tables.main_pipeline().map_or(0, |main| main.id),
            is_default: false,
            origin_code: None,
            services: Vec::new(),
            client_id: context.author.client_id.clone(),
        }
    }

    fn apply(&mut self, draft: SourceDraft, (): (), tables: &mut Tables, _: &Context<'_>) {
        if let Some(name) = draft.name {
            self.name = name;
        }
        // It stays what it was at first.
        if let Some(external_id) = draft.external_id.filter(|_| self.external_id.is_empty()) {
            external_id.trim().clone_into(&mut self.external_id);
        }
        self.pipeline_id = draft.pipeline_id.unwrap_or(self.pipeline_id);
        draft.origin_code.put(&mut self.origin_code);
        if let Some(services) = draft.services {
            self.services = services;
        }
        self.is_default = draft.is_default.unwrap_or(self.is_default);
        if self.is_default {
            // An integration has one default source.
            tables.sources.each_mut(|other| other.is_default &= other.client_id != self.client_id);
        }
    }
}
