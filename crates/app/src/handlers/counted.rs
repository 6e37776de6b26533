//! Lists that come whole.

use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;

/// A list that comes whole.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counted<T> {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
    /// What was asked for.
    data: Vec<T>,
    /// How many are in `data`.
    count: usize,
}

impl<T> Counted<T> {
    /// One with `data`.
    pub(super) fn of(data: Vec<T>) -> Self {
        Self { success: true, count: data.len(), data }
    }
}
