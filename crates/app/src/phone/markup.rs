//! The markup of the phone's pages.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::json;

use super::PhonePage;
use super::fault_scenario::FaultScenario;
use super::people::PeopleAction;
use super::screens;

const STYLES: [&str; 3] = [include_str!("phone.css"), include_str!("crm.css"), include_str!("drawer.css")];

/// What both pages have.
const SHARED: &str = include_str!("shared.js");

/// The app at home. They are one module, so each name is there once; `begin.js` begins when all of them are read.
const HOME: [&str; 17] = [
    include_str!("format.js"),
    include_str!("home.js"),
    include_str!("account.js"),
    include_str!("writes.js"),
    include_str!("forms.js"),
    include_str!("unsaved.js"),
    include_str!("views.js"),
    include_str!("leads.js"),
    include_str!("pull.js"),
    include_str!("lead_items.js"),
    include_str!("history.js"),
    include_str!("tasks.js"),
    include_str!("lead.js"),
    include_str!("lead_forms.js"),
    include_str!("new_lead.js"),
    include_str!("begin.js"),
    include_str!("drawer.js"),
];

const RETURN: [&str; 1] = [include_str!("return.js")];

/// The app at home: connect, status, disconnect, and a small CRM.
pub fn phone_page(page: &PhonePage<'_>) -> Markup {
    let screen = html! {
        p id="pull" aria-hidden="true" hidden {}
        header {
            h1 { "For You" }
            fieldset id="users" {
                legend { "Logged in as" }
                @for user in page.users {
                    label { input type="radio" name="user" value=(user.name); span { (user.name) } }
                }
            }
        }
        div id="saving" {
            p id="saving-status" role="status" {}
            a id="saving-link" href="#/unsaved" hidden { "Show" }
        }
        div id="view-leads" {
            (connection())
            (screens::leads())
        }
        (screens::lead())
        (screens::new_lead())
        (screens::tasks())
        (screens::unsaved())
    };
    document(page, "For You: the phone", &screen, &drawer(), &HOME)
}

fn connection() -> Markup {
    html! {
        section class="card" aria-labelledby="crm" {
            h2 id="crm" tabindex="-1" { "AMO CRM" }
            div id="status" role="status" {
                p id="standing" { "One moment…" }
                p id="facts" {}
                p id="note" {}
            }
            div class="actions" {
                button id="connect" type="button" hidden { "Connect AMO CRM" }
                button id="again" type="button" class="quiet" hidden { "Try again" }
                button id="disconnect" type="button" class="quiet" hidden { "Disconnect" }
                a id="continue" class="button quiet" href="" hidden { "Continue at AMO CRM" }
            }
        }
    }
}

/// The app as its deep link opens it: it checks what came in, and claims the code.
pub fn return_page(page: &PhonePage<'_>) -> Markup {
    let screen = html! {
        header { h1 { "For You" } }
        section class="card" aria-labelledby="outcome" {
            h2 id="outcome" { "Back in the app" }
            div id="status" role="status" { p id="sentence" { "One moment…" } }
            div class="actions" {
                a id="home" class="button quiet" href="/" { "Continue" }
                button id="again" type="button" hidden { "Try again" }
            }
        }
        section id="brought" aria-labelledby="link-title" {
            h2 id="link-title" { "What the deep link brought" }
            dl id="parameters" {}
        }
    };
    let back = html! { p { a id="back" href="/" { "Back to the phone and what happens at AMO CRM" } } };
    document(page, "For You: back in the app", &screen, &back, &RETURN)
}

fn document(page: &PhonePage<'_>, title: &str, screen: &Markup, below: &Markup, scripts: &[&str]) -> Markup {
    let users: Vec<_> = page.users.iter().map(|user| json!({ "name": user.name, "jwt": user.jwt })).collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style nonce=(page.nonce) { @for style in STYLES { (PreEscaped(style)) } }
            }
            body {
                main class="phone" data-users=(serde_json::Value::from(users)) {
                    noscript { p class="card" { "This phone runs on JavaScript, which is switched off in this browser." } }
                    (screen)
                }
                aside {
                    (beside(page))
                    (below)
                }
                script type="module" nonce=(page.nonce) {
                    (PreEscaped(SHARED))
                    @for script in scripts { (PreEscaped(script)) }
                }
            }
        }
    }
}

/// What stands beside the phone.
fn beside(page: &PhonePage<'_>) -> Markup {
    html! {
        section aria-labelledby="beside-title" {
            h2 id="beside-title" { "This is a sandbox" }
            p {
                "The phone is a web page, and AMO CRM is a local one: everything stays on this machine. \
                 At the login, be any of these people; there is no password."
            }
            dl class="accounts" {
                @for account in page.amo {
                    dt { (account.name) " " span { (account.leads) " leads" } }
                    @for person in &account.users { dd { (person.name) } }
                }
            }
        }
    }
}

/// What its people do and the fault scenarios, a button each, and how the service answered after the last one.
fn drawer() -> Markup {
    html! {
        details id="drawer" {
            summary { "What happens at AMO CRM" }
            div id="panel" {
                div id="told" {
                    div role="status" {
                        p id="now" { "One moment…" }
                        p id="done" {}
                    }
                    p id="seen" {}
                }
                div id="clicks" {
                    h3 id="people-title" { "Its people" }
                    ul id="people" class="clicks" aria-labelledby="people-title" {
                        @for action in PeopleAction::ALL {
                            li {
                                button id=(action.code()) type="button" class="quiet" data-action=(action.code()) aria-pressed=[action.is_toggle().then_some("false")] {
                                    (action.label()) " " small { (action.meaning()) }
                                }
                            }
                        }
                    }
                    h3 id="days-title" { "Its bad days" }
                    ul id="days" class="clicks" aria-labelledby="days-title" {
                        @for scenario in FaultScenario::ALL {
                            li {
                                button type="button" class="quiet" data-day=(scenario.code()) aria-pressed=[scenario.lasts().then_some("false")] {
                                    (scenario.label()) " " small { (scenario.meaning()) }
                                }
                            }
                        }
                    }
                    button id="look" type="button" class="quiet" { "Look again " small { "Ask the service for status and leads" } }
                }
            }
        }
    }
}
