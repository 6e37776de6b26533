//! The pages a person sees: who are you, do you allow it, and what went wrong.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use url::Url;
use uuid::Uuid;

use super::form::Form;
use crate::{
    Integration,
    store::{Account, User},
};

const STYLE: &str = include_str!("pages.css");

/// Somebody who logged in.
pub(crate) struct Person<'w> {
    pub(crate) account: &'w Account,
    pub(crate) user: User,
}

/// The first page: choose who you are.
pub(crate) fn login(accounts: &[Account], integration: &Integration, form: &Form) -> HttpResponse {
    let body = html! {
        h1 { span.ru lang="ru" { "Кто вы?" } " Who are you?" }
        p { "Choose who logs in. There are no passwords here." }
        form method="get" action="/oauth" {
            (carried(form))
            @for account in accounts {
                section aria-labelledby=(format!("account-{}", account.id)) {
                    h2 id=(format!("account-{}", account.id)) { (account.name) }
                    @for user in account.store.read().users.iter().filter(|user| user.is_active) {
                        button.person type="submit" name="user" value=(user.id) {
                            span.face aria-hidden="true" { (initial(&user.name)) }
                            span.who {
                                strong { (user.name) }
                                span { (breakable(&user.email)) }
                            }
                            @if user.is_admin { span.role { "admin" } }
                        }
                    }
                }
            }
        }
    };
    page(StatusCode::OK, "Sign in", Some(integration), &body)
}

/// The second page: what the integration wants, and whether you allow it.
pub(crate) fn consent(integration: &Integration, form: &Form, person: &Person<'_>) -> HttpResponse {
    let Person { account, user } = person;
    let body = html! {
        div.ask {
            span.face.app aria-hidden="true" { (initial(&integration.name)) }
            h1 { (integration.name) " asks for access" }
        }
        p {
            "It wants to work in " strong { (account.name) } " as " strong { (user.name) } "."
        }
        h2 { "It will be able to" }
        ul.rights {
            li { "read and change leads, contacts, companies and tasks" }
            li { "read and change files" }
            li { "send notifications" }
        }
        form method="post" action="/oauth" {
            (carried(form))
            input type="hidden" name="user" value=(user.id);
            button.allow type="submit" name="decision" value="allow" { "Разрешить / Allow" }
            button.deny type="submit" name="decision" value="deny" { "Отказать / Deny" }
        }
        form method="get" action="/oauth" {
            (carried(form))
            button.back type="submit" { "Другой человек / Someone else" }
        }
    };
    page(StatusCode::OK, "Allow access?", Some(integration), &body)
}

/// Where *Deny* ends if amoCRM does not send the browser back.
pub(crate) fn denied() -> HttpResponse {
    let body = html! {
        h1 { span.ru lang="ru" { "Доступ запрещён" } " Access denied" }
        p { "The integration got no access. This page can be closed." }
    };
    page(StatusCode::OK, "Access denied", None, &body)
}

/// A request that cannot be understood; `field` is to blame.
pub(crate) fn error(status: StatusCode, field: &str, sentence: &str) -> HttpResponse {
    let body = html! {
        h1 { span.ru lang="ru" { "Ошибка" } " That did not work" }
        p { (sentence) }
        p { "Field: " code { (field) } }
    };
    page(status, "Error", None, &body)
}

/// What the next request must repeat.
fn carried(form: &Form) -> Markup {
    html! {
        @for name in ["client_id", "state", "mode"] {
            @if let Some(value) = form.get(name) {
                input type="hidden" name=(name) value=(value);
            }
        }
    }
}

/// An address that a narrow phone breaks after its `@`, and not within a word.
fn breakable(email: &str) -> Markup {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    html! { (local) @if !domain.is_empty() { "@" wbr; (domain) } }
}

fn initial(name: &str) -> String {
    name.chars().take(1).flat_map(char::to_uppercase).collect()
}

fn page(status: StatusCode, title: &str, integration: Option<&Integration>, body: &Markup) -> HttpResponse {
    let nonce = Uuid::new_v4().simple().to_string();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                title { (title) " · CRM sandbox" }
                style nonce=(nonce) { (PreEscaped(STYLE)) }
            }
            body {
                header.sandbox {
                    strong { "Sandbox" } " — this is not amoCRM. Nobody real lives here."
                }
                main { (body) }
            }
        }
    };
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy(&nonce, integration)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .body(markup.into_string())
}

/// Browsers hold the redirect after a form to `form-action` too, so it names where that leads.
fn policy(nonce: &str, integration: Option<&Integration>) -> String {
    let back = integration
        .and_then(|integration| Url::parse(&integration.redirect_uri).ok())
        .map(|url| url.origin())
        .filter(url::Origin::is_tuple)
        .map(|origin| origin.ascii_serialization())
        .unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {back}; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}
