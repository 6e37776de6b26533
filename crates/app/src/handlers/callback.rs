//! `GET /callback`: what the CRM's redirect reaches.

use std::time::Duration;

use actix_web::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, ContentType, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use amo_connect_domain::authorization::callback::Parameters;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::AuthorizationCode;
use amo_connect_domain::usecase::{CallbackOutcome, Received};

use crate::error::{ApiError, whole_seconds};
use crate::pages::{CallbackPage, Language, Nonce, callback_page, deep_link_parameters, headers, status};
use crate::state::AppState;
use crate::telemetry::CallbackFields;

/// Answers the browser with a page on which nothing moves by itself.
#[utoipa::path(
    method(get, head),
    path = "/api/amo-crm/callback",
    operation_id = "callback",
    tag = "amoCRM",
    params(
        ("code" = Option<String>, Query, description = "The authorization code."),
        ("state" = Option<String>, Query, description = "The state that the browser went with."),
        ("referer" = Option<String>, Query, description = "The account host."),
        ("error" = Option<String>, Query, description = "What amoCRM says instead of a code.", example = "access_denied"),
        ("from_widget" = Option<String>, Query, description = "`1` where the integration was installed from amoCRM's marketplace."),
    ),
    responses(
        (status = 200, description = "The account is connected, or waits for the app's claim, or the person declined.", content_type = "text/html; charset=utf-8", body = String, example = "<!DOCTYPE html>…"),
        (status = 400, description = "There is no usable code, or the link has expired.", content_type = "text/html; charset=utf-8", body = String, example = "<!DOCTYPE html>…"),
        (status = 429, description = "Too many at once.", content_type = "text/html; charset=utf-8", body = String, headers(("Retry-After" = u32)), example = "<!DOCTYPE html>…"),
        (status = 502, description = "amoCRM did not answer for certain. A reload asks again.", content_type = "text/html; charset=utf-8", body = String, example = "<!DOCTYPE html>…"),
        (status = 503, description = "The database is down, and a reload tries again; or a prefetch, which gets no body.", content_type = "text/html; charset=utf-8", body = String, example = "<!DOCTYPE html>…"),
    ),
)]
pub async fn receive(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    let is_head = request.method() == Method::HEAD;
    if is_head || is_prefetch(&request) {
        let Err(refusal) = state.limits.check_address(&request) else {
            return nothing(if is_head { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE });
        };
        // In the log a flood of them is counted, as one of pages is.
        let fields = CallbackFields { outcome: CallbackOutcome::TryAgain, reference: reference() };
        request.extensions_mut().insert(fields);
        let mut refused = nothing(StatusCode::TOO_MANY_REQUESTS);
        let seconds = refusal.retry_after().unwrap_or(1);
        refused.headers_mut().insert(RETRY_AFTER, seconds.into());
        return refused;
    }
    let callback = state.use_cases.read_callback(&Parameters::parse(request.query_string()));
    let (code, link_state) = (callback.code.one().cloned(), callback.state.one().cloned());
    let known_link = || link_state.as_ref().and_then(|link_state| state.use_cases.deep_link(link_state));
    let host = state.use_cases.host_of(&callback);
    let unread = |outcome, retry_after| Received { outcome, deep_link: known_link(), retry_after };
    let Received { outcome, deep_link, retry_after } = if let Err(refusal) = state.limits.check_address(&request) {
        unread(CallbackOutcome::TryAgain, refusal.retry_after().map(Duration::from_secs))
    } else {
        let (use_cases, network) = (state.use_cases.clone(), state.limits.network(&request));
        let received = async move { Ok::<_, ApiError>(use_cases.receive_callback(callback, network).await) };
        state.run(received).await.unwrap_or_else(|refusal| {
            let outcome = match refusal {
                ApiError::Overloaded => CallbackOutcome::TryAgain,
                _ => CallbackOutcome::StorageUnavailable,
            };
            unread(outcome, refusal.retry_after().map(Duration::from_secs))
        })
    };
    let reference = reference();
    request.extensions_mut().insert(CallbackFields { outcome, reference: reference.clone() });
    let nonce = Nonce::random();
    let language = Language::negotiate(&all_values(&request, ACCEPT_LANGUAGE.as_str()));
    let parameters = deep_link_parameters(
        outcome,
        code.as_ref().map(AuthorizationCode::expose),
        link_state.as_ref(),
        host.as_ref().map(AccountHost::as_str),
    );
    let deep_link = state.deep_links.of(deep_link.as_deref()).with(&parameters);
    let page = callback_page(&CallbackPage {
        outcome,
        deep_link: &deep_link,
        language,
        nonce: nonce.as_str(),
        reference: &reference,
    });
    let mut response = HttpResponse::build(StatusCode::from_u16(status(outcome)).unwrap_or_default());
    response.content_type(ContentType::html());
    for header in headers(nonce.as_str(), language) {
        response.insert_header(header);
    }
    if outcome == CallbackOutcome::TryAgain {
        response.insert_header((RETRY_AFTER, retry_after.map_or(1, whole_seconds)));
    }
    response.body(page.into_string())
}

/// An answer that no cache keeps for the real visit.
fn nothing(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).finish()
}

/// A short id that is on the page and in the log.
fn reference() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id.chars().take(8).collect()
}

fn is_prefetch(request: &HttpRequest) -> bool {
    ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
        let value = all_values(request, name).to_ascii_lowercase();
        value.contains("prefetch") || value.contains("prerender")
    })
}

/// All lines of a list header as one.
fn all_values(request: &HttpRequest, name: &str) -> String {
    let values: Vec<_> = request.headers().get_all(name).filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}
