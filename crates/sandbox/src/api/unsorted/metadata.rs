//! The metadata of unsorted leads: what each category has, and of which type it is.

use serde_json::{Map, Value};

use crate::{api::members::Members, store::Category};

/// What a member of the metadata must be.
#[derive(Clone, Copy)]
enum Type {
    Text,
    /// A name or a number.
    Either,
    Int,
    Flag,
    /// Nobody writes it through the API.
    Any,
}

/// The members of each category that are read.
const fn of(category: Category) -> &'static [(&'static str, Type)] {
    match category {
        Category::Sip => &[
            ("from", Type::Either),
            ("phone", Type::Either),
            ("called_at", Type::Int),
            ("duration", Type::Int),
            ("link", Type::Text),
            ("service_code", Type::Text),
            ("uniq", Type::Text),
            ("call_responsible", Type::Either),
        ],
        Category::Mail => &[
            ("from", Type::Any),
            ("received_at", Type::Any),
            ("subject", Type::Any),
            ("thread_id", Type::Any),
            ("message_id", Type::Any),
            ("content_summary", Type::Any),
        ],
        Category::Forms => &[
            ("form_id", Type::Either),
            ("form_name", Type::Text),
            ("form_page", Type::Text),
            ("ip", Type::Text),
            ("form_sent_at", Type::Int),
            ("referer", Type::Text),
            ("visitor_uid", Type::Text),
            ("form_type", Type::Either),
        ],
        Category::Chats => &[
            ("from", Type::Any),
            ("to", Type::Any),
            ("received_at", Type::Any),
            ("service", Type::Any),
            ("client", Type::Any),
            ("origin", Type::Any),
            ("last_message_text", Type::Any),
            ("source_name", Type::Any),
        ],
    }
}

/// Whether the call is to be noted in the card, which is written and never read.
const NOTED: &str = "is_call_event_needed";

/// Checks the metadata of a category that comes through the API.
pub(crate) fn check(members: &mut Members<'_>, category: Category) {
    let noted = (category == Category::Sip).then_some((NOTED, Type::Flag));
    for (name, wanted) in of(category).iter().copied().chain(noted) {
        match wanted {
            Type::Text => drop(members.text(name)),
            Type::Either => drop(members.text_or_number(name)),
            Type::Int => drop(members.int(name)),
            Type::Flag => drop(members.flag(name)),
            Type::Any => members.ignore(&[name]),
        }
    }
}

/// The metadata as they are read; what was not said is null.
pub(super) fn view(category: Category, metadata: &Map<String, Value>) -> Map<String, Value> {
    let member = |&(name, _): &(&str, Type)| (name.to_owned(), metadata.get(name).cloned().unwrap_or_default());
    of(category).iter().map(member).collect()
}
