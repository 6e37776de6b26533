//! Groups of custom fields: the tabs of a card.

use super::{Checked, Operation, Setting, SettingsChange};
use crate::store::{Context, FieldError, Kind, Refusal, Row, Table, Tables};

/// A group of custom fields.
#[derive(Debug, Clone)]
pub(crate) struct FieldGroup {
    pub(crate) id: u64,
    /// Its id in the API: `default`, `leads_123`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) sort: u64,
    pub(crate) is_predefined: bool,
}

/// What a request says about a group of fields.
#[derive(Debug, Default)]
pub(crate) struct FieldGroupDraft {
    pub(crate) name: Option<String>,
    pub(crate) sort: Option<u64>,
    /// The ids of its fields; those that are not named leave it.
    pub(crate) fields: Option<Vec<u64>>,
}

impl Row for FieldGroup {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Setting for FieldGroup {
    type Place = Kind;
    type Draft = FieldGroupDraft;

    fn table(tables: &Tables, kind: Kind) -> &Table<Self> {
        tables.field_groups.of(kind)
    }

    fn table_mut(tables: &mut Tables, kind: Kind) -> &mut Table<Self> {
        tables.field_groups.of_mut(kind)
    }

    fn change(kind: Kind, operation: Operation<FieldGroupDraft>) -> SettingsChange {
        SettingsChange::FieldGroup(kind, operation)
    }

    fn check(draft: &FieldGroupDraft, now: Option<&Self>, checked: &Checked<'_, Self>, errors: &mut Vec<FieldError>) {
        FieldError::check_name(draft.name.as_deref(), now.is_some(), errors);
        let fields = checked.tables.fields.of(checked.place);
        for (place, &id) in draft.fields.iter().flatten().enumerate() {
            if fields.get(id).is_none() {
                errors.push(FieldError::not_supported_choice(format!("fields.{place}")));
            }
        }
    }

    fn check_delete(&self, _: &Tables) -> Result<(), Refusal> {
        if self.is_predefined { Err(Refusal::not_supported("id")) } else { Ok(()) }
    }

    fn blank(id: u64, kind: Kind, tables: &Tables, _: &Context<'_>) -> Self {
        let last = tables.field_groups.of(kind).iter().map(|group| group.sort).max();
        let key = format!("{}_{id}", kind.plural());
        Self { id, key, name: String::new(), sort: last.map_or(0, |last| last + 1), is_predefined: false }
    }

    fn apply(&mut self, draft: FieldGroupDraft, kind: Kind, tables: &mut Tables, _: &Context<'_>) {
        if let Some(name) = draft.name {
            self.name = name;
        }
        self.sort = draft.sort.unwrap_or(self.sort);
        if let Some(ids) = draft.fields {
            tables.fields.of_mut(kind).each_mut(|field| {
                if ids.contains(&field.id) {
                    field.group = Some(self.id);
                } else if field.group == Some(self.id) {
                    field.group = None;
                }
            });
        }
    }

    /// Its fields are in no group then.
    fn deleted(self, kind: Kind, tables: &mut Tables) {
        tables.fields.of_mut(kind).each_mut(|field| field.group = field.group.filter(|&id| id != self.id));
    }
}
