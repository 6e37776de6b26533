//! The user of a request, as a handler's parameter.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use amo_connect_domain::ids::UserId;

use crate::concurrency_limit::InFlight;
use crate::error::ApiError;
use crate::state::AppState;

/// What an extractor gives, when the token's key is known.
type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// The user of this request. As a handler's parameter it makes the JWT a condition, and counts the request: against
/// the rate of its address, before anything of it is looked at, and against the user's own.
///
/// The request is under way until this is dropped, so it goes into the task that works for it.
#[derive(Debug)]
pub struct Caller {
    user: UserId,
    _under_way: Option<InFlight<UserId>>,
}

impl Deref for Caller {
    type Target = UserId;

    fn deref(&self) -> &UserId {
        &self.user
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = request.app_data::<Data<AppState>>().ok_or(ApiError::Internal(None))?;
            state.limits.check_address(&request)?;
            let user = identify(&request).await?;
            let under_way = state.limits.begin(&user)?;
            Ok(Self { user, _under_way: under_way })
        })
    }
}

async fn identify(request: &HttpRequest) -> Result<UserId, ApiError> {
    let state = request.app_data::<Data<AppState>>().ok_or(ApiError::Internal(None))?;
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().ok_or(ApiError::Unauthorized("there is none"))?;
    // What stands before the service may have gone by the other one.
    if headers.next().is_some() {
        return Err(ApiError::Unauthorized("there is more than one"));
    }
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(ApiError::Unauthorized("the header is not `Authorization: Bearer …`"))?;
    let user = state.verifier.user(token).await?;
    // For the request's line in the log.
    request.extensions_mut().insert(user.clone());
    Ok(user)
}
