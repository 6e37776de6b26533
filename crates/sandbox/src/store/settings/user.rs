//! Adding users, and changing who they are and what they may do.

use super::{Checked, RightsDraft, Setting, kept_in};
use crate::{
    UserId,
    store::{Context, FieldError, Letter, Nullable, Rights, Row, Tables, User},
};

/// The languages of amoCRM's pages.
const LANGUAGES: [&str; 5] = ["ru", "en", "es", "pt", "uk"];

/// What is said about a user.
#[derive(Debug, Default)]
pub(crate) struct UserDraft {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) lang: Option<String>,
    pub(crate) is_active: Option<bool>,
    pub(crate) is_admin: Option<bool>,
    pub(crate) is_free: Option<bool>,
    pub(crate) group_id: Option<u64>,
    pub(crate) role_id: Nullable<u64>,
    /// Rights of the user's own; a user who had a role has it no longer.
    pub(crate) rights: Option<RightsDraft>,
}

impl Row for User {
    fn id(&self) -> u64 {
        self.id.get()
    }
}

impl Setting for User {
    kept_in!(users, User);

    type Draft = UserDraft;

    fn check(draft: &UserDraft, now: Option<&Self>, checked: &Checked<'_, Self>, errors: &mut Vec<FieldError>) {
        FieldError::check_name(draft.name.as_deref(), now.is_some(), errors);
        match draft.email.as_deref() {
            None if now.is_none() => errors.push(FieldError::missing("email")),
            Some(email) if !is_email(email) => errors.push(FieldError::invalid_email("email")),
            Some(email) if checked.another(now, |other| other.email.eq_ignore_ascii_case(email)) => {
                errors.push(FieldError::not_unique("email"));
            }
            _ => {}
        }
        if draft.lang.as_deref().is_some_and(|lang| !LANGUAGES.contains(&lang)) {
            errors.push(FieldError::not_supported_choice("lang"));
        }
        if draft.group_id.is_some_and(|id| checked.tables.groups.iter().all(|group| group.id != id)) {
            errors.push(FieldError::not_supported_choice("rights.group_id"));
        }
        if let Nullable::Is(role) = draft.role_id
            && checked.tables.roles.get(role).is_none()
        {
            errors.push(FieldError::not_supported_choice("rights.role_id"));
        }
        if let Some(rights) = &draft.rights {
            rights.check(checked.tables, errors);
        }
    }

    /// What a request does not say, a new user may not do.
    fn blank(id: u64, (): (), _: &Tables, _: &Context<'_>) -> Self {
        Self {
            id: UserId::from(id),
            name: String::new(),
            email: String::new(),
            lang: "ru",
            is_admin: false,
            is_active: true,
            is_free: false,
            group_id: 0,
            role_id: None,
            rights: Rights::all(Letter::D),
        }
    }

    fn apply(&mut self, draft: UserDraft, (): (), tables: &mut Tables, _: &Context<'_>) {
        if let Some(rights) = draft.rights {
            self.rights = tables.rights_of(self).clone();
            self.role_id = None;
            rights.apply(&mut self.rights);
        }
        draft.role_id.put(&mut self.role_id);
        if let Some(name) = draft.name {
            self.name = name;
        }
        if let Some(email) = draft.email {
            self.email = email;
        }
        let lang = LANGUAGES.into_iter().find(|&known| draft.lang.as_deref() == Some(known));
        self.lang = lang.unwrap_or(self.lang);
        self.is_active = draft.is_active.unwrap_or(self.is_active);
        self.is_admin = draft.is_admin.unwrap_or(self.is_admin);
        self.is_free = draft.is_free.unwrap_or(self.is_free);
        self.group_id = draft.group_id.unwrap_or(self.group_id);
    }
}

/// Whether it looks like an e-mail address.
fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace))
}
