//! The bodies of the token endpoint's refusals, byte for byte.

use actix_web::{HttpResponse, http::StatusCode};
use serde::Serialize;

use crate::{DisabledGrant, GarbageRefresh, Switches, grants::Refusal};

/// amoCRM's problem document; there is never an `error` key as RFC 6749 has it.
#[derive(Serialize)]
struct Problem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    title: &'static str,
    r#type: &'static str,
    status: u16,
    detail: &'static str,
}

const TYPE: &str = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson";

/// The answer to a refused request.
pub(crate) fn answer(refusal: Refusal, switches: &Switches) -> HttpResponse {
    let (status, hint) = match refusal {
        Refusal::Client => return client(),
        Refusal::Disabled if switches.disabled_grant == DisabledGrant::Client => return client(),
        Refusal::Disabled | Refusal::RefreshSpent => (401, "Token has been revoked"),
        Refusal::RefreshExpired => (401, "Token has expired"),
        Refusal::RefreshGarbage => match switches.garbage_refresh {
            GarbageRefresh::CannotDecrypt => (401, "Cannot decrypt the refresh token"),
            GarbageRefresh::Invalid => (400, "Invalid refresh token"),
        },
        Refusal::RefreshOfAnotherClient => (401, "Token is not linked to client"),
        Refusal::CodeSpent => (400, "Authorization code has been revoked"),
        Refusal::CodeExpired => (switches.expired_code_status, "Authorization code has expired"),
        Refusal::CodeGarbage => (400, "Cannot decrypt the authorization code"),
        Refusal::CodeOfAnotherClient => (400, "Authorization code was not issued to this client"),
        Refusal::RedirectUri => (400, "Redirect URI is not associated with client"),
        Refusal::Account => (400, "Invalid account"),
        Refusal::NotAnAccountHost => (400, "Send request to account"),
        Refusal::Parameter(name) => return bad(400, &format!("Check the `{name}` parameter")),
    };
    bad(status, hint)
}

fn bad(status: u16, hint: &str) -> HttpResponse {
    write(&Problem {
        hint: Some(hint),
        title: "Некорректный запрос",
        r#type: TYPE,
        status,
        detail: "В запросе отсутствует ряд параметров или параметры невалидны",
    })
}

fn client() -> HttpResponse {
    write(&Problem {
        hint: None,
        title: "Некорректный клиент",
        r#type: TYPE,
        status: 401,
        detail: "Авторизация клиента не прошла",
    })
}

fn write(problem: &Problem<'_>) -> HttpResponse {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let body = serde_json::to_string(problem).unwrap_or_default();
    HttpResponse::build(status).content_type("application/problem+json").body(body)
}
