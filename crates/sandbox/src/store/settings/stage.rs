//! Adding, changing and deleting the stages of a pipeline.

use super::{DescriptionDraft, Operation, description, forget_stages};
use crate::store::{
    Context, FieldError, Lead, Pipeline, Refusal, Row as _, Stage, Tables, Written, change::Plan, edit,
};

/// The colours that a stage can be given; the first is that of a stage that is given none.
const COLORS: [&str; 21] = [
    "#fffeb2", "#fffd7f", "#fff000", "#ffeab2", "#ffdc7f", "#ffce5a", "#ffdbdb", "#ffc8c8", "#ff8f92", "#d6eaff",
    "#c1e0ff", "#98cbff", "#ebffb1", "#deff81", "#87f2c0", "#f9deff", "#f3beff", "#ccc8f9", "#eb93ff", "#f2f3f4",
    "#e6e8ea",
];

/// What a request says about a stage.
#[derive(Debug, Default)]
pub(crate) struct StageDraft {
    /// Only in a new pipeline: that of a stage of all pipelines, which gets this name there.
    pub(crate) id: Option<u64>,
    pub(crate) name: Option<String>,
    /// Its place among the stages.
    pub(crate) sort: Option<u64>,
    pub(crate) color: Option<String>,
    pub(crate) descriptions: Option<Vec<DescriptionDraft>>,
}

impl StageDraft {
    /// Checks what it says about `now`, or about a new stage; errors are below `path`.
    pub(super) fn check(&self, now: Option<&Stage>, path: &str, errors: &mut Vec<FieldError>) {
        let mut own = Vec::new();
        FieldError::check_name(self.name.as_deref(), now.is_some(), &mut own);
        if self.color.is_some() && self.color().is_none() {
            own.push(FieldError::not_supported_choice("color"));
        }
        errors.extend(own.into_iter().map(|error| FieldError { path: format!("{path}{}", error.path), ..error }));
        let known = now.map(|now| now.descriptions.as_slice()).unwrap_or_default();
        description::check(self.descriptions.as_deref().unwrap_or_default(), known, path, errors);
    }

    fn color(&self) -> Option<&'static str> {
        let wanted = self.color.as_deref()?;
        COLORS.into_iter().find(|color| color.eq_ignore_ascii_case(wanted))
    }

    /// The new stage that it says.
    pub(super) fn found(self, id: u64, pipeline_id: u64, last_description_id: &mut u64, now: u64) -> Stage {
        let mut stage = Stage {
            id,
            name: String::new(),
            // Behind all others, until the stages are put in order.
            sort: u64::MAX,
            is_editable: true,
            pipeline_id,
            color: COLORS[0],
            kind: 0,
            descriptions: Vec::new(),
        };
        self.apply(&mut stage, last_description_id, now);
        stage
    }

    /// Makes the stage say what it says.
    fn apply(self, stage: &mut Stage, last_description_id: &mut u64, now: u64) {
        stage.color = self.color().unwrap_or(stage.color);
        stage.sort = self.sort.unwrap_or(stage.sort);
        if let Some(name) = self.name {
            stage.name = name;
        }
        let descriptions = self.descriptions.unwrap_or_default();
        description::apply(descriptions, &mut stage.descriptions, last_description_id, now);
    }
}

/// Checks a change of a stage of this pipeline and says how it is made.
pub(super) fn plan(pipeline: u64, operation: Operation<StageDraft>, tables: &Tables) -> Result<Plan, Refusal> {
    let home = tables.pipeline(pipeline).ok_or(Refusal::Missing)?;
    let mut errors = Vec::new();
    match operation {
        Operation::Add(draft) => {
            draft.check(None, "", &mut errors);
            if draft.sort.is_none() {
                errors.push(FieldError::missing("sort"));
            }
            Refusal::of(errors)?;
            Ok(Box::new(move |tables, context| add(pipeline, *draft, tables, context)))
        }
        Operation::Edit { id, draft } => {
            draft.check(Some(editable(home, id)?), "", &mut errors);
            Refusal::of(errors)?;
            Ok(Box::new(move |tables, context| change(pipeline, id, *draft, tables, context)))
        }
        Operation::Delete { id } => {
            editable(home, id)?;
            // A pipeline without a stage of its own is none that a lead could begin in.
            if home.stages.iter().filter(|stage| stage.is_editable).count() == 1 {
                return Err(Refusal::not_supported("id"));
            }
            Ok(Box::new(move |tables, context| delete(pipeline, id, tables, context)))
        }
    }
}

/// The stage with this id; those of every pipeline cannot be changed.
fn editable(home: &Pipeline, id: u64) -> Result<&Stage, Refusal> {
    let stage = home.stage(id).ok_or(Refusal::Missing)?;
    if stage.is_editable { Ok(stage) } else { Err(Refusal::not_supported("id")) }
}

fn add(pipeline: u64, draft: StageDraft, tables: &mut Tables, context: &Context<'_>) -> Written {
    let id = tables.next_stage_id();
    let stage = draft.found(id, pipeline, &mut tables.last_description_id, context.now);
    tables.pipelines.change(pipeline, |home| {
        home.stages.push(stage);
        home.put_in_order();
    });
    Written { id, updated_at: context.now, ..Written::default() }
}

fn change(pipeline: u64, id: u64, draft: StageDraft, tables: &mut Tables, context: &Context<'_>) -> Written {
    tables.pipelines.change(pipeline, |home| {
        if let Some(stage) = home.stages.iter_mut().find(|stage| stage.id == id) {
            draft.apply(stage, &mut tables.last_description_id, context.now);
        }
        home.put_in_order();
    });
    Written { id, updated_at: context.now, ..Written::default() }
}

/// Deletes a stage; its leads go to the first one.
fn delete(pipeline: u64, id: u64, tables: &mut Tables, context: &Context<'_>) -> Written {
    let written = Written { id, updated_at: context.now, ..Written::default() };
    tables.pipelines.change(pipeline, |home| {
        home.stages.retain(|stage| stage.id != id);
        home.put_in_order();
    });
    let first = tables.pipelines.get(pipeline).and_then(|home| home.first_stage()).map(|stage| stage.id);
    let Some(first) = first else { return written };
    let is_there = |lead: &&Lead| lead.stage_of(pipeline) == Some(id);
    let leads: Vec<_> = tables.leads.iter().filter(is_there).map(|lead| (lead.id(), lead.is_deleted())).collect();
    for (lead, is_deleted) in leads {
        if is_deleted {
            // Nobody is told of what is in the bin.
            tables.leads.change(lead, |lead| lead.status_id = first);
        } else {
            edit::edit(tables, context, lead, |lead: &mut Lead, _| {
                lead.status_id = first;
                lead.card.stamp(context);
            });
        }
    }
    forget_stages(tables, |place| place == (pipeline, id));
    written
}
