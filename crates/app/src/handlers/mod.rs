//! One handler an endpoint: read the request, run the use case, write the answer.

pub mod authorize;
pub mod callback;
pub mod connection;
pub mod exchange_code;
pub mod health;
pub mod hook;
pub mod leads;
pub mod pipelines;
mod reading;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::Value;

/// An answer about a user: nobody on the way may keep it.
fn private(body: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}
