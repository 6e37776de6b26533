//! All tables of an account.

use super::{
    Author, ByEntity, Card, Company, Contact, Events, Feed, FieldDefinition, FieldGroup, Group, Kind, Lead, LossReason,
    Note, PerKind, Permissions, Pipeline, Rights, Role, SearchLag, Source, Stage, Table, TagBook, Task, TaskType,
    Unsorted, User,
};
use crate::UserId;

/// The tables of an account, and what was written down about their changes.
pub(crate) struct Tables {
    pub(crate) users: Table<User>,
    pub(crate) roles: Table<Role>,
    pub(crate) groups: Vec<Group>,
    pub(crate) pipelines: Table<Pipeline>,
    /// The id of the newest stage of all pipelines.
    pub(crate) last_stage_id: u64,
    /// The id of the newest description of all stages.
    pub(crate) last_description_id: u64,
    pub(crate) loss_reasons: Table<LossReason>,
    pub(crate) sources: Table<Source>,
    pub(crate) task_types: Vec<TaskType>,
    /// The definitions of custom fields.
    pub(crate) fields: PerKind<Table<FieldDefinition>>,
    pub(crate) field_groups: PerKind<Table<FieldGroup>>,
    /// The id of the newest choice of all custom fields.
    pub(crate) last_choice_id: u64,
    pub(crate) tags: TagBook,
    pub(crate) leads: Table<Lead>,
    pub(crate) contacts: Table<Contact>,
    pub(crate) companies: Table<Company>,
    pub(crate) unsorted: Table<Unsorted>,
    pub(crate) notes: ByEntity<Note>,
    pub(crate) tasks: ByEntity<Task>,
    pub(crate) events: Events,
    pub(crate) feed: Feed,
    pub(crate) search_lag: SearchLag,
    /// How many commits there were.
    pub(crate) commits: u64,
}

impl Tables {
    /// What `author` may see and do.
    pub(crate) fn permissions(&self, author: &Author) -> Permissions<'_> {
        Permissions::of(author, self)
    }

    /// Whether nothing was changed since they were made.
    pub(super) const fn are_untouched(&self) -> bool {
        self.commits == 0
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(id.get())
    }

    /// What a user may do who is no administrator: what the user's role says, or the user's own rights.
    pub(crate) fn rights_of<'a>(&'a self, user: &'a User) -> &'a Rights {
        let role = user.role_id.and_then(|id| self.roles.get(id));
        role.map_or(&user.rights, |role| &role.rights)
    }

    /// Who does something if nobody is named: the first administrator, or if there is none the first user.
    pub(crate) fn first_user(&self) -> UserId {
        let first = self.users.iter().find(|user| user.is_admin && user.is_active).or(self.users.first());
        first.map_or(UserId::from(0), |user| user.id)
    }

    /// Whether there is a user of this number who still works here.
    pub(crate) fn is_active_user(&self, id: u64) -> bool {
        self.user(UserId::from(id)).is_some_and(|user| user.is_active)
    }

    /// The group of a user; that of somebody who is gone is the first.
    pub(crate) fn group_of(&self, id: UserId) -> u64 {
        self.user(id).map_or(0, |user| user.group_id)
    }

    pub(crate) fn pipeline(&self, id: u64) -> Option<&Pipeline> {
        self.pipelines.get(id)
    }

    /// The pipeline that leads are in unless somebody says otherwise.
    pub(crate) fn main_pipeline(&self) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.is_main)
    }

    /// Who is responsible for what `author` makes. A robot leaves it to an administrator.
    pub(super) fn usual_responsible(&self, author: UserId) -> UserId {
        let user = self.user(author).or_else(|| self.users.iter().find(|user| user.is_admin));
        user.map_or(author, |user| user.id)
    }

    /// The card of an entity of any kind, even of a deleted one.
    pub(crate) fn card(&self, (kind, id): (Kind, u64)) -> Option<&Card> {
        match kind {
            Kind::Lead => self.leads.get(id).map(|lead| &lead.card),
            Kind::Contact => self.contacts.get(id).map(|contact| &contact.card),
            Kind::Company => self.companies.get(id).map(|company| &company.card),
        }
    }

    /// The stages of all pipelines.
    pub(crate) fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.stages)
    }

    /// The id of the stage that will be added next.
    pub(super) fn next_stage_id(&mut self) -> u64 {
        self.last_stage_id += 1;
        self.last_stage_id
    }
}
