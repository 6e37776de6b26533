//! The envelope of an answer.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;

/// A success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Success<T> {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
    /// What was asked for.
    data: T,
}

impl<T> Success<T> {
    /// One with `data`.
    pub(super) fn of(data: T) -> Self {
        Self { success: true, data }
    }
}

/// A success with something to say besides.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuccessWithMessage<T> {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
    /// A sentence for people.
    message: &'static str,
    /// What was asked for.
    data: T,
}

impl<T> SuccessWithMessage<T> {
    /// One with `data`.
    pub(super) fn of(message: &'static str, data: T) -> Self {
        Self { success: true, message, data }
    }
}

/// A success that has only something to say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
    /// A sentence for people.
    message: &'static str,
}

impl Message {
    /// One that says this.
    pub(super) fn of(message: &'static str) -> Self {
        Self { success: true, message }
    }
}

/// A success that has nothing to say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
}

impl Done {
    /// The only one.
    pub(super) fn new() -> Self {
        Self { success: true }
    }
}

/// An answer about a user: nobody on the way may keep it.
pub(super) fn private(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}
