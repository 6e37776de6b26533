//! An answer as bytes. The bodies of refusals are amoCRM's own (`amocrm-protocol.md`, section 2).

use amo_connect_domain::token::Issued;
use serde_json::{Value, json};

use super::entities;
use crate::fake::{Asked, Reply};

/// What goes over the wire.
pub(super) enum Answer {
    /// These bytes, if any, and the end of the connection.
    Whole(Vec<u8>),
    /// Nothing, and the connection stays.
    Never,
    /// This head, and a body in chunks without an end.
    Endless(Vec<u8>),
}

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const BAN: &str =
    "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body><center>nginx</center></body>\r\n</html>";

impl Answer {
    pub(super) fn to(asked: &Asked, reply: &Reply) -> Self {
        let refused = |status, hint: &str| Self::Whole(refusal(status, Some(hint)));
        let plain = |status, kind, headers: &str, body: &str| Self::Whole(http(status, kind, headers, body));
        match reply {
            Reply::Issues(issued) => ok(&pair(issued, &issued.expires_in.as_secs().into())),
            Reply::IssuesWithQuotedLife(issued) => ok(&pair(issued, &issued.expires_in.as_secs().to_string().into())),
            Reply::Account(account) => ok(&json!({"id": account.0, "name": "Агенція", "subdomain": "example"})),
            Reply::Leads(page) => ok(&entities::leads(&page.leads, page.has_more)),
            Reply::Contacts(contacts) => ok(&entities::contacts(contacts)),
            Reply::Pipelines(pipelines) => ok(&entities::pipelines(pipelines)),
            Reply::Nothing => Self::Whole(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec()),

            Reply::CodeUsed => refused(400, "Authorization code has been revoked"),
            Reply::CodeExpired => refused(400, "Authorization code has expired"),
            Reply::CodeUnreadable => refused(400, "Cannot decrypt the authorization code"),
            Reply::CodeOfAnotherAccount => refused(400, "Invalid account"),
            Reply::GrantRevoked => refused(401, "Token has been revoked"),
            Reply::GrantExpired => refused(401, "Token has expired"),
            Reply::GrantUnreadable => refused(401, "Cannot decrypt the refresh token"),
            Reply::GrantInvalid => refused(400, "Invalid refresh token"),
            Reply::ClientRefused => Self::Whole(refusal(401, None)),
            Reply::ClientIdMissing => refused(400, "Check the `client_id` parameter"),
            Reply::RedirectUriUnknown => refused(400, "Redirect URI is not associated with client"),
            Reply::TokenOfAnotherClient => refused(401, "Token is not linked to client"),
            Reply::HostOfNoAccount => refused(400, "Send request to account"),
            Reply::OddRefusal => refused(400, "The moon is in the wrong phase"),

            Reply::AccessRefused => problem(401, "Unauthorized"),
            Reply::PaymentRequired => problem(402, "Payment Required"),
            Reply::NotFound => problem(404, "Not Found"),
            Reply::TooManyCalls(None) => plain(429, "text/html", "", "Too many requests"),
            Reply::TooManyCalls(Some(wait)) => {
                plain(429, "text/html", &format!("Retry-After: {}\r\n", wait.as_secs()), "Too many requests")
            }
            Reply::Banned => plain(403, "text/html", "", BAN),
            Reply::Fails(status) => plain(*status, "text/html", "", "<html>An error of ours</html>"),
            Reply::Redirects => plain(307, "text/html", "Location: /elsewhere\r\n", ""),

            Reply::Unreachable | Reply::CutBeforeTheDeed | Reply::CutAfterTheDeed => Self::Whole(Vec::new()),
            Reply::CutWithinTheAnswer => {
                let mut whole = http(200, JSON, "", &incomplete(asked).to_string());
                whole.truncate(whole.len() - 5);
                Self::Whole(whole)
            }
            Reply::Silence => Self::Never,
            Reply::Endless => Self::Endless(
                format!("HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes(),
            ),
            Reply::Garbled => plain(200, JSON, "", r#"{"token_type":"Bearer","access_token":"acc"#),
            Reply::Incomplete => ok(&incomplete(asked)),
        }
    }
}

fn pair(issued: &Issued, life: &Value) -> Value {
    json!({
        "token_type": "Bearer",
        "expires_in": life,
        "access_token": issued.access.expose(),
        "refresh_token": issued.refresh.expose(),
        "server_time": 1_795_428_000,
    })
}

/// JSON that lacks what the asker needs most.
fn incomplete(asked: &Asked) -> Value {
    if asked.is_for_tokens() {
        json!({"token_type": "Bearer", "expires_in": 86_400, "access_token": "an access token alone"})
    } else {
        json!({"_links": {"self": {"href": "http://amo/"}}})
    }
}

fn ok(body: &Value) -> Answer {
    Answer::Whole(http(200, JSON, "", &body.to_string()))
}

fn refusal(status: u16, hint: Option<&str>) -> Vec<u8> {
    let (title, detail) = match hint {
        Some(_) => ("Некорректный запрос", "В запросе отсутствует ряд параметров или параметры невалидны"),
        None => ("Некорректный клиент", "Авторизация клиента не прошла"),
    };
    let mut body = json!({
        "title": title,
        "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
        "status": status,
        "detail": detail,
    });
    if let Some(hint) = hint {
        body["hint"] = hint.into();
    }
    http(status, PROBLEM, "", &body.to_string())
}

fn problem(status: u16, title: &str) -> Answer {
    let kind = format!("https://httpstatus.es/{status}");
    let body = json!({"title": title, "type": kind, "status": status, "detail": "No secret is worth more"});
    Answer::Whole(http(status, PROBLEM, "", &body.to_string()))
}

fn http(status: u16, kind: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}Connection: \
         close\r\n\r\n{body}"
    )
    .into_bytes()
}
