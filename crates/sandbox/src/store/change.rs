//! What can be asked of a store, by whom, and what comes of it.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    Action, CompanyDraft, ComplexDraft, ContactDraft, Entity, EntityChange, LeadDraft, LinkChange, NoteChange,
    SettingsChange, Tables, TagChange, TaskChange, UnsortedChange,
};
use crate::{Switches, UserId};

/// A change of one entity. Each kind has its own changes, and a variant here.
pub(crate) enum Change {
    Lead(EntityChange<LeadDraft>),
    Contact(EntityChange<ContactDraft>),
    Company(EntityChange<CompanyDraft>),
    /// Adds a lead with its contact and its company.
    Complex(Box<ComplexDraft>),
    /// Links two entities, or ends their link.
    Link(LinkChange),
    Tag(TagChange),
    /// Adds an unsorted lead, or decides about it.
    Unsorted(UnsortedChange),
    Settings(SettingsChange),
    Note(NoteChange),
    Task(TaskChange),
}

impl Change {
    /// Checks the change and says how it is made.
    pub(super) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        match self {
            Self::Lead(change) => change.plan(tables, context),
            Self::Contact(change) => change.plan(tables, context),
            Self::Company(change) => change.plan(tables, context),
            Self::Complex(draft) => draft.plan(tables, context),
            Self::Link(change) => change.plan(tables, context),
            Self::Tag(change) => change.plan(tables),
            Self::Unsorted(change) => change.plan(tables, context),
            Self::Settings(change) => change.plan(tables, context),
            Self::Note(change) => change.plan(tables, context),
            Self::Task(change) => change.plan(tables, context),
        }
    }
}

/// Who changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    /// 0 is a robot.
    pub(crate) user: UserId,
    /// With all rights of the account, whatever the user may.
    pub(crate) is_full: bool,
    /// The integration it came through; `None` for somebody in the UI.
    pub(crate) client_id: Option<String>,
}

/// What a commit needs to know besides its changes.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) author: &'a Author,
    /// Seconds since 1970.
    pub(crate) now: u64,
    pub(crate) switches: &'a Switches,
}

/// A member of a request that may also be `null`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Nullable<T> {
    #[default]
    Absent,
    Null,
    Is(T),
}

impl<T> Nullable<T> {
    /// Makes `member` what the request says, if it says so.
    pub(super) fn put(self, member: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *member = None,
            Self::Is(value) => *member = Some(value),
        }
    }
}

impl Context<'_> {
    /// The entity with this id, if it is there and the author may do this with it.
    pub(super) fn find<'t, E: Entity>(&self, action: Action, id: u64, tables: &'t Tables) -> Result<&'t E, Refusal> {
        let entity = E::table(tables).live(id).ok_or(Refusal::Missing)?;
        let may = tables.permissions(self.author).may(action, entity);
        if may { Ok(entity) } else { Err(Refusal::Forbidden) }
    }
}

/// What was made or changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Written {
    pub(crate) id: u64,
    pub(crate) updated_at: u64,
    /// The name, where the answer to a change has it.
    #[serde(skip)]
    pub(crate) name: Option<String>,
    /// The contact of a lead that was added with it.
    #[serde(skip)]
    pub(crate) contact_id: Option<u64>,
    /// The company of a lead that was added with it.
    #[serde(skip)]
    pub(crate) company_id: Option<u64>,
    /// The number of an unsorted lead.
    #[serde(skip)]
    pub(crate) unsorted_id: Option<u64>,
}

/// A member of a request that cannot be as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    pub(crate) code: &'static str,
    /// Where it is, relative to the item: `custom_fields_values.0.field_id`.
    pub(crate) path: String,
    pub(crate) detail: Cow<'static, str>,
}

impl FieldError {
    /// A number that stands for nothing in this account, or a value that is none of the choices.
    pub(crate) fn not_supported_choice(path: impl Into<String>) -> Self {
        let detail = "The value you selected is not a valid choice.".into();
        Self { code: "NotSupportedChoice", path: path.into(), detail }
    }

    /// `wanted` is a type of PHP's, as `int`.
    pub(crate) fn invalid_type(path: impl Into<String>, wanted: &str) -> Self {
        let detail = format!("This value should be of type {wanted}.").into();
        Self { code: "InvalidType", path: path.into(), detail }
    }

    /// A number below 0.
    pub(crate) fn negative(path: impl Into<String>) -> Self {
        Self { code: "TooLow", path: path.into(), detail: "This value should be greater than or equal to 0.".into() }
    }

    pub(crate) fn blank(path: impl Into<String>) -> Self {
        Self { code: "IsBlank", path: path.into(), detail: "This value should not be blank.".into() }
    }

    /// A list with more than `most` entries.
    pub(crate) fn too_many(path: impl Into<String>, most: usize) -> Self {
        let elements = if most == 1 { "element" } else { "elements" };
        let detail = format!("This collection should contain {most} {elements} or less.").into();
        Self { code: "TooMany", path: path.into(), detail }
    }

    /// A text of more than `most` characters.
    pub(crate) fn too_long(path: impl Into<String>, most: usize) -> Self {
        let detail = format!("This value is too long. It should have {most} characters or less.").into();
        Self { code: "TooLong", path: path.into(), detail }
    }

    /// A member that is not known, where such are refused.
    pub(crate) fn extra(path: impl Into<String>) -> Self {
        Self { code: "ExtraField", path: path.into(), detail: "This field was not expected.".into() }
    }

    pub(crate) fn missing(path: impl Into<String>) -> Self {
        Self { code: "FieldMissing", path: path.into(), detail: "This field is missing.".into() }
    }

    /// A value that another row has, though no two may.
    pub(crate) fn not_unique(path: impl Into<String>) -> Self {
        Self { code: "NotUnique", path: path.into(), detail: "This value is already used.".into() }
    }

    pub(crate) fn invalid_email(path: impl Into<String>) -> Self {
        let detail = "This value is not a valid email address.".into();
        Self { code: "InvalidFormat", path: path.into(), detail }
    }

    /// Checks the member `name`, which only something that is there may lack.
    pub(super) fn check_name(name: Option<&str>, is_there: bool, errors: &mut Vec<Self>) {
        match name.map(str::trim) {
            None if !is_there => errors.push(Self::missing("name")),
            Some("") => errors.push(Self::blank("name")),
            _ => {}
        }
    }
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Invalid(Vec<FieldError>),
    /// There is no such entity.
    Missing,
    /// The author may not.
    Forbidden,
    /// Only administrators may.
    NotAdministrator,
}

impl Refusal {
    /// The refusal of a single value that is none of the choices.
    pub(super) fn not_supported(path: &str) -> Self {
        Self::Invalid(vec![FieldError::not_supported_choice(path)])
    }

    /// The refusal that these errors are, if there are any.
    pub(super) fn of(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::Invalid(errors)) }
    }
}

/// The changes of a commit that cannot be made, each by its place. None of the commit was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected(pub(crate) Vec<(usize, Refusal)>);

/// A change that was checked and can no longer fail.
pub(super) type Plan = Box<dyn FnOnce(&mut Tables, &Context<'_>) -> Written>;
