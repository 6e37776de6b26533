//! What amoCRM tells of a write that it has done.

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::idempotency::WrittenObject;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::super::loose::{List, Object};
use super::super::members::{Flag, Id};
use super::super::repair::repaired;

/// What was made, of which more is told elsewhere.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Made {
    id: Id,
    merged: Flag,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Listed {
    #[serde(rename = "_embedded")]
    embedded: Object<Embedded>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Embedded {
    notes: List<Made>,
    tasks: List<Made>,
}

/// What `write` made, as the answer has it: `Some(None)` for a change. `None` if the answer makes no sense.
#[expect(clippy::option_option, reason = "nothing made, and no sense, are two answers")]
pub(super) fn made(write: &Write, body: &[u8]) -> Option<Option<WrittenObject>> {
    let list = |of: fn(Embedded) -> List<Made>| {
        let Listed { embedded } = json::<Object<Listed>>(body)?.0?;
        of(embedded.0?).0
    };
    let made = match write {
        Write::Lead(_) => json::<List<Made>>(body)?.0,
        Write::Note(_) => list(|all| all.notes),
        Write::Task(_) => list(|all| all.tasks),
        // There are two ways to say it. That it is an object is enough.
        Write::LeadChange(..) | Write::TaskChange(..) => {
            return json::<Object<IgnoredAny>>(body)?.0.map(|_| None);
        }
    };
    let first = made?.into_iter().next()?;
    Some(Some(WrittenObject { id: first.id.0?, is_new: !first.merged.0 }))
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let read = std::str::from_utf8(body).ok().and_then(|text| serde_json::from_str(text).ok());
    read.or_else(|| serde_json::from_str(&repaired(body)).ok())
}

#[cfg(test)]
mod tests {
    use amo_connect_domain::crm::write::{LeadChange, NewLead, NewNote, NewTask};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn the_number_of_what_was_made_is_where_amocrm_tells_it() {
        let lead = Write::Lead(NewLead::default());
        let note = Write::Note(NewNote { lead: 1, text: "called".to_owned() });
        let (text, complete_till) = ("call".to_owned(), Timestamp::UNIX_EPOCH);
        let task = Write::Task(NewTask { lead: 1, text, complete_till, kind: None, responsible_user: None });
        let change = Write::LeadChange(1, LeadChange::default());
        let object = |id, is_new| Some(Some(WrittenObject { id, is_new }));
        for (write, body, expected) in [
            (&lead, r#"[{"id":7,"contact_id":9,"merged":false}]"#, object(7, true)),
            (&lead, r#"[{"id":7,"merged":true},{"id":8}]"#, object(7, false)),
            (&note, r#"{"_embedded":{"notes":[{"id":7}],"tasks":[{"id":8}]}}"#, object(7, true)),
            (&task, r#"{"_embedded":{"notes":[{"id":7}],"tasks":[{"id":8}]}}"#, object(8, true)),
            (&note, "{\"_embedded\":{\"notes\":[{\"id\":7,\"text\":\"two\nlines\"}]}}", object(7, true)),
            (&change, r#"{"id":1,"updated_at":2}"#, Some(None)),
            (&change, r#"{"_embedded":{}}"#, Some(None)),
            (&change, "[]", None),
            (&lead, "[]", None),
            (&lead, r#"[{"merged":false}]"#, None),
            (&note, r#"{"_embedded":{"tasks":[{"id":8}]}}"#, None),
            (&note, "<html></html>", None),
        ] {
            assert_eq!(made(write, body.as_bytes()), expected, "{body}");
        }
    }
}
