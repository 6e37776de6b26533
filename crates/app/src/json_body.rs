//! A request's body as JSON: of up to 16 kB, said to be JSON, and all there in time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::Json;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::Value;

use crate::error::ApiError;

/// How long a body may take. One that never ends would hold up a shutdown.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The body.
#[derive(Debug)]
pub struct JsonBody(pub Value);

impl FromRequest for JsonBody {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = Json::<Value>::from_request(request, payload);
        let in_time = async move {
            match tokio::time::timeout(BODY_TIMEOUT, whole).await {
                Ok(body) => Ok(Self(body?.into_inner())),
                Err(_) => Err(ApiError::RequestTimeout.into()),
            }
        };
        in_time.boxed_local()
    }
}
