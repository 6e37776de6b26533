//! Defining custom fields.

use serde_json::Value;

use super::{Checked, Operation, Setting, SettingsChange};
use crate::store::{
    Choice, Context, FieldDefinition, FieldError, FieldKind, Kind, Nullable, Refusal, Row, StageRef, Table, Tables,
    edit,
};

/// What a request says about a custom field.
#[derive(Debug, Default)]
pub(crate) struct FieldDraft {
    pub(crate) name: Option<String>,
    /// The name of its type; only a new field gets one.
    pub(crate) kind: Option<String>,
    pub(crate) code: Nullable<String>,
    pub(crate) sort: Option<u64>,
    /// The group, by its id in the API.
    pub(crate) group: Nullable<String>,
    pub(crate) is_api_only: Option<bool>,
    pub(crate) required_statuses: Option<Vec<StageRef>>,
    pub(crate) hidden_statuses: Option<Vec<StageRef>>,
    /// All choices that there are to be.
    pub(crate) choices: Option<Vec<ChoiceDraft>>,
    pub(crate) remind: Nullable<String>,
    pub(crate) currency: Nullable<String>,
    pub(crate) tracking_callback: Nullable<String>,
    pub(crate) search_in: Nullable<String>,
    pub(crate) chained_lists: Option<Vec<Value>>,
}

/// What a request says about one choice of a field.
#[derive(Debug)]
pub(crate) struct ChoiceDraft {
    /// That of a choice that is there; without it the choice is a new one.
    pub(crate) id: Option<u64>,
    pub(crate) value: Option<String>,
    pub(crate) sort: Option<u64>,
    pub(crate) code: Option<String>,
}

impl Row for FieldDefinition {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Setting for FieldDefinition {
    type Place = Kind;
    type Draft = FieldDraft;

    fn table(tables: &Tables, kind: Kind) -> &Table<Self> {
        tables.fields.of(kind)
    }

    fn table_mut(tables: &mut Tables, kind: Kind) -> &mut Table<Self> {
        tables.fields.of_mut(kind)
    }

    fn change(kind: Kind, operation: Operation<FieldDraft>) -> SettingsChange {
        SettingsChange::Field(kind, operation)
    }

    fn check(draft: &FieldDraft, now: Option<&Self>, checked: &Checked<'_, Self>, errors: &mut Vec<FieldError>) {
        FieldError::check_name(draft.name.as_deref(), now.is_some(), errors);
        match (draft.kind.as_deref(), now) {
            (None, None) => errors.push(FieldError::missing("type")),
            (Some(wanted), Some(now)) if wanted != now.kind.name => {
                errors.push(FieldError::not_supported_choice("type"));
            }
            (Some(wanted), None) if FieldKind::of_cards(wanted).is_none() => {
                errors.push(FieldError::not_supported_choice("type"));
            }
            _ => {}
        }
        if let Nullable::Is(code) = &draft.code
            && checked.another(now, |other| other.code.as_ref() == Some(code))
        {
            errors.push(FieldError::not_unique("code"));
        }
        if let Nullable::Is(key) = &draft.group
            && checked.tables.field_groups.of(checked.place).iter().all(|group| group.key != *key)
        {
            errors.push(FieldError::not_supported_choice("group_id"));
        }
        for (name, stages) in
            [("required_statuses", &draft.required_statuses), ("hidden_statuses", &draft.hidden_statuses)]
        {
            for (place, stage) in stages.iter().flatten().enumerate() {
                stage.check(checked.tables, &format!("{name}.{place}"), errors);
            }
        }
        for (place, choice) in draft.choices.iter().flatten().enumerate() {
            let known = choice.id.map(|id| now.and_then(|now| now.choice(id)).is_some());
            if known == Some(false) {
                errors.push(FieldError::not_supported_choice(format!("enums.{place}.id")));
            } else if choice.value.is_none() && known.is_none() {
                errors.push(FieldError::missing(format!("enums.{place}.value")));
            }
        }
    }

    fn check_delete(&self, _: &Tables) -> Result<(), Refusal> {
        if self.is_predefined { Err(Refusal::not_supported("id")) } else { Ok(()) }
    }

    fn blank(id: u64, kind: Kind, tables: &Tables, _: &Context<'_>) -> Self {
        let last = tables.fields.of(kind).iter().map(|field| field.sort).max();
        Self { sort: last.map_or(0, |last| last + 1), ..Self::new(id, String::new(), FieldKind::text()) }
    }

    fn apply(&mut self, draft: FieldDraft, kind: Kind, tables: &mut Tables, _: &Context<'_>) {
        if let Some(name) = draft.name {
            self.name = name;
        }
        if let Some(wanted) = draft.kind.as_deref().and_then(FieldKind::named).filter(|&wanted| wanted != self.kind) {
            self.kind = wanted;
            self.choices = wanted.choices_of_all();
        }
        draft.code.put(&mut self.code);
        self.sort = draft.sort.unwrap_or(self.sort);
        match draft.group {
            Nullable::Absent => {}
            Nullable::Null => self.group = None,
            Nullable::Is(key) => {
                let groups = tables.field_groups.of(kind);
                self.group = groups.iter().find(|group| group.key == key).map(|group| group.id);
            }
        }
        self.is_api_only = draft.is_api_only.unwrap_or(self.is_api_only);
        self.required_statuses = draft.required_statuses.unwrap_or_else(|| std::mem::take(&mut self.required_statuses));
        self.hidden_statuses = draft.hidden_statuses.unwrap_or_else(|| std::mem::take(&mut self.hidden_statuses));
        if let Some(choices) = draft.choices.filter(|_| self.kind.has_choices()) {
            let new = |draft| choice(draft, &self.choices, &mut tables.last_choice_id);
            self.choices = choices.into_iter().map(new).collect();
        }
        draft.remind.put(&mut self.remind);
        draft.currency.put(&mut self.currency);
        draft.tracking_callback.put(&mut self.tracking_callback);
        draft.search_in.put(&mut self.search_in);
        self.chained_lists = draft.chained_lists.or_else(|| self.chained_lists.take());
    }

    fn written(id: u64, kind: Kind, tables: &mut Tables) {
        edit::refresh_field(tables, kind, id);
    }

    fn deleted(self, kind: Kind, tables: &mut Tables) {
        edit::refresh_field(tables, kind, self.id);
    }
}

/// The choice that a draft makes: one of `known`, or a new one.
fn choice(draft: ChoiceDraft, known: &[Choice], last_id: &mut u64) -> Choice {
    let now = draft.id.and_then(|id| known.iter().find(|choice| choice.id == id)).cloned();
    let now = now.unwrap_or_else(|| {
        *last_id += 1;
        Choice { id: *last_id, value: String::new(), code: None, sort: 0 }
    });
    Choice {
        id: now.id,
        value: draft.value.unwrap_or(now.value),
        code: draft.code.or(now.code),
        sort: draft.sort.unwrap_or(now.sort),
    }
}
