//! Schemas that no Rust type says by itself.

use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Object, RefOr, Schema};

/// `success` of an answer.
pub(crate) fn always_true() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([true])).build()
}

/// `success` of a refusal.
pub(crate) fn always_false() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([false])).build()
}

/// One of these words, or `null`.
pub(super) fn one_of_or_null(words: &[&str]) -> RefOr<Schema> {
    let values = words.iter().copied().map(Value::from).chain([Value::Null]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(values))
        .build()
        .into()
}

/// One of these words.
pub(super) fn one_of<'a>(words: impl Iterator<Item = &'a &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.copied())).build().into()
}
