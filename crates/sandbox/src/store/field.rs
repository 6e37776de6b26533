//! Definitions of custom fields: what there is to fill in, and of what type.

use serde::Serialize;
use serde_json::Value;

use super::{FieldError, Tables};

/// How the values of a type are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A string; numbers are taken too and become one.
    Text,
    /// A string that is a number.
    Number,
    /// True or false.
    Flag,
    /// Seconds since 1970; text in RFC 3339 is taken too.
    Date,
    /// One of the choices.
    Choice,
    /// Some of the choices.
    Choices,
    /// Strings, each with a choice that says what kind it is.
    Labelled,
    /// An object as it is.
    Object,
    /// An object whose members take the place of `value`.
    Bare,
}

/// A type of custom fields.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldKind {
    /// Its name in `field_type`.
    pub(crate) name: &'static str,
    /// Its number in events.
    pub(crate) number: u8,
    pub(crate) shape: Shape,
}

const fn kind(name: &'static str, number: u8, shape: Shape) -> FieldKind {
    FieldKind { name, number, shape }
}

/// All types. The numbers up to 15 and of `date_time` are known from API v2, the others are not.
static KINDS: [FieldKind; 25] = [
    kind("text", 1, Shape::Text),
    kind("numeric", 2, Shape::Number),
    kind("checkbox", 3, Shape::Flag),
    kind("select", 4, Shape::Choice),
    kind("multiselect", 5, Shape::Choices),
    kind("date", 6, Shape::Date),
    kind("url", 7, Shape::Text),
    kind("multitext", 8, Shape::Labelled),
    kind("textarea", 9, Shape::Text),
    kind("radiobutton", 10, Shape::Choice),
    kind("streetaddress", 11, Shape::Text),
    kind("smart_address", 13, Shape::Labelled),
    kind("birthday", 14, Shape::Date),
    kind("legal_entity", 15, Shape::Object),
    kind("items", 16, Shape::Object),
    kind("category", 18, Shape::Choice),
    kind("date_time", 19, Shape::Date),
    kind("price", 20, Shape::Number),
    kind("tracking_data", 21, Shape::Text),
    kind("linked_entity", 22, Shape::Object),
    kind("monetary", 23, Shape::Number),
    kind("chained_list", 24, Shape::Bare),
    kind("file", 25, Shape::Object),
    kind("payer", 26, Shape::Object),
    kind("supplier", 27, Shape::Object),
];

/// The types that only lists (catalogs) have.
const OF_LISTS: [&str; 6] = ["price", "category", "items", "linked_entity", "payer", "supplier"];

/// The parts of an address. Their ids are the same everywhere.
const ADDRESS: [(u64, &str); 6] =
    [(1, "address_line_1"), (2, "address_line_2"), (3, "city"), (4, "state"), (5, "zip"), (6, "country")];

impl FieldKind {
    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The type of this name that fields of leads, contacts and companies can have.
    pub(crate) fn of_cards(name: &str) -> Option<&'static Self> {
        Self::named(name).filter(|kind| !OF_LISTS.contains(&kind.name))
    }

    /// The types that fields of leads, contacts and companies can have.
    pub(crate) fn all_of_cards() -> impl Iterator<Item = &'static Self> {
        KINDS.iter().filter(|kind| !OF_LISTS.contains(&kind.name))
    }

    pub(crate) const fn text() -> &'static Self {
        let [text, ..] = &KINDS;
        text
    }

    /// Whether each field has choices of its own.
    pub(crate) fn has_choices(&self) -> bool {
        matches!(self.shape, Shape::Choice | Shape::Choices | Shape::Labelled) && self.choices_of_all().is_empty()
    }

    /// The choices that all fields of the type have.
    pub(crate) fn choices_of_all(&self) -> Vec<Choice> {
        let choice =
            |(id, name): (u64, &str)| Choice { id, value: name.to_owned(), code: Some(name.to_owned()), sort: id };
        if self.name == "smart_address" { ADDRESS.map(choice).into() } else { Vec::new() }
    }
}

/// The definition of a custom field.
#[derive(Debug, Clone)]
pub(crate) struct FieldDefinition {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) code: Option<String>,
    pub(crate) kind: &'static FieldKind,
    pub(crate) choices: Vec<Choice>,
    pub(crate) sort: u64,
    /// The number of its group.
    pub(crate) group: Option<u64>,
    /// amoCRM's own: it cannot be deleted.
    pub(crate) is_predefined: bool,
    pub(crate) is_api_only: bool,
    pub(crate) required_statuses: Vec<StageRef>,
    pub(crate) hidden_statuses: Vec<StageRef>,
    /// When a birthday is reminded of.
    pub(crate) remind: Option<String>,
    /// Of a sum of money.
    pub(crate) currency: Option<String>,
    pub(crate) tracking_callback: Option<String>,
    pub(crate) search_in: Option<String>,
    pub(crate) chained_lists: Option<Vec<Value>>,
}

/// A stage of a pipeline, by its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct StageRef {
    pub(crate) status_id: u64,
    pub(crate) pipeline_id: u64,
}

impl StageRef {
    /// Checks that there is such a stage; an error names it below `path`.
    pub(super) fn check(self, tables: &Tables, path: &str, errors: &mut Vec<FieldError>) {
        match tables.pipeline(self.pipeline_id) {
            None => errors.push(FieldError::not_supported_choice(format!("{path}.pipeline_id"))),
            Some(pipeline) if pipeline.stage(self.status_id).is_none() => {
                errors.push(FieldError::not_supported_choice(format!("{path}.status_id")));
            }
            Some(_) => {}
        }
    }
}

impl FieldDefinition {
    /// Whether its values are some of its choices.
    pub(crate) fn is_chosen(&self) -> bool {
        matches!(self.kind.shape, Shape::Choice | Shape::Choices)
    }

    pub(crate) fn new(id: u64, name: String, kind: &'static FieldKind) -> Self {
        Self {
            id,
            name,
            code: None,
            kind,
            choices: kind.choices_of_all(),
            sort: 0,
            group: None,
            is_predefined: false,
            is_api_only: false,
            required_statuses: Vec::new(),
            hidden_statuses: Vec::new(),
            remind: None,
            currency: None,
            tracking_callback: None,
            search_in: None,
            chained_lists: None,
        }
    }

    pub(crate) fn choice(&self, id: u64) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.id == id)
    }
}

/// One of the choices (amoCRM: enums) of a field.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) id: u64,
    pub(crate) value: String,
    pub(crate) code: Option<String>,
    pub(crate) sort: u64,
}
