//! What a request says about rights: some letters, the others stay.

use crate::store::{FieldError, Letter, Letters, Rights, StageRef, StatusRight, Tables, TaskLetters};

/// Some letters of one kind of entities.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LettersDraft {
    pub(crate) view: Option<Letter>,
    pub(crate) edit: Option<Letter>,
    pub(crate) add: Option<Letter>,
    pub(crate) delete: Option<Letter>,
    pub(crate) export: Option<Letter>,
}

/// Some rights.
#[derive(Debug, Default)]
pub(crate) struct RightsDraft {
    pub(crate) leads: LettersDraft,
    pub(crate) contacts: LettersDraft,
    pub(crate) companies: LettersDraft,
    pub(crate) tasks: LettersDraft,
    pub(crate) mail_access: Option<bool>,
    pub(crate) catalog_access: Option<bool>,
    pub(crate) status_rights: Option<Vec<StatusRight>>,
}

impl LettersDraft {
    fn apply(self, letters: &mut Letters) {
        *letters = Letters {
            view: self.view.unwrap_or(letters.view),
            edit: self.edit.unwrap_or(letters.edit),
            add: self.add.unwrap_or(letters.add),
            delete: self.delete.unwrap_or(letters.delete),
            export: self.export.unwrap_or(letters.export),
        };
    }
}

impl RightsDraft {
    pub(super) fn check(&self, tables: &Tables, errors: &mut Vec<FieldError>) {
        for (place, right) in self.status_rights.iter().flatten().enumerate() {
            let stage = StageRef { status_id: right.status_id, pipeline_id: right.pipeline_id };
            stage.check(tables, &format!("rights.status_rights.{place}"), errors);
        }
    }

    pub(super) fn apply(self, rights: &mut Rights) {
        self.leads.apply(&mut rights.leads);
        self.contacts.apply(&mut rights.contacts);
        self.companies.apply(&mut rights.companies);
        rights.tasks = TaskLetters {
            edit: self.tasks.edit.unwrap_or(rights.tasks.edit),
            delete: self.tasks.delete.unwrap_or(rights.tasks.delete),
        };
        rights.mail_access = self.mail_access.unwrap_or(rights.mail_access);
        rights.catalog_access = self.catalog_access.unwrap_or(rights.catalog_access);
        if let Some(status_rights) = self.status_rights {
            rights.status_rights = status_rights;
        }
    }
}

impl From<Letters> for LettersDraft {
    fn from(Letters { view, edit, add, delete, export }: Letters) -> Self {
        Self { view: Some(view), edit: Some(edit), add: Some(add), delete: Some(delete), export: Some(export) }
    }
}

impl From<Rights> for RightsDraft {
    fn from(rights: Rights) -> Self {
        let TaskLetters { edit, delete } = rights.tasks;
        Self {
            leads: rights.leads.into(),
            contacts: rights.contacts.into(),
            companies: rights.companies.into(),
            tasks: LettersDraft { edit: Some(edit), delete: Some(delete), ..LettersDraft::default() },
            mail_access: Some(rights.mail_access),
            catalog_access: Some(rights.catalog_access),
            status_rights: Some(rights.status_rights),
        }
    }
}
