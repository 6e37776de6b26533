//! amoCRM's answers. The bodies of refusals are its own (`amocrm-protocol.md`, section 2).

use amo_connect_domain::token::Issued;
use serde_json::{Value, json};

use super::{entities, refusals, written};
use crate::fake::{Asked, Reply};
use crate::wire::Words;

pub(super) fn answer(asked: &Asked, reply: &Reply) -> Option<Words> {
    let ok = |body: &Value| Words::json(200, body);
    let refused = |status, hint: &str| refusal(status, Some(hint));
    Some(match reply {
        Reply::Issues(issued) => ok(&pair(issued, &issued.expires_in.as_secs().into())),
        Reply::IssuesWithQuotedLife(issued) => ok(&pair(issued, &issued.expires_in.as_secs().to_string().into())),
        Reply::Located(host) => ok(&json!({"id": 1, "subdomain": "example", "domain": host.as_str()})),
        Reply::AccountCard(account) => ok(&entities::account(account)),
        Reply::Users(page) => ok(&entities::users(page)),
        Reply::Leads(page) => ok(&entities::leads(page.leads.iter().map(entities::lead), page.has_more)),
        Reply::LeadDetails(details) => ok(&entities::details(details)),
        Reply::DeletedLead(lead) if matches!(asked, Asked::Leads { .. }) => {
            ok(&entities::leads([entities::deleted(lead)], false))
        }
        Reply::DeletedLead(lead) => ok(&entities::deleted(lead)),
        Reply::Notes(page) => ok(&entities::notes(page)),
        Reply::Tasks(page) => ok(&entities::tasks(page)),
        Reply::Events(page) => ok(&entities::events(page)),
        Reply::Note(note) => ok(&entities::note(note)),
        Reply::Task(task) => ok(&entities::task(task)),
        Reply::Contacts(contacts) => ok(&entities::contacts(contacts)),
        Reply::Pipelines(pipelines) => ok(&entities::pipelines(pipelines)),
        Reply::Made(object) => ok(&written::made(asked.write()?, *object)),
        Reply::Changed => ok(&written::changed(asked.write()?)),

        Reply::CodeUsed => refused(400, "Authorization code has been revoked"),
        Reply::CodeExpired => refused(400, "Authorization code has expired"),
        Reply::CodeUnreadable => refused(400, "Cannot decrypt the authorization code"),
        Reply::CodeOfAnotherAccount => refused(400, "Invalid account"),
        Reply::GrantRevoked => refused(401, "Token has been revoked"),
        Reply::GrantExpired => refused(401, "Token has expired"),
        Reply::GrantUnreadable => refused(401, "Cannot decrypt the refresh token"),
        Reply::GrantInvalid => refused(400, "Invalid refresh token"),
        Reply::ClientRefused => refusal(401, None),
        Reply::ClientIdMissing => refused(400, "Check the `client_id` parameter"),
        Reply::RedirectUriUnknown => refused(400, "Redirect URI is not associated with client"),
        Reply::TokenOfAnotherClient => refused(401, "Token is not linked to client"),
        Reply::HostOfNoAccount => refused(400, "Send request to account"),
        Reply::OddRefusal => refused(400, "The moon is in the wrong phase"),

        Reply::AccessRefused => problem(401, "Unauthorized"),
        Reply::Forbidden => problem(403, "Forbidden"),
        Reply::PaymentRequired => problem(402, "Payment Required"),
        Reply::NotFound => problem(404, "Not Found"),
        Reply::Refuses(field) => of_kind_problem(400, &refusals::of_field(asked.write()?, *field)),
        Reply::TargetMissing => match refusals::of_target(asked.write()?) {
            Some(body) => of_kind_problem(400, &body),
            None => problem(404, "Not Found"),
        },
        Reply::Incomplete => ok(&incomplete(asked)),
        _ => return None,
    })
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
    } else if asked.write().is_some_and(|write| write.kind().makes().is_none()) {
        // An object would do: amoCRM has more than one way to say that something is changed.
        json!(["a change of something"])
    } else {
        json!({"_links": {"self": {"href": "http://amo/"}}})
    }
}

fn refusal(status: u16, hint: Option<&str>) -> Words {
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
    of_kind_problem(status, &body)
}

fn problem(status: u16, title: &str) -> Words {
    let kind = format!("https://httpstatus.es/{status}");
    let body = json!({"title": title, "type": kind, "status": status, "detail": "No secret is worth more"});
    of_kind_problem(status, &body)
}

fn of_kind_problem(status: u16, body: &Value) -> Words {
    Words { kind: "application/problem+json", ..Words::json(status, body) }
}
