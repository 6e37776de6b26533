//! Adding, changing and deleting pipelines.

use super::{Checked, Setting, StageDraft, forget_stages, kept_in};
use crate::store::{Context, FieldError, Pipeline, Refusal, Tables, is_closed};

/// The most stages of a pipeline, with those that are in every pipeline.
pub(crate) const MOST_STAGES: usize = 100;
/// How many stages are in every pipeline.
const SYSTEM_STAGES: usize = 3;

/// The stage of a new pipeline that is given none.
const FIRST_STAGE: &str = "Первичный контакт";
/// The number of the main pipeline; requests do not choose it.
const SORT_OF_MAIN: u64 = 1;

/// What a request says about a pipeline.
#[derive(Debug, Default)]
pub(crate) struct PipelineDraft {
    pub(crate) name: Option<String>,
    pub(crate) sort: Option<u64>,
    pub(crate) is_main: Option<bool>,
    pub(crate) is_unsorted_on: Option<bool>,
    /// Only of a new pipeline.
    pub(crate) stages: Vec<StageDraft>,
}

impl Setting for Pipeline {
    kept_in!(pipelines, Pipeline);

    type Draft = PipelineDraft;

    fn check(draft: &PipelineDraft, now: Option<&Self>, checked: &Checked<'_, Self>, errors: &mut Vec<FieldError>) {
        FieldError::check_name(draft.name.as_deref(), now.is_some(), errors);
        let Some(now) = now else { return draft.check_new(errors) };
        let unsorted = now.unsorted_stage().map(|stage| stage.id);
        let mut leads = checked.tables.leads.iter();
        if draft.is_unsorted_on == Some(false)
            && unsorted.is_some()
            && leads.any(|lead| lead.stage_of(now.id) == unsorted)
        {
            errors.push(FieldError::not_supported_choice("is_unsorted_on"));
        }
    }

    fn check_delete(&self, tables: &Tables) -> Result<(), Refusal> {
        let is_last = tables.pipelines.len() == 1;
        // Those in the bin too: who takes one out again wants it to stand somewhere.
        let has_leads = tables.leads.iter().any(|lead| lead.pipeline_id == self.id);
        if is_last || has_leads {
            return Err(Refusal::not_supported("id"));
        }
        Ok(())
    }

    fn blank(id: u64, (): (), _: &Tables, _: &Context<'_>) -> Self {
        Self { id, name: String::new(), sort: 0, is_main: false, stages: Vec::new(), switched_off: None }
    }

    fn apply(&mut self, draft: PipelineDraft, (): (), tables: &mut Tables, context: &Context<'_>) {
        if let Some(name) = draft.name {
            self.name = name;
        }
        self.sort = draft.sort.unwrap_or(self.sort);
        self.is_main = draft.is_main.unwrap_or(self.is_main);
        if self.stages.is_empty() {
            self.found_stages(draft.stages, tables, context);
        }
        self.switch_unsorted(draft.is_unsorted_on.unwrap_or(self.is_unsorted_on()));
    }

    fn written(id: u64, (): (), tables: &mut Tables) {
        if tables.pipelines.get(id).is_some_and(|pipeline| pipeline.is_main) {
            tables.pipelines.each_mut(|pipeline| pipeline.is_main = pipeline.id == id);
        }
        keep_one_main(tables, id);
    }

    /// Sources of the pipeline lead to the main one then.
    fn deleted(self, (): (), tables: &mut Tables) {
        keep_one_main(tables, self.id);
        let main = tables.main_pipeline().map(|main| main.id);
        tables.sources.each_mut(|source| {
            if source.pipeline_id == self.id {
                source.pipeline_id = main.unwrap_or_default();
            }
        });
        forget_stages(tables, |(pipeline, _)| pipeline == self.id);
    }
}

impl PipelineDraft {
    /// Checks what a new pipeline must have.
    fn check_new(&self, errors: &mut Vec<FieldError>) {
        let required = [
            ("sort", self.sort.is_some()),
            ("is_main", self.is_main.is_some()),
            ("is_unsorted_on", self.is_unsorted_on.is_some()),
        ];
        errors
            .extend(required.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| FieldError::missing(name)));
        for (place, stage) in self.stages.iter().enumerate() {
            let path = format!("_embedded.statuses.{place}.");
            stage.check(None, &path, errors);
            if stage.id.is_some_and(|id| !is_closed(id)) {
                errors.push(FieldError::not_supported_choice(format!("{path}id")));
            }
        }
        let own = self.stages.iter().filter(|stage| stage.id.is_none()).count();
        if own > MOST_STAGES - SYSTEM_STAGES {
            errors.push(FieldError::too_many("_embedded.statuses", MOST_STAGES - SYSTEM_STAGES));
        }
    }
}

impl Pipeline {
    /// Gives a new pipeline its stages.
    fn found_stages(&mut self, drafts: Vec<StageDraft>, tables: &mut Tables, context: &Context<'_>) {
        self.stages = Self::system_stages(self.id, tables.next_stage_id());
        let (named, mut own): (Vec<_>, Vec<_>) = drafts.into_iter().partition(|draft| draft.id.is_some());
        for StageDraft { id, name, .. } in named {
            let mut stages = self.stages.iter_mut();
            if let (Some(stage), Some(name)) = (stages.find(|stage| Some(stage.id) == id), name) {
                stage.name = name;
            }
        }
        if own.is_empty() {
            own.push(StageDraft { name: Some(FIRST_STAGE.to_owned()), ..StageDraft::default() });
        }
        for draft in own {
            let id = tables.next_stage_id();
            self.stages.push(draft.found(id, self.id, &mut tables.last_description_id, context.now));
        }
    }
}

/// Makes a pipeline the main one if none is: the first, but rather another than `last_choice`.
fn keep_one_main(tables: &mut Tables, last_choice: u64) {
    let place = |pipeline: &&Pipeline| (!pipeline.is_main, pipeline.id == last_choice, pipeline.sort, pipeline.id);
    let main = tables.pipelines.iter().min_by_key(place).map(|main| main.id);
    if let Some(main) = main {
        tables.pipelines.change(main, |main| (main.is_main, main.sort) = (true, SORT_OF_MAIN));
    }
}
