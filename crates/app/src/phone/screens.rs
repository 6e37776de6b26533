//! The views of the phone: the leads, one lead, a new lead, the tasks, what is not saved yet. The scripts fill them.

use maud::{Markup, html};

/// What the list can be narrowed to: the value that the script knows, and its name.
const FILTERS: [(&str, &str); 5] =
    [("", "All"), ("NEW", "New"), ("IN_PROGRESS", "In progress"), ("CLOSED", "Closed"), ("mine", "Mine")];

/// An input, and what it is for.
struct Field<'a> {
    id: &'a str,
    label: &'a str,
    control: Markup,
}

impl Field<'_> {
    /// The field, with a place for what is wrong with it.
    fn render(&self) -> Markup {
        html! {
            div class="field" {
                label for=(self.id) { (self.label) }
                (self.control)
                p id=(error(self.id)) class="error" hidden {}
            }
        }
    }
}

fn error(id: &str) -> String {
    format!("{id}-error")
}

/// A line of text. `kind` is its type, and which keyboard a phone shows for it.
fn line(id: &str, name: &str, label: &str, kind: &str, longest: u16) -> Markup {
    let control = html! {
        input id=(id) name=(name) type=(kind) maxlength=(longest) autocomplete="off" aria-describedby=(error(id));
    };
    Field { id, label, control }.render()
}

/// Lines of text.
fn lines(id: &str, name: &str, label: &str, is_required: bool) -> Markup {
    let control = html! {
        textarea id=(id) name=(name) rows="3" maxlength="4000" required[is_required] aria-describedby=(error(id)) {}
    };
    Field { id, label, control }.render()
}

/// A choice of stages, which the script fills.
fn stages(id: &str, label: &str) -> Markup {
    let control = html! { select id=(id) name="stageId" aria-describedby=(error(id)) {} };
    Field { id, label, control }.render()
}

/// What ends a form: its button, and what becomes of it.
fn send(text: &str) -> Markup {
    html! {
        button type="submit" { (text) }
        p class="told" role="status" {}
    }
}

fn way_back() -> Markup {
    html! { a class="up" href="#/" { "All leads" } }
}

/// A list with its heading, which has the focus if what somebody was at is gone.
fn list(id: &str, heading: &str) -> Markup {
    html! {
        h3 id=(format!("{id}-title")) tabindex="-1" { (heading) }
        ul id=(id) {}
    }
}

/// The list of leads, and how it is narrowed.
pub(super) fn leads() -> Markup {
    html! {
        section id="leads" aria-labelledby="leads-title" hidden {
            h2 id="leads-title" tabindex="-1" { "Leads" }
            div class="tools" {
                a class="button quiet" href="#/new" { "New lead" }
                a class="button quiet" href="#/tasks" { "My tasks" }
                button id="refresh" type="button" class="quiet" { "Refresh" }
            }
            form id="find" role="search" autocomplete="off" {
                div class="field" {
                    label for="query" { "Search" }
                    input id="query" type="search" maxlength="255" enterkeyhint="search";
                }
                fieldset {
                    legend { "Show" }
                    @for (value, name) in FILTERS {
                        label { input type="radio" name="filter" value=(value) checked[value.is_empty()]; span { (name) } }
                    }
                }
            }
            p id="leads-status" role="status" {}
            ul id="list" {}
            button id="more" type="button" class="quiet" data-next="1" hidden { "More" }
        }
    }
}

/// One lead.
pub(super) fn lead() -> Markup {
    html! {
        section id="view-lead" aria-labelledby="lead-name" hidden {
            (way_back())
            h2 id="lead-name" tabindex="-1" { "Lead" }
            div id="lead-facts" {}
            p id="lead-status" role="status" {}
            button id="lead-renew" type="button" class="quiet" { "Refresh" }
            div id="lead-body" hidden {
                (list("contacts", "Contacts"))
                h3 { "Stage" }
                form id="stage-form" data-keeps {
                    (stages("stage", "Stage of this lead"))
                    (send("Move"))
                }
                (list("lead-tasks", "Tasks"))
                (task_form())
                (list("notes", "Notes"))
                form id="note-form" {
                    (lines("note-text", "text", "New note", true))
                    (send("Add note"))
                }
                (list("fields", "Fields"))
                (list("events", "History"))
            }
        }
    }
}

fn task_form() -> Markup {
    let till = html! {
        input id="task-till" name="completeTill" type="datetime-local" required aria-describedby=(error("task-till"));
    };
    let kind = html! {
        select id="task-kind" name="typeId" aria-describedby=(error("task-kind")) {
            option value="1" { "Call" }
            option value="2" { "Meeting" }
        }
    };
    html! {
        form id="task-form" {
            (lines("task-text", "text", "New task", true))
            (Field { id: "task-till", label: "Due", control: till }.render())
            (Field { id: "task-kind", label: "Kind", control: kind }.render())
            (send("Add task"))
        }
    }
}

/// The form for a new lead.
pub(super) fn new_lead() -> Markup {
    html! {
        section id="view-new" aria-labelledby="new-title" hidden {
            (way_back())
            h2 id="new-title" tabindex="-1" { "New lead" }
            p { "Say what it is about, or who the guest is. The rest can wait." }
            form id="new-form" {
                (line("new-name", "name", "What it is about", "text", 255))
                (line("new-guest", "guestName", "Guest’s name", "text", 255))
                (line("new-phone", "guestPhone", "Guest’s phone", "tel", 64))
                (line("new-email", "guestEmail", "Guest’s e-mail", "email", 254))
                (line("new-price", "price", "Price", "text", 20))
                (stages("new-stage", "Stage"))
                (line("new-tags", "tags", "Tags, by comma", "text", 255))
                (lines("new-comment", "comment", "Comment", false))
                (send("Save lead"))
            }
        }
    }
}

/// The user's open tasks of all leads.
pub(super) fn tasks() -> Markup {
    html! {
        section id="view-tasks" aria-labelledby="task-list-title" hidden {
            (way_back())
            h2 id="task-list-title" tabindex="-1" { "My tasks" }
            p id="tasks-status" role="status" {}
            button id="tasks-renew" type="button" class="quiet" { "Refresh" }
            ul id="task-list" {}
        }
    }
}

/// What was written and is not certainly saved.
pub(super) fn unsaved() -> Markup {
    html! {
        section id="view-unsaved" aria-labelledby="unsaved-title" hidden {
            (way_back())
            h2 id="unsaved-title" tabindex="-1" { "Not saved yet" }
            p id="unsaved-status" role="status" {}
            button id="try-now" type="button" class="quiet" hidden { "Try now" }
            ul id="unsaved-list" {}
        }
    }
}
