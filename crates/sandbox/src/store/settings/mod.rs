//! What an administrator sets up: custom fields and their groups, loss reasons, pipelines, roles, sources, users.
//!
//! Each is a [`Setting`]: a row of a table that is added, changed or deleted in one and the same way. Only stages
//! are none, for they are a part of their pipeline.

mod description;
mod field;
mod field_group;
mod loss_reason;
mod pipeline;
mod rights;
mod role;
mod source;
mod stage;
mod user;

use super::{
    Author, Context, FieldDefinition, FieldError, Kind, Pipeline, Refusal, Rights, Row, Table, Tables, User, Written,
    change::Plan,
};

pub(crate) use description::{DescriptionDraft, StageDescription};
pub(crate) use field::{ChoiceDraft, FieldDraft};
pub(crate) use field_group::{FieldGroup, FieldGroupDraft};
pub(crate) use loss_reason::{LossReason, LossReasonDraft};
pub(crate) use pipeline::{MOST_STAGES, PipelineDraft};
pub(crate) use rights::{LettersDraft, RightsDraft};
pub(crate) use role::{Role, RoleDraft};
pub(crate) use source::{Source, SourceDraft};
pub(crate) use stage::StageDraft;
pub(crate) use user::UserDraft;

/// What can be done with a setting; `D` is what a request says about one.
pub(crate) enum Operation<D> {
    Add(Box<D>),
    Edit { id: u64, draft: Box<D> },
    Delete { id: u64 },
}

/// A change of one setting.
pub(crate) enum SettingsChange {
    Field(Kind, Operation<FieldDraft>),
    FieldGroup(Kind, Operation<FieldGroupDraft>),
    LossReason(Operation<LossReasonDraft>),
    Pipeline(Operation<PipelineDraft>),
    /// Of the pipeline with this id.
    Stage(u64, Operation<StageDraft>),
    Role(Operation<RoleDraft>),
    Source(Operation<SourceDraft>),
    User(Operation<UserDraft>),
}

impl SettingsChange {
    pub(super) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        if !tables.permissions(context.author).are_full() {
            return Err(Refusal::NotAdministrator);
        }
        match self {
            Self::Field(kind, operation) => operation.plan::<FieldDefinition>(kind, tables, context),
            Self::FieldGroup(kind, operation) => operation.plan::<FieldGroup>(kind, tables, context),
            Self::LossReason(operation) => operation.plan::<LossReason>((), tables, context),
            Self::Pipeline(operation) => operation.plan::<Pipeline>((), tables, context),
            Self::Stage(pipeline, operation) => stage::plan(pipeline, operation, tables),
            Self::Role(operation) => operation.plan::<Role>((), tables, context),
            Self::Source(operation) => operation.plan::<Source>((), tables, context),
            Self::User(operation) => operation.plan::<User>((), tables, context),
        }
    }
}

/// A row of the settings.
pub(crate) trait Setting: Row + Clone + Sized + 'static {
    /// Which of several tables it is in: that of one kind of entities, or the only one.
    type Place: Copy + 'static;
    type Draft: 'static;

    fn table(tables: &Tables, place: Self::Place) -> &Table<Self>;
    fn table_mut(tables: &mut Tables, place: Self::Place) -> &mut Table<Self>;
    fn change(place: Self::Place, operation: Operation<Self::Draft>) -> SettingsChange;

    /// Whether `author` may know of it.
    fn is_known_to(&self, _author: &Author) -> bool {
        true
    }

    /// Checks what a request says; `now` is how the row is, if it is there.
    fn check(draft: &Self::Draft, now: Option<&Self>, checked: &Checked<'_, Self>, errors: &mut Vec<FieldError>);

    /// What is wrong with deleting it.
    fn check_delete(&self, _tables: &Tables) -> Result<(), Refusal> {
        Ok(())
    }

    /// A row that says nothing yet.
    fn blank(id: u64, place: Self::Place, tables: &Tables, context: &Context<'_>) -> Self;

    /// Makes the row say what the draft says.
    fn apply(&mut self, draft: Self::Draft, place: Self::Place, tables: &mut Tables, context: &Context<'_>);

    /// Makes the rest of the tables fit the row with this id, which was just written.
    fn written(_id: u64, _place: Self::Place, _tables: &mut Tables) {}

    /// Makes the rest of the tables fit, now that this row is gone.
    fn deleted(self, _place: Self::Place, _tables: &mut Tables) {}
}

/// The members of [`Setting`] of what there is one table of: its name, and how a change of it is called.
macro_rules! kept_in {
    ($table:ident, $change:ident) => {
        type Place = ();

        fn table(tables: &$crate::store::Tables, (): ()) -> &$crate::store::Table<Self> {
            &tables.$table
        }

        fn table_mut(tables: &mut $crate::store::Tables, (): ()) -> &mut $crate::store::Table<Self> {
            &mut tables.$table
        }

        fn change((): (), operation: super::Operation<Self::Draft>) -> super::SettingsChange {
            super::SettingsChange::$change(operation)
        }
    };
}
use kept_in;

/// What a draft is checked against.
pub(crate) struct Checked<'t, S: Setting> {
    pub(crate) place: S::Place,
    pub(crate) tables: &'t Tables,
    pub(crate) author: &'t Author,
}

impl<S: Setting> Checked<'_, S> {
    /// Whether another row than `now`, one that the author knows, is like this.
    fn another(&self, now: Option<&S>, is_like: impl Fn(&S) -> bool) -> bool {
        let others = S::table(self.tables, self.place).iter().filter(|row| now.is_none_or(|now| now.id() != row.id()));
        others.filter(|row| row.is_known_to(self.author)).any(is_like)
    }
}

impl<D: 'static> Operation<D> {
    fn plan<S: Setting<Draft = D>>(
        self,
        place: S::Place,
        tables: &Tables,
        context: &Context<'_>,
    ) -> Result<Plan, Refusal> {
        let find = |id| {
            let row = S::table(tables, place).get(id);
            row.filter(|row| row.is_known_to(context.author)).ok_or(Refusal::Missing)
        };
        let (id, draft) = match self {
            Self::Add(draft) => (None, draft),
            Self::Edit { id, draft } => (Some(id), draft),
            Self::Delete { id } => {
                find(id)?.check_delete(tables)?;
                return Ok(Box::new(move |tables, context| delete::<S>(id, place, tables, context)));
            }
        };
        let now = id.map(find).transpose()?;
        let mut errors = Vec::new();
        S::check(&draft, now, &Checked { place, tables, author: context.author }, &mut errors);
        Refusal::of(errors)?;
        Ok(Box::new(move |tables, context| write::<S>(id, *draft, place, tables, context)))
    }
}

/// Adds a row, or changes the one with this id.
fn write<S: Setting>(
    id: Option<u64>,
    draft: S::Draft,
    place: S::Place,
    tables: &mut Tables,
    context: &Context<'_>,
) -> Written {
    let known = id.and_then(|id| S::table(tables, place).get(id).cloned());
    let is_new = known.is_none();
    let mut row = known.unwrap_or_else(|| {
        let id = S::table_mut(tables, place).next_id();
        S::blank(id, place, tables, context)
    });
    let id = row.id();
    row.apply(draft, place, tables, context);
    let table = S::table_mut(tables, place);
    if is_new {
        table.push(row);
    } else {
        table.replace(row);
    }
    S::written(id, place, tables);
    Written { id, updated_at: context.now, ..Written::default() }
}

fn delete<S: Setting>(id: u64, place: S::Place, tables: &mut Tables, context: &Context<'_>) -> Written {
    if let Some(row) = S::table_mut(tables, place).remove(id) {
        row.deleted(place, tables);
    }
    Written { id, updated_at: context.now, ..Written::default() }
}

/// Drops what is said about stages that are gone, each a pipeline and a stage: rights, and the fields that are
/// required or hidden there.
fn forget_stages(tables: &mut Tables, is_gone: impl Fn((u64, u64)) -> bool) {
    let keep = |rights: &mut Rights| rights.status_rights.retain(|own| !is_gone((own.pipeline_id, own.status_id)));
    tables.roles.each_mut(|role| keep(&mut role.rights));
    tables.users.each_mut(|user| keep(&mut user.rights));
    for kind in Kind::ALL {
        tables.fields.of_mut(kind).each_mut(|field| {
            for stages in [&mut field.required_statuses, &mut field.hidden_statuses] {
                stages.retain(|stage| !is_gone((stage.pipeline_id, stage.status_id)));
            }
        });
    }
}
