//! Descriptions of a stage: what people of one level of experience read about it.

use crate::store::FieldError;

/// The levels of people; a stage has one description for each at most.
const LEVELS: [&str; 3] = ["newbie", "candidate", "master"];

/// The longest description, in characters.
const LONGEST: usize = 1000;

/// A description of a stage.
#[derive(Debug, Clone)]
pub(crate) struct StageDescription {
    pub(crate) id: u64,
    pub(crate) level: &'static str,
    pub(crate) text: String,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    /// Whether it is another one than at first.
    pub(crate) is_changed: bool,
}

/// What a request says about a description.
#[derive(Debug)]
pub(crate) struct DescriptionDraft {
    /// That of a description that is there: it is changed or, without a text, deleted. One without
    /// an id takes the place of what its level had.
    pub(crate) id: Option<u64>,
    pub(crate) level: Option<String>,
    pub(crate) text: Option<String>,
}

impl DescriptionDraft {
    fn level(&self) -> Option<&'static str> {
        LEVELS.into_iter().find(|&level| self.level.as_deref() == Some(level))
    }
}

/// Checks the descriptions of a stage that has `known`; errors are below `path`.
pub(super) fn check(drafts: &[DescriptionDraft], known: &[StageDescription], path: &str, errors: &mut Vec<FieldError>) {
    for (place, draft) in drafts.iter().enumerate() {
        let at = |member: &str| format!("{path}descriptions.{place}.{member}");
        let is_earlier = |other: &DescriptionDraft| other.level == draft.level;
        match draft.level() {
            None if draft.level.is_none() => errors.push(FieldError::missing(at("level"))),
            None => errors.push(FieldError::not_supported_choice(at("level"))),
            Some(_) if drafts[..place].iter().any(is_earlier) => errors.push(FieldError::not_unique(at("level"))),
            Some(level) => {
                let is_named = |id| known.iter().any(|one| one.id == id && one.level == level);
                if draft.id.is_some_and(|id| !is_named(id)) {
                    errors.push(FieldError::not_supported_choice(at("id")));
                }
            }
        }
        match &draft.text {
            None if draft.id.is_none() => errors.push(FieldError::missing(at("description"))),
            Some(text) if text.chars().count() > LONGEST => {
                errors.push(FieldError::too_long(at("description"), LONGEST));
            }
            _ => {}
        }
    }
}

/// Makes the descriptions say what the drafts say. `last_id` is that of the account's newest one.
pub(super) fn apply(drafts: Vec<DescriptionDraft>, known: &mut Vec<StageDescription>, last_id: &mut u64, now: u64) {
    for draft in drafts {
        let Some(level) = draft.level() else { continue };
        let was = known.iter().position(|one| one.level == level).map(|place| known.remove(place));
        let Some(text) = draft.text else { continue };
        let made = if let Some(was) = was.filter(|_| draft.id.is_some()) {
            StageDescription { text, updated_at: now, is_changed: true, ..was }
        } else {
            *last_id += 1;
            StageDescription { id: *last_id, level, text, created_at: now, updated_at: now, is_changed: false }
        };
        known.push(made);
    }
    known.sort_by_key(|one| LEVELS.iter().position(|&level| level == one.level));
}
