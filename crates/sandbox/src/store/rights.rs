//! Who may see and do what: an administrator everything, others by the letters of their rights.

use serde::{Deserialize, Serialize};

use super::{Author, Entity, Kind, Subject, Tables, Task, User};
use crate::UserId;

/// How far a right goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Letter {
    /// All entities.
    A,
    /// Those that somebody of the same group is responsible for.
    G,
    /// Those that the user is responsible for.
    M,
    /// None.
    D,
}

/// What can be done with an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    View,
    Edit,
    Delete,
}

/// The rights to the entities of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Letters {
    pub(crate) view: Letter,
    pub(crate) edit: Letter,
    /// `A` or `D`.
    pub(crate) add: Letter,
    pub(crate) delete: Letter,
    pub(crate) export: Letter,
}

impl Letters {
    const fn of(self, action: Action) -> Letter {
        match action {
            Action::View => self.view,
            Action::Edit => self.edit,
            Action::Delete => self.delete,
        }
    }
}

/// The rights to tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskLetters {
    pub(crate) edit: Letter,
    pub(crate) delete: Letter,
}

/// The rights to the leads in one stage, instead of the general ones. They narrow or widen them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusRight {
    pub(crate) entity_type: LeadsOnly,
    pub(crate) pipeline_id: u64,
    pub(crate) status_id: u64,
    pub(crate) rights: StatusLetters,
}

/// The only kind of entities that has stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeadsOnly {
    Leads,
}

/// `A` or `D` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusLetters {
    pub(crate) view: Letter,
    pub(crate) edit: Letter,
    pub(crate) delete: Letter,
}

impl StatusLetters {
    const fn of(self, action: Action) -> Letter {
        match action {
            Action::View => self.view,
            Action::Edit => self.edit,
            Action::Delete => self.delete,
        }
    }
}

/// What a user may do who is no administrator, in amoCRM's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "these are amoCRM's names")]
pub(crate) struct Rights {
    pub(crate) leads: Letters,
    pub(crate) contacts: Letters,
    pub(crate) companies: Letters,
    pub(crate) tasks: TaskLetters,
    pub(crate) mail_access: bool,
    pub(crate) catalog_access: bool,
    pub(crate) status_rights: Vec<StatusRight>,
}

impl Rights {
    /// All letters are this one.
    pub(crate) const fn all(letter: Letter) -> Self {
        let every = Letters { view: letter, edit: letter, add: letter, delete: letter, export: letter };
        Self {
            leads: every,
            contacts: every,
            companies: every,
            tasks: TaskLetters { edit: letter, delete: letter },
            mail_access: matches!(letter, Letter::A),
            catalog_access: matches!(letter, Letter::A),
            status_rights: Vec::new(),
        }
    }

    /// Whether there are leads that whoever has them may see.
    pub(crate) fn show_leads(&self) -> bool {
        self.leads.view != Letter::D || self.status_rights.iter().any(|own| own.rights.view == Letter::A)
    }

    const fn of(&self, kind: Kind) -> &Letters {
        match kind {
            Kind::Lead => &self.leads,
            Kind::Contact => &self.contacts,
            Kind::Company => &self.companies,
        }
    }

    fn letter(&self, action: Action, kind: Kind, stage: Option<(u64, u64)>) -> Letter {
        let general = self.of(kind).of(action);
        let own = self.status_rights.iter().find(|own| stage == Some((own.pipeline_id, own.status_id)));
        own.map_or(general, |own| own.rights.of(action))
    }
}

/// What the author of a request may do, now.
pub(crate) struct Permissions<'t> {
    tables: &'t Tables,
    may_everything: bool,
    /// Nobody who is not active may do anything.
    user: Option<&'t User>,
}

impl<'t> Permissions<'t> {
    pub(super) fn of(author: &Author, tables: &'t Tables) -> Self {
        let user = tables.user(author.user).filter(|user| user.is_active);
        let may_everything = author.is_full || user.is_some_and(|user| user.is_admin);
        Self { tables, may_everything, user }
    }

    /// Whether they are those of an administrator.
    pub(crate) const fn are_full(&self) -> bool {
        self.may_everything
    }

    /// Whether the author may do this with `entity`.
    pub(crate) fn may<E: Entity>(&self, action: Action, entity: &E) -> bool {
        if self.may_everything {
            return true;
        }
        let Some(user) = self.user else { return false };
        let rights = self.tables.rights_of(user);
        let covers = |action| {
            let letter = rights.letter(action, E::KIND, entity.stage());
            self.covers(letter, user, entity.card().responsible_user_id)
        };
        // Who may not see an entity may do nothing with it.
        covers(action) && (action == Action::View || covers(Action::View))
    }

    /// Whether the author may add entities of this kind.
    pub(crate) fn may_add(&self, kind: Kind) -> bool {
        self.may_everything || self.user.is_some_and(|user| self.tables.rights_of(user).of(kind).add == Letter::A)
    }

    /// Whether the author may do this with the entity; `None` if there is none, or it is deleted.
    pub(crate) fn may_with(&self, action: Action, (kind, id): (Kind, u64)) -> Option<bool> {
        let tables = self.tables;
        match kind {
            Kind::Lead => tables.leads.live(id).map(|lead| self.may(action, lead)),
            Kind::Contact => tables.contacts.live(id).map(|contact| self.may(action, contact)),
            Kind::Company => tables.companies.live(id).map(|company| self.may(action, company)),
        }
    }

    /// Whether there is an entity of `kind` with this id, not deleted, that the author may see.
    pub(crate) fn may_see(&self, kind: Kind, id: u64) -> bool {
        self.may_with(Action::View, (kind, id)) == Some(true)
    }

    /// Whether the author may do this with a task. There is no right to see tasks: one of an entity is
    /// seen with the entity, and one's own always.
    pub(crate) fn may_task(&self, action: Action, task: &Task) -> bool {
        if self.may_everything {
            return true;
        }
        let Some(user) = self.user else { return false };
        let responsible = task.responsible_user_id;
        let is_seen = responsible == user.id || task.entity.is_none_or(|(kind, id)| self.may_see(kind, id));
        let tasks = self.tables.rights_of(user).tasks;
        let covers = match action {
            Action::View => true,
            Action::Edit => self.covers(tasks.edit, user, responsible),
            Action::Delete => self.covers(tasks.delete, user, responsible),
        };
        is_seen && covers
    }

    /// Whether the author may see what an event is about.
    pub(crate) fn may_see_subject(&self, subject: Subject) -> bool {
        match subject {
            Subject::Card(kind, id) => self.may_see(kind, id),
            Subject::Unsorted(id) => self.tables.unsorted.get(id).is_some_and(|row| self.may_see(Kind::Lead, row.lead)),
            Subject::Task(id) => self.tables.tasks.live(id).is_some_and(|task| self.may_task(Action::View, task)),
        }
    }

    fn covers(&self, letter: Letter, user: &User, responsible: UserId) -> bool {
        match letter {
            Letter::A => true,
            Letter::G => self.tables.group_of(responsible) == user.group_id,
            Letter::M => responsible == user.id,
            Letter::D => false,
        }
    }
}
