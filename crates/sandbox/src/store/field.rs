//! Definitions of custom fields: what there is to fill in, and of what type.

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

impl FieldKind {
    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
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
}

impl FieldDefinition {
    /// Whether its values are some of its choices.
    pub(crate) fn is_chosen(&self) -> bool {
        matches!(self.kind.shape, Shape::Choice | Shape::Choices)
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
}
