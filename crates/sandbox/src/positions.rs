//! The positions of the switches that are about data: reading, writing, rights.

use serde::{Deserialize, Serialize};

/// What becomes of members of a request that amoCRM does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownMembers {
    /// They are ignored without a word.
    #[default]
    Ignored,
    /// They are refused with 400, so that a misspelt one is found.
    Refused,
}

/// The answer to a `PATCH` of one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinglePatch {
    /// `{id,updated_at,_links}`.
    #[default]
    Bare,
    /// In the envelope of a list, as the answer to several.
    Embedded,
}

/// What becomes of a lead's price that is no whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FractionalPrice {
    /// It is refused with 400, as the documentation has it: `price` is an `int`.
    #[default]
    Refused,
    /// `price` is its whole part, and `price_with_minor_units` all of it, as the official library of
    /// 2026 reads leads.
    Taken,
}

/// The answer to a change of an entity that is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownId {
    /// 400 with `NotSupportedChoice` for `id`.
    #[default]
    Invalid,
    /// 404.
    NotFound,
}

/// What becomes of a `limit` that is larger than the list allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LargerLimit {
    /// The page has 50 entries, as if no limit were given.
    #[default]
    Usual,
    /// The page has as many as the list allows.
    Most,
    /// 422.
    Refused,
}

/// What an event says that tells of a new lead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadAddedValue {
    /// `value_after` is empty.
    #[default]
    Empty,
    /// `value_after` has `{"note":{"id"}}`, as with contacts and companies.
    Note,
}

/// What it takes to complete a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskCompletion {
    /// `is_completed` alone.
    #[default]
    Free,
    /// A result besides: 400 with `FieldMissing` for `result.text`.
    NeedsResult,
}

/// The answer to a question for a deleted lead by its id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletedLead {
    /// 204, as for one that never was.
    #[default]
    Missing,
    /// The whole lead, with `is_deleted`.
    Shown,
}

/// What becomes of `closed_at` and `loss_reason_id` when a lead is opened again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reopening {
    /// They become `null`.
    #[default]
    Forgets,
    /// They stay.
    Keeps,
}

/// The answer to an `X-Context-User-ID` that cannot be followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadContextUser {
    /// 401.
    #[default]
    Unauthorized,
    /// 403.
    Forbidden,
    /// The request runs as if the header were not there.
    Ignored,
}

/// What `custom_fields_values` is if no field has a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyCustomFields {
    /// `null`.
    #[default]
    Null,
    /// `[]`.
    List,
}

/// The order of leads, contacts, companies, notes and tasks in a list that asks for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultOrder {
    /// By id, ascending.
    #[default]
    OldestFirst,
    /// By id, descending.
    NewestFirst,
}
