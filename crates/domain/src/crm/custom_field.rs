//! Custom fields: what an account keeps of a lead beside the members that every lead has.

use serde_json::Value;

/// A custom field of a lead that has a value.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomField {
    /// The field's number.
    pub id: u64,
    /// Its name.
    pub name: Option<String>,
    /// The code by which programs know it, where it has one.
    pub code: Option<String>,
    /// Its type, in the CRM's word.
    pub kind: Option<String>,
    /// Its values; a choice of several has several.
    pub values: Vec<CustomValue>,
}

/// A value of a custom field.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomValue {
    /// As the CRM has it: a text, a number, a flag or an object.
    pub value: Value,
    /// The number of the choice, where the field is one.
    pub choice: Option<u64>,
    /// The choice's code, where it has one.
    pub choice_code: Option<String>,
}
